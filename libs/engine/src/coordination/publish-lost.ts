import { viewError, type Log } from '@sluice/plugin-api';
import { pause } from './lease.js';
import type { Bus, Outgoing } from '../ports/bus.js';

/** Beside the time that each try takes: long enough for a broker that restarts. */
const MAX_TRIES = 30;
const AGAIN_MS = 1_000;

export interface LostWork {
  /** What it is, in the words of the log. */
  readonly what: string;
  /** When it began, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly bus: Bus;
  readonly log: Log;
  /** Fires when the host stops: no further try is made. */
  readonly signal: AbortSignal;
}

/**
 * Publishes what came of work whose message the broker has taken back meanwhile, because a connection broke or because the work took longer
 * than its consumer_timeout. Makes at most 30 tries, a second apart.
 *
 * @returns true when the outputs are confirmed; false: the work is done again when its message comes, under the same ids. Never rejects
 */
export async function publishLost(outputs: readonly Outgoing[], { what, sinceMs, bus, log, signal }: LostWork): Promise<boolean> {
  const tookS = Math.round((Date.now() - sinceMs) / 1_000);
  log.warn(`the broker took the message of ${what} back after at most ${tookS} s: its result is kept`, {
    cure: 'if no connection broke, raise consumer_timeout of RabbitMQ and settings.rabbit.consumerTimeout above the longest call',
  });
  for (let tries = 1; ; tries++) {
    try {
      await bus.publish(outputs);
      return true;
    } catch (error) {
      if (tries >= MAX_TRIES || signal.aborted) {
        log.warn(`the result of ${what} cannot be published: it is done again under the same ids`, {
          error: viewError(error).message,
        });
        return false;
      }
      await pause(AGAIN_MS, signal);
    }
  }
}
