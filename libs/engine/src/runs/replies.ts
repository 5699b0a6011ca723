import { engineFail, newEventId, type ErrorView, type Reply, type Clock } from '@sluice/plugin-api';
import type { Bus, Consumer, Outgoing } from '../ports/bus.js';
import { queues } from '../ports/bus.js';

const REPLY_PREFETCH = 200;

/**
 * Callers of this host that wait for a flow's reply. Replies arrive over an exclusive queue of this host: when the host dies, its callers
 * see a broken connection and repeat the request.
 */
export class Replies {
  /**
   * By the run, and not by the id of the event, which is unique only for its source: a caller must not receive the reply to another caller.
   * Several callers may wait for one run when they sent the event under the same id.
   */
  readonly #waiting = new Map<string, Set<(reply: Reply) => void>>();
  readonly #expiries = new Set<() => void>();
  #consumer: Consumer | undefined;
  readonly queue: string;

  constructor(
    private readonly bus: Bus,
    hostId: string,
    private readonly clock: Clock,
  ) {
    this.queue = queues.reply(hostId);
  }

  async start(): Promise<void> {
    await this.bus.declare({ queue: this.queue, exclusive: true });
    this.#consumer = await this.bus.consume(this.queue, { prefetch: REPLY_PREFETCH }, (delivery) => {
      const { attributes, body } = delivery.message;
      for (const receive of this.#waiting.get(attributes.correlationid ?? '') ?? [])
        receive(JSON.parse(body.toString()) as Reply);
      delivery.settle([]);
    });
  }

  /** Returns a promise of the reply of this run. It rejects with `REPLY_LATE` when no reply arrives in time. */
  expect(run: string, withinMs: number): Promise<Reply> {
    const waiting = this.#waiting.get(run) ?? new Set();
    this.#waiting.set(run, waiting);
    return new Promise((resolve, reject) => {
      const leave = () => {
        timer.cancel();
        waiting.delete(receive);
        this.#expiries.delete(expire);
        if (waiting.size === 0) this.#waiting.delete(run);
      };
      const receive = (reply: Reply) => {
        leave();
        resolve(reply);
      };
      const expire = () => {
        leave();
        reject(engineFail.REPLY_LATE(`no reply of run ${run} in time`));
      };
      const timer = this.clock.after(withinMs, expire);
      this.#expiries.add(expire);
      waiting.add(receive);
    });
  }

  /** Stops receiving replies and rejects all waits. */
  async stop(): Promise<void> {
    await this.#consumer?.stop();
    for (const expire of [...this.#expiries]) expire();
  }
}

/**
 * Returns the reply as a message to the waiting host, which is dropped when that host has ended.
 *
 * @param now milliseconds since 1970
 */
export function replyMessage(to: string, run: string, flow: string, reply: Reply, now: number): Outgoing {
  return {
    queue: to,
    droppable: true,
    message: {
      attributes: {
        id: newEventId(),
        source: `/flows/${flow}`,
        type: 'sluice.reply',
        time: new Date(now).toISOString(),
        correlationid: run,
        datacontenttype: 'application/json',
      },
      body: Buffer.from(JSON.stringify(reply)),
    },
  };
}

/** Returns the reply to a caller whose run ended without a `reply` step. */
export function replyOfOutcome(
  end:
    | { readonly outcome: 'done' | 'stopped' | 'expired' | 'duplicate' }
    | { readonly outcome: 'failed'; readonly error: ErrorView },
  eventId: string,
): Reply {
  const json = { 'content-type': 'application/json; charset=utf-8' };
  switch (end.outcome) {
    case 'done':
    case 'stopped':
      return { status: 204, headers: {} };
    case 'expired':
      return {
        status: 504,
        headers: json,
        data: { id: eventId, code: 'EXPIRED', message: 'the event expired before the flow was through' },
      };
    case 'duplicate':
      return { status: 200, headers: json, data: { id: eventId, duplicate: true } };
    case 'failed': {
      const { code, message, fate } = end.error;
      const status = fate === 'rejected' ? 422 : fate === 'fatal' ? 500 : 502;
      return { status, headers: json, data: { id: eventId, code, message } };
    }
  }
}
