import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { EVENT_LIMIT, head, HttpServer, operatorToken } from './http-server.js';

const SHORT = { requestMs: 400, headersMs: 200, checkMs: 50 };
const MIB = 1_024 * 1_024;

let server: HttpServer;
afterEach(() => server.close());

const hook = { method: 'POST', path: '/in/hook', scope: false as const };
const taken = () => Promise.resolve({ status: 202, headers: {}, data: {} });

describe('requests that never end', () => {
  it('limits the bytes of unfinished bodies without a token: 100 bodies of 4 MiB', async () => {
    server = await HttpServer.start();
    server.ingress.http(hook, taken);
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => server.send(head('/in/hook', { 'content-length': EVENT_LIMIT }) + '{"a":"')),
    );
    await until('96 to be rejected', () => clients.filter(({ status }) => status === 429).length === 96);
    const [refused] = clients.filter(({ status }) => status === 429);
    expect(refused?.received).toMatch(/retry-after: \d/);
    expect(refused?.received).toContain('TOO_MANY_BODIES');
  });

  it('counts a chunked body with the maximum size until it is complete, and then with its real size', async () => {
    server = await HttpServer.start({ strangersBodies: { perSender: EVENT_LIMIT, total: EVENT_LIMIT } });
    const waiting: (() => void)[] = [];
    server.ingress.http(hook, () => new Promise((resolve) => waiting.push(() => resolve({ status: 202, headers: {} }))));
    const chunked = head('/in/hook', { 'transfer-encoding': 'chunked' });
    const first = await server.send(chunked);
    const second = await server.send(chunked);
    await until('the second to be rejected', () => second.status === 429);
    first.socket.write('2\r\n{}\r\n0\r\n\r\n');
    await until('the first to be handled', () => waiting.length === 1);
    const third = await server.send(head('/in/hook', { 'content-length': MIB }));
    third.socket.write('"'.padEnd(MIB - 1) + '"');
    await until('the third to be handled', () => waiting.length === 2);
    for (const reply of waiting) reply();
    await until('both to be answered', () => first.status === 202 && third.status === 202);
  });

  it.each([
    ['silence', (_socket: { write(text: string): void }) => undefined],
    ['a byte now and then', (socket: { write(text: string): void }) => void setInterval(() => socket.write('x'), 20).unref()],
  ])('answers 408 to a request whose body is followed by %s', async (_what, goOn) => {
    server = await HttpServer.start(SHORT);
    server.ingress.http(hook, taken);
    const client = await server.send(head('/in/hook', { 'content-length': 1_000 }) + '{"a":"');
    goOn(client.socket);
    await client.closed;
    expect(client.status).toBe(408);
  });

  it('returns the bytes of an aborted request', async () => {
    server = await HttpServer.start({ strangersBodies: { perSender: MIB, total: MIB } });
    server.ingress.http(hook, taken);
    const first = await server.send(head('/in/hook', { 'content-length': MIB }) + '{');
    const second = await server.send(head('/in/hook', { 'content-length': MIB }) + '{');
    await until('the rejection', () => second.status === 429);
    first.socket.destroy();
    await until('the room to be free', async () => {
      const answer = await fetch(`${server.url}/in/hook`, {
        method: 'POST',
        body: '"x"',
        headers: { 'content-type': 'application/json' },
      });
      return answer.status === 202;
    });
  });

  it.each([
    ['/events/order.created', 401],
    ['/in/orders', 401],
    ['/mailbox/me', 401],
    ['/api/import', 401],
    ['/in/nowhere', 404],
  ])('answers a request to %s without a token with %i before its body arrives', async (path, status) => {
    server = await HttpServer.start();
    const closed = { ...hook, scope: 'events:write' };
    server.ingress.http({ ...closed, path: '/in/orders' }, taken);
    server.ingress.http({ ...closed, path: '/mailbox/{name}' }, taken);
    const client = await server.send(head(path, { 'content-length': EVENT_LIMIT }));
    await until('the answer', () => client.status === status);
  });

  it('rejects a token without the scope, and a body above the limit of the endpoint, before the body arrives', async () => {
    server = await HttpServer.start();
    server.ingress.http({ method: 'POST', path: '/in/orders', scope: 'events:write', limit: 10 }, taken);
    const asked = async (scope: string, length: number) =>
      server.send(head('/in/orders', { 'content-length': length, authorization: `Bearer ${await operatorToken(scope)}` }));
    const [viewer, long] = [await asked('viewer', 5), await asked('events:write', 11)];
    await until('both answers', () => viewer.status === 403 && long.status === 413);
  });

  it('limits the bytes per user', async () => {
    server = await HttpServer.start({ bodies: { perSender: MIB, total: 10 * MIB } });
    const begin = async (sub: string) =>
      server.send(
        head('/events/order.created', {
          'content-length': MIB,
          authorization: `Bearer ${await operatorToken('events:write', sub)}`,
        }) + '{}',
      );
    await begin('anna');
    const second = await begin('anna');
    await until('the second to be rejected', () => second.status === 429);
    const boris = await begin('boris');
    boris.socket.write(' '.repeat(MIB - 2));
    await until('the event of the other user to be taken', () => boris.status === 202);
  });

  it('accepts small bodies without a token for controllers of plugins, within the same limit', async () => {
    server = await HttpServer.start({ strangersBodies: { perSender: 100, total: 100 } });
    const send = (body: string) =>
      fetch(`${server.url}/hook`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect((await send('{}')).status).toBe(200);
    expect((await send(JSON.stringify({ text: 'x'.repeat(100) }))).status).toBe(429);
  });
});

describe('unauthenticated connections', () => {
  it('closes the oldest connection above the limit per address and serves the newest', async () => {
    server = await HttpServer.start({ strangers: { perAddress: 10, total: 100 } });
    const silent = [];
    for (let count = 0; count < 30; count++) silent.push(await server.send('POST '));
    await Promise.all(silent.slice(0, 20).map(({ closed }) => closed));
    const token = await operatorToken();
    const answer = await fetch(`${server.url}/events/order.created`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(202);
  });

  it('does not count a connection on which a valid token has arrived', async () => {
    server = await HttpServer.start({ strangers: { perAddress: 2, total: 2 } });
    const authorization = `Bearer ${await operatorToken()}`;
    const known = await server.send(head('/events/order.created', { 'content-length': 0, authorization }));
    await until('the first answer', () => known.status === 202);
    const strangers = [];
    for (let count = 0; count < 5; count++) strangers.push(await server.send('POST '));
    await strangers[0]?.closed;
    known.received = '';
    known.socket.write(head('/events/order.created', { 'content-length': 0, authorization }));
    await until('the second answer', () => known.status === 202);
  });
});
