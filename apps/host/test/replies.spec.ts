import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { HttpServer, operatorToken } from './http-server.js';

let server: HttpServer;
afterEach(() => server.close());

describe('a request to an endpoint of a flow', () => {
  it('by HEAD is handled as GET and answered without the body', async () => {
    server = await HttpServer.start();
    const methods: string[] = [];
    server.ingress.http({ method: 'GET', path: '/in/list', scope: false }, async ({ method }) => {
      methods.push(method);
      return { status: 200, headers: {}, data: { ok: true } };
    });
    const answer = await fetch(`${server.url}/in/list`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), await answer.text(), methods]).toEqual([200, '11', '', ['GET']]);
  });

  it.each(['transfer-encoding', 'content-length', 'connection'])('is not answered with the header %s of a flow', async (name) => {
    server = await HttpServer.start();
    server.ingress.http({ method: 'GET', path: '/in/list', scope: false }, async () => ({
      status: 200,
      headers: { [name]: 'chunked' },
      data: { ok: true },
    }));
    const answer = await fetch(`${server.url}/in/list`);
    expect(answer.headers.get('transfer-encoding')).toBeNull();
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([502, 'REPLY_INVALID']);
  });

  it('by another method is answered 405 with the header Allow', async () => {
    server = await HttpServer.start();
    for (const method of ['GET', 'PUT'])
      server.ingress.http({ method, path: '/in/list', scope: false }, async () => ({ status: 204, headers: {} }));
    const answer = await fetch(`${server.url}/in/list`, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PUT, HEAD']);
  });
});

describe('a request that reaches no route', () => {
  it.each([
    ['a path that is not UTF-8', 'GET /api/%E0%A4%A HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'INPUT_INVALID'],
    ['headers above 16 KiB', `GET / HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(17 * 1024)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['bytes that are not HTTP', '\u0016\u0003\u0001\r\n\r\n', 400, 'REQUEST_UNREADABLE'],
  ])('is answered in the common format: %s', async (_what, text, status, code) => {
    server = await HttpServer.start();
    const client = await server.send(text);
    await until('the answer', () => client.received.includes('}'));
    expect(client.status).toBe(status);
    expect(JSON.parse(client.received.slice(client.received.indexOf('{')))).toMatchObject({
      code,
      message: expect.any(String),
      cure: expect.any(String),
    });
  });
});

async function replied(headers: Readonly<Record<string, string>>) {
  server = await HttpServer.start();
  server.ingress.http({ method: 'POST', path: '/in/ask', scope: 'events:write' }, () =>
    Promise.resolve({ status: 200, headers, data: { ok: true } }),
  );
  const authorization = `Bearer ${await operatorToken()}`;
  return fetch(`${server.url}/in/ask`, { method: 'POST', headers: { authorization } });
}

describe('the reply of a flow', () => {
  it.each([
    ['Cyrillic letters in a header', { 'x-name': 'Ёж' }],
    ['a line break in a header', { 'x-name': 'a\r\nset-cookie: b=c' }],
    ['a name that is none', { 'x name': 'a' }],
  ])('with %s leads to status 502 with the name of the header', async (_what, headers) => {
    const answer = await replied(headers);
    const body = (await answer.json()) as { message: string };
    expect([answer.status, body]).toEqual([502, expect.objectContaining({ code: 'REPLY_INVALID' })]);
    expect(body.message).toContain(Object.keys(headers)[0]);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('has headers against caching and content sniffing unless the flow sets others', async () => {
    const plain = await replied({});
    expect([plain.headers.get('cache-control'), plain.headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
    await server.close();
    expect((await replied({ 'cache-control': 'max-age=60' })).headers.get('cache-control')).toBe('max-age=60');
  });
});
