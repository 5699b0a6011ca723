import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readConsumerTimeout } from './consumer-timeout.js';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** The relevant fields of a consumer in the answer of RabbitMQ 4.0.5. RabbitMQ 3.10 has no `consumer_timeout`. */
const consumer = (timeout?: unknown) => ({
  queue: { name: 'flow.save', vhost: '/' },
  ack_required: true,
  ...(timeout !== undefined && { consumer_timeout: timeout }),
});

async function read(answer: string, { status = 200, url = 'amqp://sluice:p%40ss@127.0.0.1' } = {}) {
  const asked: { path?: string; authorization?: string } = {};
  server = createServer((request, response) => {
    Object.assign(asked, { path: request.url, authorization: request.headers.authorization });
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { found: await readConsumerTimeout(url, (server.address() as AddressInfo).port), asked };
}

describe('readConsumerTimeout', () => {
  it('returns the shortest timeout of the consumers of the virtual host', async () => {
    const { found, asked } = await read(JSON.stringify([consumer(1_800_000), consumer(60_000), consumer()]));
    expect(found).toBe(60_000);
    expect(asked).toEqual({
      path: '/api/consumers/%2F',
      authorization: `Basic ${Buffer.from('sluice:p@ss').toString('base64')}`,
    });
  });

  it('requests the virtual host of the address', async () => {
    const { asked } = await read('[]', { url: 'amqp://127.0.0.1/shop%2Feast' });
    expect(asked.path).toBe('/api/consumers/shop%2Feast');
  });

  it.each([
    ['RabbitMQ 3.10, which has no such field', JSON.stringify([consumer()]), 200],
    ['a timeout that is switched off', JSON.stringify([consumer(0)]), 200],
    ['a user without the tag', '{"error":"not_authorised"}', 401],
    ['a web page', '<html></html>', 200],
    ['an answer that is too large', JSON.stringify([consumer(60_000), { more: 'x'.repeat(5 * 1024 ** 2) }]), 200],
    ['JSON of another form', '[null, 7]', 200],
  ])('returns undefined for %s', async (_what, answer, status) => {
    expect((await read(answer, { status })).found).toBeUndefined();
  });

  it('returns undefined when nothing listens', async () => {
    expect(await readConsumerTimeout('amqp://127.0.0.1', 1)).toBeUndefined();
  });
});
