import { readFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { failures } from '@sluice/plugin-api';
import { answerOk, startWebService, until, type Answer } from '@sluice/testing';
import { WebClient, type WebClientOptions } from './web-client.js';

/** Reads a self-signed certificate for `localhost`, valid until 2120, or its key. */
const pem = (file: string) => readFileSync(path.join(import.meta.dirname, '../test/tls', file), 'utf8');
const TLS = { key: pem('key.pem'), cert: pem('cert.pem') };

const { CUT_OFF } = failures({ CUT_OFF: { fate: 'retry', cure: 'look why' } });
const POST = { method: 'POST', path: '/orders', body: '{}' };
const silent: Answer = () => undefined;

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

function clientOf(baseUrl: string, options: Partial<WebClientOptions> = {}): WebClient {
  const defaults = { connections: 4, timeout: 10_000, connectTimeout: 5_000, maxResponse: 1024, cutOff: CUT_OFF };
  const client = new WebClient({ baseUrl, ...defaults, ...options });
  closing.push(client);
  return client;
}

async function start(answer: Answer = answerOk, options: Partial<WebClientOptions> = {}, tls?: ServerOptions) {
  const service = await startWebService(answer, tls);
  closing.push(service);
  const client = clientOf(`${service.url}/api`, options);
  const send = (signal?: AbortSignal) => client.exchange(POST, { where: 'the order', ...(signal && { signal }) });
  return { service, client, send };
}

/** Starts a server that does not speak HTTP. */
async function startSocket(met: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    met(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  closing.push({ close });
  return (server.address() as AddressInfo).port;
}

describe('WebClient', () => {
  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['GZIP, br', (text: string) => brotliCompressSync(gzipSync(text))],
    ['identity', (text: string) => Buffer.from(text)],
  ])('unpacks an answer with the Content-Encoding %s', async (encoding, pack) => {
    const { send } = await start(
      (_request, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(pack('Ёжик')),
    );
    expect((await send()).body.toString()).toBe('Ёжик');
  });

  it.each([
    ['of an unknown encoding', 'zstd', Buffer.from('x'), 'the encoding is unknown'],
    ['that is incomplete', 'gzip', gzipSync('Ёжик').subarray(0, 15), 'unexpected end of file'],
    ['that does not match its encoding', 'gzip', Buffer.from('text'), 'incorrect header check'],
    ['that exceeds maxResponse after decompression', 'gzip', gzipSync('x'.repeat(1_025)), 'larger than maxResponse, 1024 bytes'],
    ['with more than three encodings', 'gzip, gzip, gzip, gzip', Buffer.from('x'), 'more than 3 encodings'],
  ])('refuses an answer %s', async (_, encoding, body, reason) => {
    const { send } = await start(
      (_request, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    await expect(send()).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      message: expect.stringContaining(reason),
      options: { sent: 'yes' },
    });
  });

  it('keeps the status of a refusal that cannot be unpacked', async () => {
    const { send } = await start((_request, response) => void response.writeHead(503, { 'content-encoding': 'gzip' }).end('x'));
    expect(await send()).toMatchObject({ status: 503, body: Buffer.alloc(0) });
  });

  it('sends the request unchanged, and returns the answer unchanged', async () => {
    const { service, client } = await start(
      (_request, response) => void response.writeHead(418, { 'x-tea': 'yes' }).end('short'),
    );
    const request = { ...POST, query: { n: 1 }, headers: { 'x-shop': 'main' } };
    const answer = await client.exchange(request, { where: 'the order' });
    expect(answer).toMatchObject({ status: 418, headers: { 'x-tea': 'yes' }, body: Buffer.from('short') });
    expect(service.seen).toMatchObject([{ method: 'POST', url: '/api/orders?n=1', body: '{}', headers: { 'x-shop': 'main' } }]);
  });

  it('reuses a connection', async () => {
    const ports = new Set<number | undefined>();
    const { send } = await start(
      (request, response) => {
        ports.add(request.socket.remotePort);
        answerOk(request, response);
      },
      { connections: 1 },
    );
    for (let n = 0; n < 3; n++) await send();
    expect(ports.size).toBe(1);
  });

  it('opens no more connections than configured', async () => {
    const held: (() => void)[] = [];
    const { service, send } = await start((request, response) => held.push(() => answerOk(request, response)), {
      connections: 2,
    });
    const sending = Promise.all([send(), send(), send()]);
    await until('two requests', () => held.length === 2);
    expect(service.connections()).toBe(2);
    held.splice(0).forEach((answer) => answer());
    await until('the third', () => held.length === 1);
    held[0]?.();
    await sending;
    expect(service.connections()).toBe(2);
  });

  it('reports sent: unknown for a request without an answer in time', async () => {
    const { send } = await start(silent, { timeout: 50 });
    await expect(send()).rejects.toMatchObject({
      code: 'TIMED_OUT',
      fate: 'retry',
      message: 'the order: no answer within 0.05 s',
      options: { sent: 'unknown' },
    });
  });

  it('waits for an answer with a timeout that is longer than a timer of Node', async () => {
    let answer: (() => void) | undefined;
    const { send } = await start((_request, response) => void (answer = () => void response.writeHead(200).end()), {
      timeout: 30 * 86_400_000,
    });
    const exchanged = send();
    await until('the request', () => answer !== undefined);
    answer?.();
    expect(await exchanged).toMatchObject({ status: 200 });
  });

  it('applies a shorter timeout to one exchange', async () => {
    const { client } = await start(silent);
    await expect(client.exchange(POST, { where: 'the order', withinMs: 50 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  it('reports sent: no for a request that waited for a connection', async () => {
    const { service, client, send } = await start(silent, { connections: 1 });
    const first = send();
    const ended = expect(first).rejects.toMatchObject({ code: 'CUT_OFF' });
    await until('the first request', () => service.seen.length === 1);
    const second = client.exchange({ ...POST, path: '/second' }, { where: 'the second', withinMs: 50 });
    await expect(second).rejects.toMatchObject({ code: 'TIMED_OUT', options: { sent: 'no' } });
    await client.close();
    await ended;
    expect(service.seen).toHaveLength(1);
  });

  it('never sends a request that timed out while it waited for a connection', async () => {
    let answerFirst: (() => void) | undefined;
    const { service, client, send } = await start(
      (request, response) => {
        if (answerFirst) answerOk(request, response);
        else answerFirst = () => answerOk(request, response);
      },
      { connections: 1 },
    );
    const first = send();
    await until('the first request', () => answerFirst !== undefined);
    const second = client.exchange({ ...POST, path: '/second' }, { where: 'the second', withinMs: 50 });
    await expect(second).rejects.toMatchObject({ code: 'TIMED_OUT' });
    answerFirst?.();
    await first;
    await client.exchange({ ...POST, path: '/third' }, { where: 'the third' });
    expect(service.seen.map(({ url }) => url)).toEqual(['/api/orders', '/api/third']);
  });

  it('rejects when the signal fires', async () => {
    const { service, send } = await start(silent);
    const giveUp = new AbortController();
    const sending = send(giveUp.signal);
    const failed = expect(sending).rejects.toMatchObject({ code: 'TIMED_OUT', options: { sent: 'unknown' } });
    await until('the request', () => service.seen.length === 1);
    giveUp.abort();
    await failed;
    await until('its connection is cut', () => service.connections() === 0);
  });

  it('sends no request when the signal has fired before', async () => {
    const { service, send } = await start();
    await expect(send(AbortSignal.abort())).rejects.toMatchObject({ code: 'TIMED_OUT', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('reports sent: no when the server is not running', async () => {
    const { service, send } = await start();
    await service.close();
    const message = expect.stringMatching(/ECONNREFUSED 127[.\d:]+$/);
    await expect(send()).rejects.toMatchObject({ code: 'UNREACHABLE', fate: 'unavailable', message, options: { sent: 'no' } });
  });

  it('reports sent: no when the TLS handshake does not end', async () => {
    const port = await startSocket(() => undefined);
    const client = clientOf(`https://127.0.0.1:${port}`, { connectTimeout: 100 });
    const failed = client.exchange(POST, { where: 'the order' });
    await expect(failed).rejects.toMatchObject({ code: 'UNREACHABLE', options: { sent: 'no' } });
  });

  it.each<[string, Answer]>([
    ['before the answer', (request) => request.socket.resetAndDestroy()],
    [
      'in the middle of the answer',
      (_request, response) => response.writeHead(200, { 'content-length': 9 }).write('half', () => response.destroy()),
    ],
  ])('throws the error of the connector when the connection is cut %s', async (_when, answer) => {
    const { send } = await start(answer);
    await expect(send()).rejects.toMatchObject({ code: 'CUT_OFF', fate: 'retry', options: { sent: 'unknown' } });
  });

  it('throws the error of the connector when the server does not speak HTTP', async () => {
    const port = await startSocket((socket) => socket.once('data', () => socket.write('220 mail.test ESMTP\r\n')));
    const failed = clientOf(`http://127.0.0.1:${port}`).exchange(POST, { where: 'the order' });
    await expect(failed).rejects.toMatchObject({ code: 'CUT_OFF', options: { sent: 'unknown' } });
  });

  it('accepts an answer of the maximum size, and refuses a larger one', async () => {
    const { send } = await start((_request, response) => void response.end('x'.repeat(1024)));
    expect((await send()).body).toHaveLength(1024);
    const { send: sendAgain } = await start((_request, response) => void response.end('x'.repeat(1025)));
    await expect(sendAgain()).rejects.toMatchObject({ code: 'BAD_ANSWER', fate: 'rejected', options: { sent: 'yes' } });
  });

  it.each([
    ['an invalid method', { ...POST, method: 'GET IT' }],
    ['a header that undici reserves', { ...POST, headers: { expect: '100-continue' } }],
  ])('does not send %s', async (_what, request) => {
    const { service, client } = await start();
    const failed = client.exchange(request, { where: 'the order' });
    await expect(failed).rejects.toMatchObject({ code: 'REJECTED', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('leaves no connection open after close', async () => {
    const { service, client, send } = await start();
    await send();
    await client.close();
    await until('no connection', () => service.connections() === 0);
  });
});

describe('WebClient over TLS', () => {
  it('trusts the configured authority', async () => {
    const { send } = await start(answerOk, { tls: { ca: TLS.cert, rejectUnauthorized: true } }, TLS);
    expect(await send()).toMatchObject({ status: 200 });
  });

  it.each([
    ['no options', undefined],
    ['strict options', { rejectUnauthorized: true }],
  ])('sends no request to a server with an untrusted certificate, with %s', async (_which, tls) => {
    const { service, send } = await start(answerOk, { tls }, TLS);
    await expect(send()).rejects.toMatchObject({ code: 'UNREACHABLE', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('accepts any certificate if rejectUnauthorized is false', async () => {
    const { send } = await start(answerOk, { tls: { rejectUnauthorized: false } }, TLS);
    expect(await send()).toMatchObject({ status: 200 });
  });

  it('presents its own certificate', async () => {
    const shown: unknown[] = [];
    const { send } = await start(
      (request, response) => {
        shown.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
        answerOk(request, response);
      },
      { tls: { ca: TLS.cert, ...TLS, rejectUnauthorized: true } },
      { ...TLS, requestCert: true, ca: TLS.cert },
    );
    await send();
    expect(shown).toEqual(['localhost']);
  });
});
