import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import type { Readable } from 'node:stream';
import { installStreamedBodies } from './streamed-bodies.js';

async function startServer() {
  const server = fastify({ bodyLimit: 10 });
  installStreamedBodies(server);
  server.post('/upload', { config: { streamedBody: true } }, async ({ body, headers }) => {
    let bytes = 0;
    if (body !== undefined) for await (const chunk of body as Readable) bytes += (chunk as Buffer).length;
    return { bytes, type: headers['x-streamed-content-type'] };
  });
  server.post('/json', async ({ body, headers }) => ({ body, type: headers['x-streamed-content-type'] ?? null }));
  await server.ready();
  return server;
}

describe('streamed bodies', () => {
  it('pass on a body of any content type and size unread, with the type that the client sent', async () => {
    const server = await startServer();
    for (const type of ['application/json', 'text/plain', 'image/png', 'application/x-unknown; a=b']) {
      const payload = Buffer.alloc(100_000, '{');
      const { json } = await server.inject({ method: 'POST', url: '/upload', headers: { 'content-type': type }, payload });
      expect(json()).toEqual({ bytes: 100_000, type });
    }
    const { json } = await server.inject({ method: 'POST', url: '/upload', headers: { 'x-streamed-content-type': 'text/html' } });
    expect(json()).toEqual({ bytes: 0, type: '' });
  });

  it('leave the bodies of other routes parsed and limited', async () => {
    const server = await startServer();
    const post = (payload: object) => server.inject({ method: 'POST', url: '/json', payload });
    expect((await post({ a: 1 })).json()).toEqual({ body: { a: 1 }, type: null });
    expect((await post({ a: 'too large for the limit' })).statusCode).toBe(413);
  });
});
