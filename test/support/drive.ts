import { signToken } from './tokens.js';
import { PATIENCE_MS } from './until.js';

/** The `sub` of the driver's token. */
const SENDER = 'driver';
/** The `source` of the driver's events on a host. Source and id together identify an event. */
export const SOURCE = `/issuers/operator/${SENDER}`;

const REQUEST_MS = 10_000;
const PAUSE_MS = 100;

export interface DriveOptions {
  /** Returns the URLs of the hosts that accept events; called for each attempt. */
  readonly doors: () => readonly string[];
  /** Maximum time in milliseconds until all events are accepted; the default is enough for a few thousand events. */
  readonly withinMs?: number;
  readonly type: string;
  /** Maximum number of concurrent requests. */
  readonly concurrency?: number;
}

export interface Driven {
  /** Number of failed attempts by status or error code. */
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * Sends one event for each id and repeats a request that is not answered with 202 under the same id, to any host that accepts events.
 * Resolves when all events are accepted. The ids are the test's own record of the events, independent of the hosts.
 */
export async function drive(ids: readonly string[], options: DriveOptions): Promise<Driven> {
  const token = await signToken({ sub: SENDER });
  const refused: Record<string, number> = {};
  const end = Date.now() + (options.withinMs ?? 3 * PATIENCE_MS);
  const left = [...ids].reverse();
  const sendOne = async (id: string) => {
    for (let attempt = 0; Date.now() < end; attempt++) {
      const doors = options.doors();
      const door = doors[attempt % doors.length];
      const answer = door === undefined ? 'no host' : await post(`${door}/events/${options.type}`, id, token);
      if (answer === '202') return;
      refused[answer] = (refused[answer] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new Error(`event ${id} was not accepted: ${JSON.stringify(refused)}`);
  };
  const worker = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await sendOne(id);
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 20 }, worker));
  return { refused };
}

/** Sends one event and resolves with the status, or with the code of a network error. */
async function post(url: string, id: string, token: string): Promise<string> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'ce-id': id },
      body: JSON.stringify({ number: id, text: 'x'.repeat(200) }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    await answer.arrayBuffer();
    return String(answer.status);
  } catch (error) {
    const { cause, name } = error as { cause?: { code?: string }; name: string };
    return cause?.code ?? name;
  }
}
