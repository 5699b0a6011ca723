import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that answers after a while, refuses calls above its limit, and records everything that reached it. */
export interface SlowBackend {
  readonly url: string;
  /** Maximum number of calls at once so far. */
  readonly peak: number;
  readonly refused: number;
  /** Number of calls by id, including refused ones. */
  readonly seen: ReadonlyMap<string, number>;
  /** Number of calls that run now. */
  readonly open: number;
  close(): Promise<void>;
}

/** Starts the server. A call runs for `callMs` even if its caller is gone, as in 1C. */
export async function startSlowBackend(limit: number, callMs: number): Promise<SlowBackend> {
  const seen = new Map<string, number>();
  const state = { peak: 0, refused: 0, open: 0 };
  const server = createServer((request, response) => {
    const id = String(request.headers['x-request-id']);
    seen.set(id, (seen.get(id) ?? 0) + 1);
    request.resume();
    state.peak = Math.max(state.peak, state.open + 1);
    if (state.open >= limit) {
      state.refused += 1;
      response.writeHead(503).end();
      return;
    }
    state.open += 1;
    setTimeout(() => {
      state.open -= 1;
      response.writeHead(200).end();
    }, callMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    get peak() {
      return state.peak;
    },
    get refused() {
      return state.refused;
    },
    get open() {
      return state.open;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
