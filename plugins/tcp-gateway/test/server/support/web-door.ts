import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StompServer } from '../../../src/server/server.js';

/** An HTTP server whose upgrades all go to the STOMP server, as the host's do for `/stomp`. */
export async function openWebDoor(stomp: StompServer): Promise<{ readonly url: string; close(): void }> {
  const http: Server = createServer();
  http.on('upgrade', stomp.handleUpgrade);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/stomp`,
    close: () => http.close(),
  };
}
