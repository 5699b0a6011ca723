import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { inLoops, order, postJson } from './calls.js';

const IN_FLIGHT = 16;
const AGAIN_MS = 100;
/** Timeout of a request, because a killed host may never answer it. */
const ANSWER_MS = 5_000;

/** Events of one type, numbered from 0. */
export interface Sent {
  readonly type: string;
  readonly data: (number: number) => object;
}

const ORDERS: Sent = { type: 'order.demo', data: order };

export interface SenderOptions {
  /** Returns the URL of the host; undefined while no host is ready. */
  readonly url: () => string | undefined;
  readonly token: string;
  readonly signal: AbortSignal;
}

/** Sends events `order.demo`, as {@link sendEvents} does. */
export function sendOrders(count: number, options: SenderOptions, accepted: () => void): Promise<void> {
  return sendEvents(ORDERS, count, options, accepted);
}

/**
 * Sends events to the host over HTTP. An event is repeated under the same id until the host answers 202; a sender needs nothing else to
 * lose no event.
 */
export async function sendEvents(
  { type, data }: Sent,
  count: number,
  { url, token, signal }: SenderOptions,
  accepted: () => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const isAccepted = async (number: number, id: string): Promise<boolean> => {
    const door = url();
    if (door === undefined) return false;
    const headers = { authorization: `Bearer ${token}`, 'ce-id': id };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const answer = await postJson(`${door}/events/${type}`, data(number), { agent, headers, signal: limit }).catch(
      () => undefined,
    );
    return answer?.status === 202;
  };
  try {
    await inLoops(count, IN_FLIGHT, async (number) => {
      const id = randomUUID();
      while (!(await isAccepted(number, id))) await pause(AGAIN_MS, undefined, { signal });
      accepted();
    });
  } finally {
    agent.destroy();
  }
}
