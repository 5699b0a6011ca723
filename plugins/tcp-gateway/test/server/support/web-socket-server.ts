import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StompServer } from '../../../src/server/server.js';

/** Starts an HTTP server that passes all upgrade requests to the STOMP server, as the host does for `/stomp`. */
export async function startWebSocketServer(stomp: StompServer): Promise<{ readonly url: string; close(): void }> {
  const http: Server = createServer();
  http.on('upgrade', stomp.handleUpgrade);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/stomp`,
    close: () => http.close(),
  };
}
