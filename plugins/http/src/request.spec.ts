import { afterEach, describe, expect, it } from '@jest/globals';
import { actionContract, answerOk, openPlugin, startWebService, type Answer } from '@sluice/testing';
import { servicePeer } from '../test/service-peer.js';
import { plugin } from './plugin.js';

actionContract(plugin, 'request', { peer: servicePeer, input: { method: 'POST', path: '/orders', body: { number: 'S-1' } } });

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function open(answer: Answer = answerOk, config: object = {}) {
  const service = await startWebService(answer);
  const opened = await openPlugin(plugin, { baseUrl: `${service.url}/api`, ...config });
  closing.push(service, opened);
  return { service, request: opened.actions.request };
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

describe('http.request', () => {
  it('returns the body of the answer as data', async () => {
    const { request } = await open(answering(200, { 'content-type': 'application/json' }, '{"items":[1]}'));
    expect(await request({ method: 'GET', path: '/contacts' })).toEqual({ items: [1] });
  });

  it.each([
    [{ 'content-type': 'text/plain' }, 'привет', 'привет'],
    [{ 'content-type': 'application/xml' }, '<a/>', '<a/>'],
    [{}, '{"a":1}', { a: 1 }],
    [{}, 'just words', 'just words'],
    [{}, '', null],
  ])('reads an answer with %j', async (headers, body, data) => {
    const { request } = await open(answering(200, headers, body));
    expect(await request({ method: 'GET', path: '/' })).toEqual(data);
  });

  it('rejects an answer that a flow cannot read', async () => {
    const { request } = await open(answering(200, { 'content-type': 'image/png' }, 'png'));
    await expect(request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it('sends the request of the flow with the headers of the connection', async () => {
    const { request, service } = await open(answerOk, { token: 't-1', headers: { 'X-Shop': 'main' } });
    const call = { id: 'run/post' };
    await request(
      { method: 'PUT', path: '/заказы/1', query: { since: 'a b+c', n: 2 }, headers: { 'Content-Type': 'text/csv' }, body: 'a;b' },
      call,
    );
    expect(service.seen).toMatchObject([
      {
        method: 'PUT',
        url: '/api/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7%D1%8B/1?since=a%20b%2Bc&n=2',
        body: 'a;b',
        headers: { authorization: 'Bearer t-1', 'x-shop': 'main', 'content-type': 'text/csv', 'idempotency-key': 'run/post' },
      },
    ]);
  });

  it('rejects a path outside its base URL', async () => {
    const { request, service } = await open();
    const failed = request({ method: 'GET', path: '/../admin' });
    await expect(failed).rejects.toMatchObject({ code: 'REJECTED', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('rejects a header that the connector writes itself', async () => {
    const { request } = await open();
    const failed = request({ method: 'GET', path: '/', headers: { 'Idempotency-Key': 'x' } });
    await expect(failed).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('limits the time and the size of an answer', async () => {
    const { request } = await open(() => undefined, { timeout: '50ms' });
    await expect(request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const { request: another } = await open(answerOk, { maxResponse: '4B' });
    await expect(another({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it('does not follow a redirect, and removes its query and password from the message', async () => {
    const { request, service } = await open(
      answering(302, { location: 'http://user:secret@elsewhere.test/login?token=1#key=2' }),
    );
    const failed = request({ method: 'GET', path: '/' });
    await expect(failed).rejects.toMatchObject({
      code: 'HTTP_MOVED',
      message: expect.stringMatching(/moved to http:\/\/elsewhere\.test\/login$/),
    });
    expect(service.seen).toHaveLength(1);
  });

  it.each([
    [401, 'UNAUTHORIZED', 'fatal', 'no'],
    [404, 'NOT_FOUND', 'fatal', 'no'],
    [422, 'REJECTED', 'rejected', 'yes'],
    [429, 'OVERLOADED', 'overload', 'no'],
    [500, 'HTTP_SERVER_ERROR', 'retry', 'unknown'],
    [502, 'OVERLOADED', 'overload', 'unknown'],
    [503, 'OVERLOADED', 'overload', 'no'],
    [504, 'TIMED_OUT', 'retry', 'unknown'],
  ])('maps status %i to %s', async (status, code, fate, sent) => {
    const { request } = await open(answering(status));
    await expect(request({ method: 'POST', path: '/' })).rejects.toMatchObject({ code, fate, options: { sent } });
  });

  it('passes on Retry-After', async () => {
    const { request } = await open(answering(503, { 'retry-after': '7' }));
    await expect(request({ method: 'GET', path: '/' })).rejects.toMatchObject({ options: { retryAfterMs: 7_000 } });
  });

  it('treats POST as not idempotent and PUT as idempotent by default', () => {
    const of = plugin.actions.request.idempotent;
    const asked = (method: 'POST' | 'PUT', idempotent?: 'yes' | 'by-key' | 'no') =>
      typeof of === 'function' ? of({ method, path: '/', idempotent }) : of;
    expect([asked('POST'), asked('PUT')]).toEqual(['no', 'yes']);
    expect([asked('POST', 'by-key'), asked('POST', 'yes'), asked('PUT', 'no')]).toEqual(['by-key', 'yes', 'no']);
  });
});
