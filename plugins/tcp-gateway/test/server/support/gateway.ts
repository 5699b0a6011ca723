import { afterEach } from '@jest/globals';
import { MemoryLog } from '@sluice/testing';
import { startStompServer, type StompServer, type StompServerOptions } from '../../../src/server/server.js';
import { FakeStompHandler } from './fake-stomp-handler.js';
import { RawClient } from './raw-client.js';

export interface Gateway {
  readonly handler: FakeStompHandler;
  readonly server: StompServer;
  readonly log: MemoryLog;
  readonly port: number;
  readonly open: () => Promise<RawClient>;
  readonly letIn: (headers?: Readonly<Record<string, string>>) => Promise<RawClient>;
}

const running: { close(): Promise<void> }[] = [];

/** Stops every gateway of a test after it. Call it once in a file of tests. */
export function stopGateways(): void {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.close()));
  });
}

/** A server on a free port with a desk that remembers. Clients are cut off when it stops. */
export async function startGateway(options: Partial<StompServerOptions> = {}): Promise<Gateway> {
  const handler = new FakeStompHandler();
  const log = new MemoryLog();
  const limits = { closeTimeout: 100, ...options.limits };
  const server = await startStompServer({ handler, log, tcp: { host: '127.0.0.1', port: 0 }, ...options, limits });
  const port = server.tcpPort ?? 0;
  const clients: RawClient[] = [];
  const keep = async (opening: Promise<RawClient>) => {
    const client = await opening;
    clients.push(client);
    return client;
  };
  running.push({
    close: async () => {
      for (const client of clients) client.destroy();
      await server.close();
    },
  });
  return {
    handler,
    server,
    log,
    port,
    open: () => keep(RawClient.open(port)),
    letIn: (headers) => keep(RawClient.letIn(port, headers)),
  };
}
