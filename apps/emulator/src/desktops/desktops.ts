import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DesktopTally, type DesktopStats } from './tally.js';
import { DesktopUser, type DesktopBehaviour } from './user.js';
import { parseJson, readText, sendJson } from '../onec/wire.js';

export interface DesktopOptions
  extends Partial<Omit<DesktopBehaviour, 'gateway' | 'token'>>, Pick<DesktopBehaviour, 'gateway' | 'token'> {
  /** Number of users; their names are `user1`, `user2` and so on. */
  readonly users: number;
  /** Port of the HTTP interface on loopback; 0: a free port. */
  readonly port: number;
}

/** Running stand-ins for desktop clients of 1C. */
export interface Desktops {
  /** Address of `GET /__stats`, `POST /__offline`, `POST /__online` and `POST /__reset`. */
  readonly url: string;
  stats(options?: { readonly ids?: boolean }): DesktopStats;
  /** Resets the connections of the first `count` users (default: all), as a power failure does. They stay offline until `goOnline`. */
  goOffline(count?: number): void;
  goOnline(count?: number): void;
  /** Returns the user with this number, from 1. */
  user(number: number): Pick<DesktopUser, 'name' | 'subscribe' | 'send'>;
  reset(): void;
  close(): Promise<void>;
}

const HEART_BEAT_MS = 10_000;

/**
 * Starts desktop clients of a gateway: plain STOMP over TCP, each with its own token. All of them connect at once, as at the beginning of a
 * working day. Each client acknowledges its events and reconnects after a loss. `GET /__stats` (`?ids=1`) returns their counters.
 */
export async function startDesktops(options: DesktopOptions): Promise<Desktops> {
  const behaviour: DesktopBehaviour = { topics: [], heartBeat: HEART_BEAT_MS, acknowledges: true, ...options };
  const tally = new DesktopTally(options.users);
  const users = Array.from({ length: options.users }, (_, at) => new DesktopUser(`user${at + 1}`, behaviour, tally));
  const desktops = {
    stats: ({ ids = false } = {}) => tally.stats(ids),
    goOffline: (count = users.length) => users.slice(0, count).forEach((user) => user.goOffline()),
    goOnline: (count = users.length) => users.slice(0, count).forEach((user) => user.goOnline()),
    reset: () => tally.reset(),
  };
  const server = createServer((request, response) => void answer(desktops, request, response));
  await listen(server, options.port);
  desktops.goOnline();
  return {
    ...desktops,
    user: (number) => {
      const found = users[number - 1];
      if (!found) throw new RangeError(`there are ${users.length} users, and no user ${number}`);
      return found;
    },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      desktops.goOffline();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Remote = Omit<Desktops, 'url' | 'user' | 'close'>;

/** Handles a request. The body of `POST /__offline` and `POST /__online` is `{ "users": 100 }`, or empty for all users. */
async function answer(desktops: Remote, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://desktops');
  const count = countOf(await readText(request));
  if (pathname === '/__offline') desktops.goOffline(count);
  else if (pathname === '/__online') desktops.goOnline(count);
  else if (pathname === '/__reset') desktops.reset();
  else if (pathname !== '/__stats')
    return sendJson(response, 404, { error: 'GET /__stats, POST /__offline, /__online, /__reset' });
  sendJson(response, 200, desktops.stats({ ids: searchParams.get('ids') === '1' }));
}

function countOf(body: string): number | undefined {
  const { users } = (parseJson(body) ?? {}) as { users?: unknown };
  return typeof users === 'number' ? users : undefined;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
