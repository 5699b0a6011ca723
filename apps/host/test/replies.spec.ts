import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpServer, operatorToken } from './http-server.js';

let server: HttpServer;
afterEach(() => server.close());

async function replied(headers: Readonly<Record<string, string>>) {
  server = await HttpServer.start();
  server.doors.http({ method: 'POST', path: '/in/ask', scope: 'events:write' }, () =>
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
