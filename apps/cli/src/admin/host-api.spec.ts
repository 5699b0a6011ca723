import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HostApi, TokenRefusedError } from './host-api.js';

let server: Server;

/** Returns the API of a server that sends this answer to every request. */
async function apiOf(status: number, text: string): Promise<HostApi> {
  server = createServer((_request, response) => void response.writeHead(status).end(text)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new HostApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token');
}

describe('HostApi', () => {
  afterEach(() => void server.close());

  it('throws the error of the host with its cure', async () => {
    const api = await apiOf(403, '{"code":"FORBIDDEN","message":"the token lacks the scope admin","cure":"ask for one"}');
    await expect(api.get('/api/status')).rejects.toThrow('the token lacks the scope admin: ask for one');
  });

  it.each(['<html>', '{"error":"not found"}', 'null', '[]'])(
    'reports that the server may not be a host when it answers %s',
    async (text) => {
      const api = await apiOf(404, text);
      await expect(api.get('/api/status')).rejects.toThrow(
        `${api.url} answered 404: check that SLUICE_URL is the address of a host of Sluice`,
      );
    },
  );

  it('reports a host that answers in another format', async () => {
    const api = await apiOf(200, '{"items":[{"type":"order.created"}]}');
    await expect(api.admin.unrouted({})).rejects.toThrow(
      /GET \/api\/unrouted in another format \(items: 0: count: .*the release that/,
    );
  });

  it('throws a TokenRefusedError when the host answers 401', async () => {
    const api = await apiOf(401, '{"code":"TOKEN_INVALID","message":"the token has expired","cure":"sign a new one"}');
    await expect(api.get('/api/status')).rejects.toThrow(TokenRefusedError);
  });

  it('sends the token that its function returns with each request', async () => {
    const sent: (string | undefined)[] = [];
    server = createServer((request, response) => {
      sent.push(request.headers.authorization);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    let signed = 0;
    const api = new HostApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => `token${++signed}`);
    await api.get('/api/status');
    await api.get('/api/status');
    expect(sent).toEqual(['Bearer token1', 'Bearer token2']);
  });
});
