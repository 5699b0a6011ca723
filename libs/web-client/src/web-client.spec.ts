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

/** Of `localhost`, signed by itself, until 2120. */
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

/** A server that speaks no HTTP. */
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

describe('an exchange with a web server', () => {
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
    ['of an unknown encoding', 'zstd', Buffer.from('x'), 'the encoding is not known'],
    ['that is not whole', 'gzip', gzipSync('Ёжик').subarray(0, 15), 'unexpected end of file'],
    ['that is not what it says', 'gzip', Buffer.from('text'), 'incorrect header check'],
    [
      'that is larger than maxResponse when it is unpacked',
      'gzip',
      gzipSync('x'.repeat(1_025)),
      'larger than maxResponse, 1024 bytes',
    ],
    ['with more encodings than anybody uses', 'gzip, gzip, gzip, gzip', Buffer.from('x'), 'more than 3 encodings'],
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

  it('sends the request as it is told, and gives the answer as it came', async () => {
    const { service, client } = await start(
      (_request, response) => void response.writeHead(418, { 'x-tea': 'yes' }).end('short'),
    );
    const request = { ...POST, query: { n: 1 }, headers: { 'x-shop': 'main' } };
    const answer = await client.exchange(request, { where: 'the order' });
    expect(answer).toMatchObject({ status: 418, headers: { 'x-tea': 'yes' }, body: Buffer.from('short') });
    expect(service.seen).toMatchObject([{ method: 'POST', url: '/api/orders?n=1', body: '{}', headers: { 'x-shop': 'main' } }]);
  });

  it('uses a connection again', async () => {
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

  it('opens no more connections than it may', async () => {
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

  it('does not know what has become of a request that got no answer in time', async () => {
    const { send } = await start(silent, { timeout: 50 });
    await expect(send()).rejects.toMatchObject({
      code: 'TIMED_OUT',
      fate: 'retry',
      message: 'the order: no answer within 0.05 s',
      options: { sent: 'unknown' },
    });
  });

  it('can be given less time than others have', async () => {
    const { client } = await start(silent);
    await expect(client.exchange(POST, { where: 'the order', withinMs: 50 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  it('knows that nothing was sent while it waited for a connection', async () => {
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

  it('never sends afterwards what was given up while it waited', async () => {
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

  it('is given up when the signal fires', async () => {
    const { service, send } = await start(silent);
    const giveUp = new AbortController();
    const sending = send(giveUp.signal);
    const failed = expect(sending).rejects.toMatchObject({ code: 'TIMED_OUT', options: { sent: 'unknown' } });
    await until('the request', () => service.seen.length === 1);
    giveUp.abort();
    await failed;
    await until('its connection is cut', () => service.connections() === 0);
  });

  it('sends nothing when the signal has fired before', async () => {
    const { service, send } = await start();
    await expect(send(AbortSignal.abort())).rejects.toMatchObject({ code: 'TIMED_OUT', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('knows that nothing was sent when nobody is there', async () => {
    const { service, send } = await start();
    await service.close();
    await expect(send()).rejects.toMatchObject({ code: 'UNREACHABLE', fate: 'unavailable', options: { sent: 'no' } });
  });

  it('knows that nothing was sent when the handshake does not end', async () => {
    const port = await startSocket(() => undefined);
    const client = clientOf(`https://127.0.0.1:${port}`, { connectTimeout: 100 });
    const failed = client.exchange(POST, { where: 'the order' });
    await expect(failed).rejects.toMatchObject({ code: 'UNREACHABLE', options: { sent: 'no' } });
  });

  it.each<[string, Answer]>([
    ['before the answer', (request) => request.socket.resetAndDestroy()],
    [
      'in the middle of it',
      (_request, response) => response.writeHead(200, { 'content-length': 9 }).write('half', () => response.destroy()),
    ],
  ])('fails as the connector says when the connection breaks off %s', async (_when, answer) => {
    const { send } = await start(answer);
    await expect(send()).rejects.toMatchObject({ code: 'CUT_OFF', fate: 'retry', options: { sent: 'unknown' } });
  });

  it('fails so too when the other side speaks no HTTP', async () => {
    const port = await startSocket((socket) => socket.once('data', () => socket.write('220 mail.test ESMTP\r\n')));
    const failed = clientOf(`http://127.0.0.1:${port}`).exchange(POST, { where: 'the order' });
    await expect(failed).rejects.toMatchObject({ code: 'CUT_OFF', options: { sent: 'unknown' } });
  });

  it('takes an answer of the largest size, and none that is larger', async () => {
    const { send } = await start((_request, response) => void response.end('x'.repeat(1024)));
    expect((await send()).body).toHaveLength(1024);
    const { send: sendAgain } = await start((_request, response) => void response.end('x'.repeat(1025)));
    await expect(sendAgain()).rejects.toMatchObject({ code: 'BAD_ANSWER', fate: 'rejected', options: { sent: 'yes' } });
  });

  it.each([
    ['a method that is none', { ...POST, method: 'GET IT' }],
    ['a header that undici keeps for itself', { ...POST, headers: { expect: '100-continue' } }],
  ])('does not send %s', async (_what, request) => {
    const { service, client } = await start();
    const failed = client.exchange(request, { where: 'the order' });
    await expect(failed).rejects.toMatchObject({ code: 'REJECTED', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('leaves no connection behind when the client is closed', async () => {
    const { service, client, send } = await start();
    await send();
    await client.close();
    await until('no connection', () => service.connections() === 0);
  });
});

describe('an exchange over TLS', () => {
  it('trusts the authority that it is given', async () => {
    const { send } = await start(answerOk, { tls: { ca: TLS.cert, rejectUnauthorized: true } }, TLS);
    expect(await send()).toMatchObject({ status: 200 });
  });

  it.each([
    ['no options', undefined],
    ['strict ones', { rejectUnauthorized: true }],
  ])('sends nothing to a server that nobody vouches for, with %s', async (_which, tls) => {
    const { service, send } = await start(answerOk, { tls }, TLS);
    await expect(send()).rejects.toMatchObject({ code: 'UNREACHABLE', options: { sent: 'no' } });
    expect(service.seen).toEqual([]);
  });

  it('takes any certificate when it is told so', async () => {
    const { send } = await start(answerOk, { tls: { rejectUnauthorized: false } }, TLS);
    expect(await send()).toMatchObject({ status: 200 });
  });

  it('shows its own certificate', async () => {
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
