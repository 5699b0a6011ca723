import { randomUUID } from 'node:crypto';
import { Module, StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PluginConnections } from '@sluice/plugin-api';
import type { Discussion, NewDiscussion } from '../src/contract.js';
import { ConversationsModule } from '../src/web/conversations.module.js';
import { NAME, text, TestConversations, type OpenedConversations, type TestPerson } from './open-conversations.js';

const SECRET = 'the secret of Anna';
const SCOPES = ['desktop', 'conversations', 'conversations:server'];

interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
}

/** The routes of the module over HTTP, with tokens of the fake workspace. */
async function startRoutes(test: TestConversations, { client }: OpenedConversations) {
  class Connections extends PluginConnections {
    of = () => new Map([[NAME, async () => client]]) as never;
  }
  @Module({ providers: [{ provide: PluginConnections, useClass: Connections }], exports: [PluginConnections] })
  class ConnectionsModule {}
  const routes: Route[] = [];
  const adapter = new FastifyAdapter();
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      if (url.startsWith('/api/') && one !== 'HEAD') routes.push({ method: one as Route['method'], url });
  });
  const root = { module: ConversationsModule, imports: [{ module: ConnectionsModule, global: true }] };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, { logger: false });
  app.useGlobalPipes(new StandardSchemaValidationPipe());
  await app.init();
  await adapter.getInstance().ready();
  const ask = (token: string, method: Route['method'], url: string, payload?: object) =>
    app.inject({ method, url, headers: { authorization: `Bearer ${token}` }, ...(payload && { payload }) });
  const tokenOf = ({ bearer, sub }: TestPerson) => test.workspace.issue(sub, bearer);
  return { app, routes, ask, tokenOf };
}

describe('routes and destinations of conversations', () => {
  let test: TestConversations;
  let host: OpenedConversations;
  let http: Awaited<ReturnType<typeof startRoutes>>;
  let anna: TestPerson;
  let boris: TestPerson;
  let stranger: TestPerson;
  let chat: Discussion;
  let file: string;

  beforeAll(async () => {
    test = await TestConversations.start();
    host = await test.host();
    http = await startRoutes(test, host);
    anna = await test.person(host, 'anna', 'erp', SCOPES);
    boris = await test.person(host, 'boris', 'erp', SCOPES);
    stranger = await test.person(host, 'stranger', await test.subscriber('rival'), SCOPES);
    const { discussions, messages, attachments } = host.client;
    const wanted = { kind: 'contextual', key: 'order 5', title: SECRET, members: [] } satisfies NewDiscussion;
    chat = (await discussions.open(anna, wanted)).discussion;
    await discussions.invite(anna, chat.id, [boris.person]);
    const chunks = (async function* () {
      yield Buffer.from(SECRET);
    })();
    file = (await attachments.upload(anna, { name: SECRET, type: 'text/plain', isShown: true, chunks })).id;
    const buttons = [[{ id: 'yes', text: SECRET, action: 'approve', enabled: true }]];
    await messages.post(anna, chat.id, text(SECRET, { buttons, attachments: [file] }));
    await messages.react(boris, chat.id, 1, '👍', true);
  });

  afterAll(async () => {
    await http?.app.close();
    await test?.stop();
  });

  /** Everything that the members see of the discussion. */
  const state = async () => {
    const { discussions, messages } = host.client;
    return [
      await discussions.get(anna, chat.id),
      await messages.page(anna, chat.id, { limit: 100 }),
      await discussions.get(boris, chat.id),
    ];
  };

  /** A body that the route accepts from a member. */
  const bodyOf = ({ method, url }: Route): object | undefined => {
    if (url.endsWith('/messages')) return text('of a stranger');
    if (url.endsWith('/:button')) return { clientId: randomUUID() };
    if (url.endsWith('/read') || url.endsWith('/delivered')) return { marks: [{ discussion: chat.id, seq: 1 }] };
    if (url.endsWith('/discussions')) return { kind: 'group', title: 'x', members: [boris.person] };
    if (url.endsWith('/:seq')) return { version: 1, text: 'of a stranger' };
    if (url.endsWith('/people/import')) return { people: [{ sub: 'new', name: 'New' }] };
    if (url.endsWith('/discussions/:id')) return { title: 'of a stranger' };
    return method === 'POST' || method === 'PATCH' ? {} : undefined;
  };

  it('answer a person of another subscriber as if nothing existed, on every route', async () => {
    const before = await state();
    const token = http.tokenOf(stranger);
    const leaks: string[] = [];
    const answers: string[] = [];
    for (const route of http.routes) {
      const isFile = route.url.includes('/attachments/');
      const isPerson = route.url.includes('/people/:');
      const url = route.url
        .replace(':connection', NAME)
        .replace(':id', isFile ? file : isPerson ? anna.person : chat.id)
        .replace(':seq', '1')
        .replace(':person', boris.person)
        .replace(':button', 'yes')
        .replace(':emoji', encodeURIComponent('👍'));
      const query = route.url.endsWith('/search') ? '?text=secret' : '';
      const { statusCode, body } = await http.ask(
        token,
        route.method,
        url + query,
        route.method === 'GET' ? undefined : bodyOf(route),
      );
      if (body.includes(SECRET) || (!isPerson && body.includes(anna.person))) leaks.push(`${route.method} ${route.url}: ${body}`);
      answers.push(`${statusCode < 300 && /:(?!connection)/.test(route.url) ? 'ALLOWED ' : ''}${route.method} ${route.url}`);
    }
    expect(leaks).toEqual([]);
    expect(answers.filter((answer) => answer.startsWith('ALLOWED'))).toEqual([]);
    expect(http.routes.length).toBeGreaterThan(20);
    expect(await state()).toEqual(before);
  });

  it('create a discussion of its own for the key of another subscriber', async () => {
    const { body } = await http.ask(http.tokenOf(stranger), 'POST', `/api/conversations/${NAME}/discussions`, {
      kind: 'contextual',
      key: 'order 5',
      title: 'Mine',
    });
    expect(JSON.parse(body)).toMatchObject({ created: true, discussion: { title: 'Mine', lastSeq: 0 } });
  });

  it('refuse frames with ids of another subscriber', async () => {
    const before = await state();
    const send = (word: string, data: object) =>
      stranger.desktop.send(`/conversations/${NAME}/${word}`, data, { id: randomUUID() });
    await expect(send('post', { discussion: chat.id, text: 'x' })).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
    for (const word of ['read', 'delivered']) await send(word, { marks: [{ discussion: chat.id, seq: 1 }] });
    await send('typing', { discussion: chat.id });
    await expect(stranger.desktop.subscribe(host.client.feed.destinationOf(anna.person))).rejects.toMatchObject({
      code: 'GATEWAY_DESTINATION_FORBIDDEN',
    });
    expect(await state()).toEqual(before);
    expect(anna.live('conversations.typing')).toEqual([]);
  });

  it('refuse tokens without the scope, also those of operators', async () => {
    for (const scopes of [['desktop'], ['admin']]) {
      const token = test.workspace.issue('operator', { scopes });
      const { statusCode } = await http.ask(token, 'GET', `/api/conversations/${NAME}/discussions/${chat.id}`);
      expect(statusCode).toBe(403);
    }
    expect((await http.ask('nonsense', 'GET', `/api/conversations/${NAME}/unread`)).statusCode).toBe(401);
  });

  it('take a post, list it and read it', async () => {
    const token = http.tokenOf(anna);
    const base = `/api/conversations/${NAME}/discussions/${chat.id}/messages`;
    const posted = await http.ask(token, 'POST', base, { clientId: 'c-1', text: 'over HTTP' });
    expect(posted.statusCode).toBe(200);
    const { message } = JSON.parse(posted.body) as { message: { seq: number } };
    const page = await http.ask(token, 'GET', `${base}?after=${message.seq - 1}`);
    expect(JSON.parse(page.body)).toMatchObject({ messages: [{ text: 'over HTTP' }], hasMore: false });
    expect((await http.ask(token, 'POST', base, { clientId: 'c-1', text: 'over HTTP' })).body).toContain('"repeated":true');
    const list = await http.ask(token, 'GET', `/api/conversations/${NAME}/discussions?limit=1`);
    expect(JSON.parse(list.body)).toMatchObject({ discussions: [{ id: chat.id, lastMessage: { text: 'over HTTP' } }] });
  });

  it('refuse a text of 1 MB, unknown keys, two directions and what is no emoji', async () => {
    const token = http.tokenOf(anna);
    const base = `/api/conversations/${NAME}/discussions/${chat.id}/messages`;
    const statuses = await Promise.all([
      http.ask(token, 'POST', base, { clientId: 'large', text: 'x'.repeat(1_000_000) }),
      http.ask(token, 'POST', base, { clientId: 'nul', text: 'a\0b' }),
      http.ask(token, 'POST', base, { clientId: 'key', text: 'x', author: boris.person }),
      http.ask(token, 'POST', base, {
        clientId: 'link',
        text: 'x',
        spans: [{ kind: 'link', from: 0, to: 1, url: 'javascript:alert(1)' }],
      }),
      http.ask(token, 'GET', `${base}?after=1&before=2`),
      http.ask(token, 'PUT', `${base}/1/reactions/${encodeURIComponent('<b>')}`),
      http.ask(token, 'GET', `/api/conversations/${NAME}/discussions/5`),
    ]);
    expect(statuses.map(({ statusCode }) => [413, 400].includes(statusCode))).toEqual(statuses.map(() => true));
    const missing = await http.ask(token, 'GET', `/api/conversations/nowhere/discussions/${chat.id}`);
    expect(missing.statusCode).toBe(404);
  });
});
