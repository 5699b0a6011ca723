import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { engineFail, type Accept, type HttpRequest, type NewEvent, type Reply } from '@sluice/plugin-api';
import { FakeWorkspace, until } from '@sluice/testing';
import { message } from './message.js';
import { RawClient } from '../test/server/support/raw-client.js';
import { closeHosts, startHost, type ConnectOptions, type GatewayHost } from '../test/delivery/support/hosts.js';
import { MemoryMailbox } from '../test/delivery/support/memory-mailbox.js';

closeHosts();

const EVENT = { event: 'call.popup', data: { phone: '74951234567' } };
const published = (workspace: FakeWorkspace) => workspace.published.map(({ type, subject }) => `${type} ${subject ?? ''}`);

describe('an event for a user', () => {
  it('contains its type, its position in the mailbox and its data', async () => {
    const host = await startHost();
    const ivanov = await host.connect('ivanov');
    const sent = await host.send({ to: { user: 'ivanov' }, ...EVENT });
    const { command, headers, body } = await ivanov.next();
    expect([command, body.toString()]).toEqual(['MESSAGE', '{"phone":"74951234567"}']);
    expect(Object.fromEntries(headers)).toMatchObject({
      destination: '/user/events',
      'message-id': sent.id,
      event: 'call.popup',
      seq: '1',
      'correlation-id': 'caused-by',
      'content-type': 'application/json',
    });
    expect(headers.has('redelivered')).toBe(false);
    expect(sent).toEqual({ id: expect.any(String), kept: 1, online: 1 });
  });

  it('stays in the mailbox while the user is offline, and leaves it after the acknowledgement', async () => {
    const host = await startHost();
    for (const data of ['1', '2', '3']) await host.send({ to: { user: 'ivanov' }, event: 'test', data });
    const first = await host.connect('ivanov');
    const frames = [await first.next(), await first.next(), await first.next()];
    expect(frames.map(({ body }) => body.toString())).toEqual(['"1"', '"2"', '"3"']);
    expect(frames.map(({ headers }) => headers.get('redelivered'))).toEqual([undefined, undefined, undefined]);
    await first.acknowledge(frames[1] as never);
    first.leave();
    const second = await host.connect('ivanov');
    const again = [await second.next(), await second.next()];
    expect(again.map(({ body, headers }) => [body.toString(), headers.get('redelivered')])).toEqual([
      ['"1"', 'true'],
      ['"3"', 'true'],
    ]);
  });

  it('is redelivered with the header redelivered when the client disconnected before its acknowledgement', async () => {
    const host = await startHost();
    const first = await host.connect('ivanov');
    await host.send({ to: { user: 'ivanov' }, ...EVENT });
    await first.next();
    first.leave();
    const second = await host.connect('ivanov');
    expect((await second.next()).headers.get('redelivered')).toBe('true');
  });

  it('is sent once when its step is repeated, also after its acknowledgement', async () => {
    const host = await startHost();
    const ivanov = await host.connect('ivanov');
    const run = randomUUID();
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'once' }, run);
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'once' }, run);
    await ivanov.acknowledge(await ivanov.next());
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'once' }, run);
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'next' });
    expect(await ivanov.texts(1)).toEqual(['"next"']);
  });

  it('is sent to all workplaces of the user, and the first acknowledgement removes it', async () => {
    const host = await startHost();
    const [office, home] = [await host.connect('ivanov'), await host.connect('ivanov')];
    await host.send({ to: { user: 'ivanov' }, ...EVENT });
    await office.acknowledge(await office.next());
    expect((await home.next()).headers.get('event')).toBe('call.popup');
    const third = await host.connect('ivanov');
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'next' });
    expect(await third.texts(1)).toEqual(['"next"']);
  });

  it('logs a warning about missing TLS when other machines can connect, and none on loopback', async () => {
    const warned = ({ host }: GatewayHost) => host.log.lines.some(({ message }) => message.includes('without TLS'));
    expect(warned(await startHost())).toBe(false);
    expect(warned(await startHost({ config: { host: '0.0.0.0' } }))).toBe(true);
  });

  it('reaches its user by extension, group and workplace', async () => {
    const host = await startHost();
    const claims = { extension: '101', groups: ['sales'] };
    const ivanov = await host.connect('ivanov', { claims, workplace: 'desk-7' });
    const petrov = await host.connect('petrov', { claims: { extension: '102', groups: ['sales', 'boss'] } });
    const home = await host.connect('ivanov', { claims, workplace: 'home' });
    await host.send({ to: { extension: '101' }, event: 'test', data: 'extension' });
    await host.send({ to: { group: 'sales' }, event: 'test', data: 'group' });
    await host.send({ to: { workplace: 'home' }, event: 'test', data: 'workplace' });
    await host.send({ to: { all: true }, event: 'test', data: 'all' });
    expect(await ivanov.texts(3)).toEqual(['"extension"', '"group"', '"all"']);
    expect(await petrov.texts(2)).toEqual(['"group"', '"all"']);
    expect(await home.texts(4)).toEqual(['"extension"', '"group"', '"workplace"', '"all"']);
  });

  it('is rejected when its short user name is ambiguous', async () => {
    const host = await startHost();
    Object.assign(host.services.tokens, { issuersOf: () => ['erp', 'trade'] });
    await expect(host.send({ to: { user: 'ivanov' }, ...EVENT })).rejects.toMatchObject({ code: 'GATEWAY_USER' });
    await expect(host.send({ to: { user: 'erp/ivanov' }, ...EVENT })).resolves.toMatchObject({ kept: 1 });
  });

  it('waits when its client has 100 unacknowledged events, without delaying events of other users', async () => {
    const host = await startHost();
    const [slow, quick] = [await host.connect('slow'), await host.connect('quick')];
    for (let n = 0; n < 150; n++) await host.send({ to: { user: 'slow' }, event: 'test', data: n });
    await host.send({ to: { user: 'quick' }, event: 'test', data: 'quick' });
    expect(await quick.texts(1)).toEqual(['"quick"']);
    const frames = [];
    for (let n = 0; n < 100; n++) frames.push(await slow.next());
    expect(slow.client.frames).toEqual([]);
    for (const frame of frames) slow.client.send('ACK', { id: frame.headers.get('ack') ?? '' });
    expect(await slow.texts(50)).toEqual(Array.from({ length: 50 }, (_, n) => String(n + 100)));
  });
});

describe('the window of a session', () => {
  const sendMany = async (host: Awaited<ReturnType<typeof startHost>>, from: number, to: number) => {
    for (let n = from; n <= to; n++) await host.send({ to: { user: 'ivanov' }, event: 'test', data: n });
  };

  it('has room again after another workplace has acknowledged its events', async () => {
    const host = await startHost();
    const [idle, busy] = [await host.connect('ivanov', { workplace: 'home' }), await host.connect('ivanov')];
    await sendMany(host, 1, 110);
    for (let n = 1; n <= 110; n++) await busy.acknowledge(await busy.next());
    const settled = await idle.next();
    expect(await idle.texts(99)).toHaveLength(99);
    await sendMany(host, 999, 999);
    expect(await busy.texts(1)).toEqual(['999']);
    const last = await idle.next();
    expect(last.body.toString()).toBe('999');
    await idle.acknowledge(settled);
    await idle.acknowledge(last);
  });

  it('has room again after its events were acknowledged over HTTP', async () => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    const idle = await host.connect('ivanov');
    await sendMany(host, 1, 110);
    expect(await idle.texts(100)).toHaveLength(100);
    const bearer = await workspace.tokens.verify(workspace.issue('ivanov'));
    const body = Buffer.from(JSON.stringify({ seqs: Array.from({ length: 110 }, (_, n) => n + 1) }));
    const route = host.services.openRoutes.get('POST /mailbox/{user}/ack');
    const request = {
      method: 'POST',
      path: '',
      params: { user: 'ivanov' },
      query: {},
      headers: {},
      contentType: 'application/json',
    };
    await route?.handle({ ...request, body, bearer });
    await sendMany(host, 999, 999);
    expect(await idle.texts(1)).toEqual(['999']);
  });
});

describe('an event that is not kept', () => {
  it('reaches connected users, and no user that connects later', async () => {
    const host = await startHost();
    const ivanov = await host.connect('ivanov');
    const sent = await host.send({ to: { all: true }, ...EVENT, offline: 'drop' });
    expect(sent).toMatchObject({ kept: 0, online: 1 });
    expect((await ivanov.next()).headers.has('seq')).toBe(false);
    const petrov = await host.connect('petrov');
    await host.send({ to: { user: 'petrov' }, event: 'test', data: 'kept' });
    expect(await petrov.texts(1)).toEqual(['"kept"']);
  });
});

describe('a broadcast', () => {
  it('reaches the subscribers of its topic', async () => {
    const host = await startHost();
    const [ivanov, petrov] = [await host.connect('ivanov'), await host.connect('petrov')];
    await ivanov.subscribe('/topic/prices');
    await petrov.subscribe('/topic/news');
    await host.broadcast({ topic: 'prices', event: 'prices.changed', data: 1 });
    await host.broadcast({ topic: 'news', event: 'news', data: 2 });
    const frame = await ivanov.next();
    expect([frame.headers.get('destination'), frame.body.toString()]).toEqual(['/topic/prices', '1']);
    expect(await petrov.texts(1)).toEqual(['2']);
  });

  it('reaches all subscribers when it is spread over a time', async () => {
    const host = await startHost();
    const desktops = await Promise.all(Array.from({ length: 20 }, (_, n) => host.connect(`user-${n}`)));
    await Promise.all(desktops.map((desktop) => desktop.subscribe('/topic/prices')));
    await host.broadcast({ topic: 'prices', event: 'prices.changed', data: 1, spread: '200ms' });
    expect(await Promise.all(desktops.map((desktop) => desktop.texts(1)))).toEqual(desktops.map(() => ['1']));
  });

  it('rejects a subscription to a topic that the token does not allow', async () => {
    const host = await startHost();
    const ivanov = await host.connect('ivanov', { claims: { topics: ['sales.*'] } });
    await ivanov.subscribe('/topic/sales.prices');
    await expect(ivanov.subscribe('/topic/secret')).rejects.toThrow('the token does not allow secret');
  });
});

describe('sessions of users', () => {
  it('publish user.connected for the first session of a user, and user.disconnected for the last', async () => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    const [office, home] = [await host.connect('ivanov'), await host.connect('ivanov')];
    office.leave();
    home.leave();
    await until('both events', () => workspace.published.length === 2);
    expect(published(workspace)).toEqual(['user.connected operator/ivanov', 'user.disconnected operator/ivanov']);
  });

  it('are rejected without the scope desktop', async () => {
    const host = await startHost();
    await expect(host.connect('ivanov', { claims: { scopes: ['viewer'] } })).rejects.toThrow('CONNECT was rejected');
  });
});

describe('two hosts', () => {
  const start = async () => {
    const [workspace, mailbox] = [new FakeWorkspace(), new MemoryMailbox()];
    return { workspace, here: await startHost({ workspace, mailbox }), there: await startHost({ workspace, mailbox }) };
  };

  it('send events to a user that is connected to the other host, kept or not', async () => {
    const { here, there } = await start();
    const ivanov = await there.connect('ivanov');
    await here.send({ to: { user: 'ivanov' }, event: 'test', data: 'kept' });
    await here.send({ to: { user: 'ivanov' }, event: 'test', data: 'at once', offline: 'drop' });
    await here.send({ to: { user: 'ivanov' }, event: 'test', data: 'x'.repeat(10_000) });
    expect((await ivanov.texts(3)).map((text) => text.slice(0, 10))).toEqual(['"kept"', '"at once"', '"xxxxxxxxx']);
  });

  it('broadcast an event of a topic to the subscribers of both', async () => {
    const { here, there } = await start();
    const [ivanov, petrov] = [await here.connect('ivanov'), await there.connect('petrov')];
    await Promise.all([ivanov, petrov].map((desktop) => desktop.subscribe('/topic/prices')));
    await here.broadcast({ topic: 'prices', event: 'prices.changed', data: 1 });
    expect(await Promise.all([ivanov.texts(1), petrov.texts(1)])).toEqual([['1'], ['1']]);
  });

  it('publish user.connected once for a user with a session on each', async () => {
    const { workspace, here, there } = await start();
    await here.connect('ivanov');
    await until('the presence message', () => there.gateway.isOnline('operator/ivanov'));
    const second = await there.connect('ivanov');
    second.leave();
    await there.connect('petrov');
    await until('the event of the second user', () => workspace.published.length > 1);
    expect(published(workspace)).toEqual(['user.connected operator/ivanov', 'user.connected operator/petrov']);
  });
});

describe('a flow that is called by a client', () => {
  const startFlow = async (reply: () => Promise<Reply>) => {
    const host = await startHost();
    const ivanov = await host.connect('ivanov', { claims: { extension: '101' }, workplace: 'desk-7', subscribe: false });
    const events: NewEvent[] = [];
    const flow: Accept = async (event, options) => {
      events.push(event);
      return { id: 'e1', ...(options?.reply && { reply: reply() }) };
    };
    const stop = new AbortController();
    const subscribed = message.subscribe(host.gateway, {}, flow, stop.signal, 'stock-request');
    const call = (headers: Record<string, string> = {}) =>
      ivanov.done(
        'SEND',
        { destination: '/flows/stock-request', 'content-type': 'application/json', ...headers },
        '{"sku":"A-1"}',
      );
    return { ivanov, events, call, stop: () => (stop.abort(), subscribed) };
  };
  const answer = async (): Promise<Reply> => ({ status: 200, headers: {}, data: { Остаток: 12.5 } });
  const REPLY_TO = { 'reply-to': '/user/replies/1', 'correlation-id': 'q-7' };

  it('receives the name of its client, and its reply is sent to the session', async () => {
    const { ivanov, events, call } = await startFlow(answer);
    await call({ ...REPLY_TO, id: 'question-1' });
    expect(events[0]).toMatchObject({
      id: 'question-1',
      data: { sku: 'A-1' },
      authid: 'ivanov',
      source: '/issuers/operator/ivanov',
      correlationid: 'q-7',
      meta: { user: 'operator/ivanov', extension: '101', workplace: 'desk-7' },
    });
    const { headers, body } = await ivanov.next();
    expect(Object.fromEntries(headers)).toMatchObject({ destination: '/user/replies/1', 'correlation-id': 'q-7', status: '200' });
    expect(JSON.parse(body.toString())).toEqual({ Остаток: 12.5 });
  });

  it('is answered with status 504 when its reply is late', async () => {
    const { ivanov, call } = await startFlow(() => Promise.reject(engineFail.REPLY_LATE('too late')));
    await call(REPLY_TO);
    const { headers, body } = await ivanov.next();
    expect([headers.get('status'), JSON.parse(body.toString())]).toEqual([
      '504',
      expect.objectContaining({ code: 'REPLY_LATE' }),
    ]);
  });

  it('is rejected when no flow of this name serves clients, or when the flow has stopped', async () => {
    const { ivanov } = await startFlow(answer);
    await expect(ivanov.done('SEND', { destination: '/flows/secret' })).rejects.toThrow('no flow secret');
    const { call, stop } = await startFlow(answer);
    await stop();
    await expect(call()).rejects.toThrow('no flow stock-request');
  });
});

describe('an event of a client', () => {
  it('is published with the client as its source', async () => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    const ivanov = await host.connect('ivanov');
    await ivanov.done('SEND', { destination: '/events/order.created', id: 'o-1', subject: 'A-1' }, '{"n":1}');
    expect(workspace.published.at(-1)).toMatchObject({
      type: 'order.created',
      id: 'o-1',
      subject: 'A-1',
      data: { n: 1 },
      source: '/issuers/operator/ivanov',
    });
  });

  it('ends the session with the reason when the token does not allow its type', async () => {
    const host = await startHost();
    const ivanov = await host.connect('ivanov', { claims: { events: ['order.*'] } });
    await expect(ivanov.done('SEND', { destination: '/events/payment.made' }, '{}')).rejects.toThrow('payment.made');
  });
});

describe('many events of clients at once', () => {
  it('are published 500 at a time, and the others wait without an error', async () => {
    const host = await startHost();
    let [begun, concurrent, maxConcurrent] = [0, 0, 0];
    let confirm = (): void => undefined;
    const confirmed = new Promise<void>((resolve) => (confirm = resolve));
    const slow: Accept = async () => {
      begun++;
      maxConcurrent = Math.max(maxConcurrent, ++concurrent);
      await confirmed;
      concurrent--;
      return { id: randomUUID() };
    };
    const stop = new AbortController();
    void message.subscribe(host.gateway, {}, slow, stop.signal, 'orders');
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map((user) => host.connect(user, { subscribe: false })));
    for (const { client } of clients)
      for (let n = 0; n < 200; n++) client.send('SEND', { destination: '/flows/orders', receipt: `${n}` }, '{}');
    await until('500 events to be published', () => begun === 500);
    confirm();
    for (const { client } of clients)
      for (let n = 0; n < 200; n++) expect((await client.next()).headers.get('receipt-id')).toBe(`${n}`);
    expect([begun, maxConcurrent]).toEqual([800, 500]);
    stop.abort();
  });
});

describe('a mailbox over HTTP', () => {
  const open = async (claims: ConnectOptions['claims'] = {}) => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    const token = workspace.issue('ivanov', claims);
    const request = async (method: string, path: string, more: Partial<HttpRequest> = {}): Promise<Reply> => {
      const user = path.split('/')[2] ?? '';
      const route = host.services.openRoutes.get(`${method} ${path.replace(user, '{user}')}`);
      if (!route) throw new Error('no such route');
      const bearer = await workspace.tokens.verify(token);
      const none = { query: {}, headers: {}, contentType: 'application/json', body: Buffer.alloc(0) };
      return route.handle({ ...none, method, path, params: { user }, bearer, ...more });
    };
    const events = async (query: Record<string, string> = {}) =>
      ((await request('GET', '/mailbox/ivanov', { query })).data as { events: { seq: number; data: unknown }[] }).events;
    return { host, request, events };
  };

  it('returns events until they are acknowledged, and marks repeated ones as redelivered', async () => {
    const { host, request, events } = await open();
    for (const data of ['1', '2']) await host.send({ to: { user: 'ivanov' }, event: 'test', data });
    expect(await events()).toEqual([
      { seq: 1, id: expect.any(String), event: 'test', correlationid: 'caused-by', data: '1' },
      { seq: 2, id: expect.any(String), event: 'test', correlationid: 'caused-by', data: '2' },
    ]);
    const body = Buffer.from('{"seqs":[1]}');
    expect(await request('POST', '/mailbox/ivanov/ack', { body })).toMatchObject({ status: 204 });
    expect(await events()).toEqual([expect.objectContaining({ seq: 2, redelivered: true })]);
  });

  it('responds with the first event that arrives during the wait', async () => {
    const { host, events } = await open();
    const waiting = events({ wait: '25s' });
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'now' });
    expect(await waiting).toEqual([expect.objectContaining({ data: 'now' })]);
  });

  it('returns no events when none arrived in time, also when the gateway closes meanwhile', async () => {
    const { host, events } = await open();
    expect(await events({ wait: '10ms' })).toEqual([]);
    const waiting = events({ wait: '60s' });
    await host.close();
    expect(await waiting).toEqual([]);
  });

  it('limits waiting requests of a user to ten, answers 429 to the next one, and accepts requests again later', async () => {
    const { host, request, events } = await open();
    const waiting = Array.from({ length: 10 }, () => events({ wait: '25s' }));
    const refused = await request('GET', '/mailbox/ivanov', { query: { wait: '25s' } });
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '5' }, data: { code: 'GATEWAY_POLLS' } });
    expect(await events()).toEqual([]);
    await host.send({ to: { user: 'ivanov' }, event: 'test', data: 'now' });
    for (const answer of await Promise.all(waiting)) expect(answer).toHaveLength(1);
    expect(await events({ wait: '25s' })).toHaveLength(1);
  });

  it('forbids caches to store the reply, and browsers to guess its type', async () => {
    const { request } = await open();
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
    expect((await request('GET', '/mailbox/ivanov')).headers).toEqual(headers);
    const body = Buffer.from('{"seqs":[]}');
    expect((await request('POST', '/mailbox/ivanov/ack', { body })).headers).toEqual(headers);
  });

  it('rejects a mailbox of another user, an invalid wait and an invalid body', async () => {
    const { request } = await open();
    await expect(request('GET', '/mailbox/petrov')).rejects.toMatchObject({ code: 'GATEWAY_MAILBOX' });
    await expect(request('GET', '/mailbox/ivanov', { query: { wait: 'long' } })).rejects.toMatchObject({
      code: 'GATEWAY_REQUEST',
    });
    const body = Buffer.from('[1]');
    await expect(request('POST', '/mailbox/ivanov/ack', { body })).rejects.toMatchObject({ code: 'GATEWAY_REQUEST' });
  });

  it('rejects a workplace that the token does not list', async () => {
    const { host, request, events } = await open({ workplaces: ['DESK-7'] });
    await host.connect('petrov', { workplace: 'DESK-8' });
    expect(await events({ workplace: 'DESK-7' })).toEqual([]);
    const refused = request('GET', '/mailbox/ivanov', { query: { workplace: 'DESK-8' } });
    await expect(refused).rejects.toMatchObject({
      code: 'GATEWAY_WORKPLACE',
      message: 'the token of operator/ivanov does not allow the workplace "DESK-8"',
    });
    await host.send({ to: { workplace: 'DESK-7' }, event: 'test', data: 'for ivanov' });
    await host.send({ to: { workplace: 'DESK-8' }, event: 'test', data: 'for petrov' });
    expect(await events()).toEqual([]);
    expect(await events({ workplace: 'DESK-7' })).toEqual([expect.objectContaining({ data: 'for ivanov' })]);
  });

  it('rejects names that would fail the database statement it shares with other requests', async () => {
    const { request } = await open();
    for (const workplace of ['\0', 'x'.repeat(201)]) {
      const refused = request('GET', '/mailbox/ivanov', { query: { workplace } });
      await expect(refused).rejects.toMatchObject({ code: 'GATEWAY_NAME' });
    }
    for (const user of ['', 'a\0']) {
      await expect(request('GET', '/mailbox/ivanov', { params: { user } })).rejects.toMatchObject({ code: 'GATEWAY_REQUEST' });
    }
  });
});

describe('a name', () => {
  it.each<[string, ConnectOptions & { user?: string }]>([
    ['workplace', { workplace: 'x'.repeat(201) }],
    ['user', { user: 'iv\0anov' }],
    ['extension', { claims: { extension: '\0' } }],
    ['group', { claims: { groups: ['sales', '\x1f'] } }],
  ])('of a %s is rejected at CONNECT when the database cannot store it', async (kind, { user = 'a', ...options }) => {
    const host = await startHost();
    await expect(host.connect(user, options)).rejects.toThrow(`the ${kind} of the client or its token is not a valid name`);
  });

  it('of a receiver is rejected when it contains a control character', async () => {
    const host = await startHost();
    await expect(host.send({ to: { user: 'iv\0anov' }, event: 'test' })).rejects.toThrow('a name contains no control characters');
  });
});

describe('a token with the claim workplaces', () => {
  const claims = { workplaces: ['DESK-7', 'home'] };

  it.each([
    ['sales/ivanov', 'GATEWAY_LOGIN'],
    ['petrov', 'GATEWAY_LOGIN'],
    ['ivanov', 'CONNECTED'],
    ['operator/ivanov', 'CONNECTED'],
    ['', 'CONNECTED'],
  ])('with the login %j is answered %s', async (login, answer) => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    const client = await RawClient.open(host.gateway.port ?? 0);
    client.send('CONNECT', { 'accept-version': '1.2', login, passcode: workspace.issue('ivanov', {}) });
    if (answer === 'CONNECTED') return expect((await client.next()).command).toBe('CONNECTED');
    expect(await client.error()).toMatchObject({
      code: 'GATEWAY_LOGIN',
      message: 'the token belongs to operator/ivanov, and the login names another user',
      cure: expect.stringContaining('send the user of the token as login'),
    });
  });

  it('connects at each of its workplaces', async () => {
    const host = await startHost();
    const home = await host.connect('ivanov', { claims, workplace: 'home' });
    await host.connect('ivanov', { claims, workplace: 'DESK-7' });
    await host.send({ to: { workplace: 'home' }, event: 'test', data: 'for home' });
    expect(await home.texts(1)).toEqual(['"for home"']);
  });

  it.each<[string, string | undefined, readonly string[], string]>([
    ['another workplace', 'DESK-8', claims.workplaces, 'does not allow the workplace "DESK-8"'],
    ['a workplace in other letters', 'desk-7', claims.workplaces, 'does not allow the workplace "desk-7"'],
    ['no workplace', undefined, claims.workplaces, 'allows certain workplaces only, and the client names none'],
    ['any workplace when its list is empty', 'home', [], 'does not allow the workplace "home"'],
  ])(
    'is rejected with the cure at %s, and receives no events of this workplace',
    async (_title, workplace, workplaces, message) => {
      const workspace = new FakeWorkspace();
      const host = await startHost({ workspace });
      const petrov = await host.connect('petrov', { workplace: workplace ?? 'DESK-7' });
      const intruder = await RawClient.open(host.gateway.port ?? 0);
      const passcode = workspace.issue('ivanov', { workplaces });
      intruder.send('CONNECT', { 'accept-version': '1.2', passcode, ...(workplace !== undefined && { 'client-id': workplace }) });
      expect(await intruder.error()).toMatchObject({
        code: 'GATEWAY_WORKPLACE',
        message: `the token of operator/ivanov ${message}`,
        cure: expect.stringMatching(/client-id.*claim workplaces/),
      });
      await host.send({ to: { workplace: workplace ?? 'DESK-7' }, event: 'test', data: 'for petrov' });
      expect(await petrov.texts(1)).toEqual(['"for petrov"']);
    },
  );

  it('without the claim connects at any workplace', async () => {
    const host = await startHost();
    await expect(host.connect('ivanov', { workplace: 'DESK-8' })).resolves.toBeDefined();
  });
});

describe('a run that waits for the user', () => {
  const start = async () => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    return { workspace, host, ivanov: await host.connect('ivanov', { workplace: 'desk-7' }) };
  };
  const question = { to: { user: 'ivanov' }, event: 'confirm', data: 'Отгрузить?' };

  it('continues after the acknowledgement of the event, with the workplace of the client', async () => {
    const { workspace, host, ivanov } = await start();
    const { id } = await host.send({ ...question, waitFor: 'shown' }, 'run-1');
    const frame = await ivanov.next();
    expect([frame.headers.get('wait'), workspace.resumed]).toEqual(['shown', []]);
    await ivanov.acknowledge(frame);
    expect(workspace.resumed).toEqual([{ token: 'token of run-1', output: { id, kept: 1, online: 1, workplace: 'desk-7' } }]);
  });

  it('continues once after the answer, and not after the acknowledgement', async () => {
    const { workspace, host, ivanov } = await start();
    const { id } = await host.send({ ...question, waitFor: 'reply' }, 'run-2');
    const frame = await ivanov.next();
    await ivanov.acknowledge(frame);
    const destination = frame.headers.get('reply-to') ?? '';
    expect([destination, workspace.resumed]).toEqual([`/answers/${id}`, []]);
    for (const answer of ['{"yes":true}', '{"yes":false}']) await ivanov.done('SEND', { destination }, answer);
    expect(workspace.resumed).toEqual([
      { token: 'token of run-2', output: { id, kept: 1, online: 1, workplace: 'desk-7', answer: { yes: true } } },
    ]);
  });

  it('ignores an answer of another user', async () => {
    const { workspace, host, ivanov } = await start();
    const petrov = await host.connect('petrov');
    await host.send({ ...question, waitFor: 'reply' });
    const destination = (await ivanov.next()).headers.get('reply-to') ?? '';
    await petrov.done('SEND', { destination }, '{"yes":true}');
    expect(workspace.resumed).toEqual([]);
  });

  it('is rejected without a timeout, without a mailbox, and for several users or no user', async () => {
    const { host } = await start();
    const waits = { ...question, waitFor: 'shown' as const };
    const refused = { code: 'GATEWAY_WAIT', options: { sent: 'no' } };
    await expect(host.send(waits, 'run', { deadline: new Date(8.64e15) })).rejects.toMatchObject(refused);
    await expect(host.send({ ...waits, offline: 'drop' })).rejects.toMatchObject(refused);
    await host.connect('petrov');
    await expect(host.send({ ...waits, to: { all: true } })).rejects.toMatchObject(refused);
    await expect(host.send({ ...waits, to: { extension: '999' } })).rejects.toMatchObject(refused);
  });
});

describe('a token that is revoked', () => {
  it('ends its sessions with an ERROR frame that contains the code GATEWAY_TOKEN_REVOKED', async () => {
    const workspace = new FakeWorkspace();
    const host = await startHost({ workspace });
    const { client } = await host.connect('ivanov', { subscribe: false });
    workspace.revoke('ivanov');
    const frame = await client.next();
    expect([frame.command, frame.headers.get('code')]).toEqual(['ERROR', 'GATEWAY_TOKEN_REVOKED']);
  });
});
