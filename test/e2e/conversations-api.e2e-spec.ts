import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPostgres, type PostgresServer } from '@sluice/testing';
import { SMTPServer } from 'smtp-server';
import { ask, post, type Answer } from '../support/api.js';
import { sluice, sluiceJson } from '../support/cli.js';
import { Line } from '../support/desktop.js';
import { startGateways, type Gateways } from '../support/gateways.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const BURST = 40;

const workspaceOf = (smtpPort: number) => `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway', '@sluice/plugin-conversations']
connections:
  desktops: { use: tcp-gateway }
  talks:
    use: conversations
    with:
      registration: { smtp: 'smtp://127.0.0.1:${smtpPort}', from: sluice@firma.ru }
      limits: { person: { postsPerSecond: 1, burst: ${BURST} } }
`;

interface Key {
  readonly application: string;
  readonly issuer: string;
  readonly key: string;
}

interface Person {
  readonly token: string;
  readonly id: string;
  readonly feed: string;
}

interface Message {
  readonly seq: number;
  readonly text: string;
}

const coded = (status: number, code: string) => ({ status, body: expect.objectContaining({ code }) });
const MISSING = coded(404, 'CONVERSATIONS_MISSING');

/** A mail server that keeps the mails. */
async function startMail() {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    mails,
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

describe('the API of conversations over two hosts', () => {
  let mail: Awaited<ReturnType<typeof startMail>>;
  let postgres: PostgresServer;
  let gateways: Gateways;
  let shop: Key;
  let rivalKey: Key;
  let anna: Person;
  let boris: Person;
  let server: string;
  let rival: Person;
  let rivalServer: string;
  let operator: string;
  let discussion: string;

  const host = (n: number) => gateways.hosts[n]?.url ?? '';
  const api = (path: string, n = 0) => `${host(n)}/api/conversations/talks${path}`;
  const get = (token: string, path: string, n = 0) => ask(api(path, n), { token });
  const send = (token: string, method: string, path: string, body: object = {}) => post(api(path), body, { token, method });
  const tokenOf = ({ issuer, key }: Key, sub: string, scope = 'conversations desktop') =>
    signToken({ kid: issuer, secret: key, sub, scope });

  async function personOf(key: Key, sub: string): Promise<Person> {
    const token = await tokenOf(key, sub);
    const { status, body } = await get(token, '/me');
    expect({ status, body }).toMatchObject({ status: 200 });
    const { person, feed } = body as { person: { id: string }; feed: string };
    return { token, id: person.id, feed };
  }

  const say = (token: string, text: string, n = 0) =>
    post(api(`/discussions/${discussion}/messages`, n), { clientId: randomUUID(), text }, { token });

  beforeAll(async () => {
    mail = await startMail();
    postgres = await startPostgres();
    gateways = await startGateways({ 'sluice.yaml': workspaceOf(mail.port) }, { SLUICE_DATABASE_URL: postgres.url });
    operator = await signToken({ sub: 'operator', scope: 'admin' });
    shop = await sluiceJson<Key>(host(0), 'applications', 'add', 'Интернет-магазин');
    anna = await personOf(shop, 'anna');
    boris = await personOf(shop, 'boris');
    server = await tokenOf(shop, 'server', 'conversations:server');
    const opened = await send(anna.token, 'POST', '/discussions', { kind: 'group', title: 'Склад', members: [boris.id] });
    expect(opened.status).toBe(200);
    discussion = (opened.body as { discussion: { id: string } }).discussion.id;
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await gateways?.close();
    await postgres?.stop();
    await mail?.close();
  }, START_TIMEOUT_MS);

  it('registers an organisation with a code by mail, once, and accepts its tokens on the other host', async () => {
    const wanted = { email: 'boss@romashka.ru', title: 'ООО «Ромашка»', application: 'УТ 11' };
    const requested = await post(api('/registrations'), wanted, { token: null });
    expect(requested).toMatchObject({ status: 202, body: { id: expect.any(String) } });
    const confirm = (code: string) =>
      post(api(`/registrations/${(requested.body as { id: string }).id}/confirm`, 1), { code }, { token: null });
    const code = await until('the mail', () => /Code: (\d{8})/.exec(mail.mails.at(-1) ?? '')?.[1]);
    expect(await confirm(code === '00000000' ? '00000001' : '00000000')).toMatchObject(coded(403, 'CONVERSATIONS_REGISTRATION'));
    const confirmed = await confirm(code);
    expect(confirmed).toMatchObject({ status: 200, body: { issuer: expect.stringMatching(/^app-/), key: expect.any(String) } });
    rivalKey = confirmed.body as Key;
    expect(await confirm(code)).toMatchObject(coded(403, 'CONVERSATIONS_REGISTRATION'));
    const token = await tokenOf(rivalKey, 'director');
    await until('both hosts to accept the key', async () =>
      (await Promise.all([0, 1].map(async (n) => (await get(token, '/me', n)).status))).every((status) => status === 200),
    );
    rival = await personOf(rivalKey, 'director');
    rivalServer = await tokenOf(rivalKey, 'server', 'conversations:server');
  });

  it('imports, finds, changes, exports and erases people', async () => {
    const people = [
      { sub: 'sidorov', name: 'Сидоров Пётр', phone: '+7 (495) 123-45-67', email: 'sidorov@firma.ru' },
      { sub: 'vera', name: 'Ве\u202Eра' },
    ];
    expect(await send(anna.token, 'POST', '/people/import', { people })).toMatchObject(coded(403, 'CONVERSATIONS_FORBIDDEN'));
    expect(await send(server, 'POST', '/people/import', { people })).toMatchObject({
      status: 200,
      body: { created: 2, cleaned: [{ sub: 'vera', name: 'Вера', removedCharacters: ['U+202E'] }] },
    });
    const found = async (search: string) =>
      (
        (await get(anna.token, `/people?search=${encodeURIComponent(search)}`, 1)).body as {
          people: { id: string; sub: string }[];
        }
      ).people;
    for (const search of ['петр', 'сид', '4951234567', 'sidorov@']) {
      const subs = (await found(search)).map(({ sub }) => sub);
      expect({ search, subs }).toEqual({ search, subs: ['sidorov'] });
    }
    const changed = await send(anna.token, 'PATCH', '/me', { name: 'Анна Ким', phone: '84950000000' });
    expect(changed).toMatchObject({ status: 200, body: { name: 'Анна Ким' } });
    const exported = await get(anna.token, `/people/${anna.id}/export`);
    expect(exported.status).toBe(200);
    expect(exported.headers.get('content-type')).toContain('application/x-ndjson');
    expect(String(exported.body)).toContain('Анна Ким');
    expect(await get(boris.token, `/people/${anna.id}/export`)).toMatchObject(MISSING);
    const [vera] = await found('вера');
    expect((await send(server, 'DELETE', `/people/${vera?.id}`)).status).toBe(204);
    expect(await found('вера')).toEqual([]);
    expect(await get(anna.token, `/people/${vera?.id}`)).toMatchObject({ status: 200, body: { name: '' } });
  });

  it('finds a form, a part and a misspelling of a word that was posted on the other host', async () => {
    const { body } = await say(anna.token, 'Подписанные накладные привезёт курьер', 1);
    const { seq } = (body as { message: Message }).message;
    for (const text of ['накладная', 'кладн', 'накладнье', 'привезет']) {
      const hits = await get(boris.token, `/search?text=${encodeURIComponent(text)}`);
      expect({ text, hits: hits.body }).toMatchObject({ text, hits: { hits: [{ message: { seq }, title: 'Склад' }] } });
    }
    expect((await get(boris.token, '/search?text=')).status).toBe(400);
  });

  it('shows nothing to another subscriber, by any id', async () => {
    const { body } = await say(anna.token, 'секрет');
    const { seq } = (body as { message: Message }).message;
    const chat = `/discussions/${discussion}`;
    const routes: readonly (readonly [method: string, path: string, body?: object])[] = [
      ['GET', `/people/${anna.id}`],
      ['GET', `/people/${anna.id}/export`],
      ['GET', chat],
      ['PATCH', chat, { title: 'чужой' }],
      ['GET', `${chat}/members`],
      ['PUT', `${chat}/members/${rival.id}`],
      ['DELETE', `${chat}/members/${boris.id}`],
      ['GET', `${chat}/messages`],
      ['POST', `${chat}/messages`, { clientId: 'x', text: 'x' }],
      ['GET', `${chat}/messages/${seq}`],
      ['PATCH', `${chat}/messages/${seq}`, { version: 1, text: 'x' }],
      ['DELETE', `${chat}/messages/${seq}`],
      ['GET', `${chat}/messages/${seq}/history`],
    ];
    const askAs = (token: string, method: string, path: string, data?: object): Promise<Answer> =>
      method === 'GET' ? get(token, path) : send(token, method, path, data);
    for (const token of [rival.token, rivalServer])
      for (const [method, path, data] of routes) {
        const { status, body: problem } = await askAs(token, method, path, data);
        expect({ method, path, status, problem }).toMatchObject({
          status: 404,
          problem: { code: 'CONVERSATIONS_MISSING' },
        });
      }
    for (const path of [`/people/${anna.id}/lock`, `/people/${anna.id}`])
      expect(await send(rivalServer, path.endsWith('lock') ? 'PUT' : 'DELETE', path)).toMatchObject(MISSING);
    // a member of another subscriber does not exist, and a search finds nothing
    expect(await send(rival.token, 'POST', '/discussions', { kind: 'direct', members: [anna.id] })).toMatchObject(MISSING);
    const search = await get(rival.token, `/search?text=${encodeURIComponent('секрет')}&discussion=${discussion}`);
    expect(search).toMatchObject({ status: 200, body: { hits: [] } });
    const directory = (await get(rival.token, '/people?limit=100')).body as { people: { id: string }[] };
    expect(directory.people.map(({ id }) => id)).not.toContain(anna.id);
    // the same requests of a member are answered
    for (const [method, path] of routes.filter(([one]) => one === 'GET')) {
      const { status } = await askAs(anna.token, method, path);
      expect({ path, status }).toEqual({ path, status: 200 });
    }
  });

  it('keeps subscribers and applications to operators', async () => {
    const list = (await get(operator, '/subscribers')).body as { subscribers: { id: string; code: string; title: string }[] };
    const codes = list.subscribers.map(({ code }) => code);
    expect(codes).toEqual([...codes].sort());
    const organisation = list.subscribers.find(({ title }) => title === 'ООО «Ромашка»');
    const main = list.subscribers.find(({ code }) => code === 'main');
    const own = `/subscribers/${organisation?.id}/applications/${rivalKey.application}`;
    for (const token of [rivalServer, server]) {
      expect((await get(token, '/subscribers')).status).toBe(403);
      expect((await send(token, 'POST', '/subscribers', { code: 'x', title: 'x' })).status).toBe(403);
      expect((await send(token, 'PATCH', `/subscribers/${main?.id}`, { isLocked: true })).status).toBe(403);
      expect((await send(token, 'POST', `${own}/keys`)).status).toBe(403);
    }
    // an application is found below its own subscriber only
    const foreign = `/subscribers/${main?.id}/applications/${rivalKey.application}`;
    expect(await send(operator, 'POST', `${foreign}/keys`)).toMatchObject(MISSING);
    expect(await send(operator, 'PATCH', foreign, { title: 'x' })).toMatchObject(MISSING);
    expect((await send(operator, 'PATCH', own, { title: 'УТ 11.5' })).status).toBe(204);
    expect(await send(operator, 'POST', '/subscribers', { code: 'main', title: 'x' })).toMatchObject({ status: 400 });
    const listed = await sluice(host(0), 'applications', 'ls', '--subscriber', organisation?.code ?? '');
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`${rivalKey.issuer} +УТ 11.5 +open +1`)) });
    const unknown = await sluice(host(0), 'applications', 'lock', 'app-none');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('"sluice applications ls" lists them') });
  });

  it('refuses a locked person on the other host, and accepts it after the unlock', async () => {
    const status = async () => (await get(boris.token, '/unread', 1)).status;
    expect(await status()).toBe(200);
    expect((await send(server, 'PUT', `/people/${boris.id}/lock`)).status).toBe(204);
    await until('the refusal', async () => (await status()) === 403);
    expect(await get(boris.token, '/unread')).toMatchObject(coded(403, 'CONVERSATIONS_LOCKED'));
    expect((await send(server, 'DELETE', `/people/${boris.id}/lock`)).status).toBe(204);
    await until('the unlock', async () => (await status()) === 200);
  });

  it('refuses posts beyond the limit with 429 and Retry-After, and accepts the same post later', async () => {
    const clientId = randomUUID();
    const same = () => post(api(`/discussions/${discussion}/messages`), { clientId, text: 'one' }, { token: boris.token });
    const answers = await Promise.all(Array.from({ length: 2 * BURST }, same));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused).toMatchObject(coded(429, 'CONVERSATIONS_RATE'));
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(BURST);
    await until('the post to be accepted', async () => (await same()).status === 200);
    // other people are not concerned, and repeats are one message
    expect((await say(anna.token, 'other')).status).toBe(200);
    const page = (await get(anna.token, `/discussions/${discussion}/messages?limit=200`)).body as { messages: Message[] };
    expect(page.messages.filter(({ text }) => text === 'one')).toHaveLength(1);
  });

  it('ends the STOMP sessions of a replaced key on the other host, and accepts the new key', async () => {
    const connect = async (sub: string, token: string, feed: string) => {
      const line = await Line.open(gateways.ports[1] ?? 0);
      line.send('CONNECT', { 'accept-version': '1.2', login: sub, passcode: token, 'heart-beat': '0,0' });
      line.send('SUBSCRIBE', { id: 'f', destination: feed, receipt: 'subscribed' });
      const state = { isSubscribed: false, isEnded: false, live: 0, close: () => line.close() };
      const listen = async () => {
        for await (const { command } of line.frames()) {
          if (command === 'RECEIPT') state.isSubscribed = true;
          if (command === 'MESSAGE') state.live++;
        }
      };
      void listen()
        .catch(() => undefined)
        .then(() => (state.isEnded = true));
      await until('the subscription', () => state.isSubscribed);
      return state;
    };
    const old = await connect('anna', anna.token, anna.feed);
    const foreign = await connect('director', rival.token, rival.feed);
    await say(anna.token, 'before');
    await until('the live event', () => old.live > 0);
    const rotated = await sluiceJson<Key>(host(0), 'applications', 'rotate', shop.issuer, '--drop-old');
    expect(rotated.issuer).toBe(shop.issuer);
    await until('the session to end', () => old.isEnded);
    const refusals = async () => Promise.all([0, 1].map(async (n) => (await get(anna.token, '/me', n)).status));
    await until('both hosts to refuse the old token', async () => (await refusals()).every((status) => status === 401));
    const token = await tokenOf(rotated, 'anna');
    await until('both hosts to accept the new key', async () =>
      (await Promise.all([0, 1].map(async (n) => (await get(token, '/me', n)).status))).every((status) => status === 200),
    );
    const renewed = await connect('anna', token, anna.feed);
    await say(token, 'after');
    await until('the live event', () => renewed.live > 0);
    expect(foreign).toMatchObject({ isEnded: false, live: 0 });
    for (const session of [old, foreign, renewed]) session.close();
  });
});
