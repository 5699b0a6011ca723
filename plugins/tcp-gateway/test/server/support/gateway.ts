import { afterEach } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
import { MemoryLog } from '@sluice/testing';
import { startStompServer, type StompServer, type StompServerOptions } from '../../../src/server/server.js';
import { FakeStompHandler } from './fake-stomp-handler.js';
import { RawClient } from './raw-client.js';

export interface Gateway {
  readonly handler: FakeStompHandler;
  readonly server: StompServer;
  readonly log: MemoryLog;
  readonly port: number;
  /** Opens a connection without CONNECT. */
  readonly open: () => Promise<RawClient>;
  /** Opens a session. */
  readonly connect: (headers?: Readonly<Record<string, string>>) => Promise<RawClient>;
}

const running: { close(): Promise<void> }[] = [];

/** Stops the gateways of each test after the test. To be called once per file. */
export function stopGateways(): void {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.close()));
  });
}

/** Starts a server on a free port with a {@link FakeStompHandler}. Its clients are disconnected when it stops. */
export async function startGateway(options: Partial<StompServerOptions> = {}): Promise<Gateway> {
  const handler = new FakeStompHandler();
  const log = new MemoryLog();
  const limits = { closeTimeout: 100, ...options.limits };
  const server = await startStompServer({
    handler,
    log,
    clock: systemClock,
    tcp: { host: '127.0.0.1', port: 0 },
    ...options,
    limits,
  });
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
    connect: (headers) => keep(RawClient.connect(port, headers)),
  };
}
