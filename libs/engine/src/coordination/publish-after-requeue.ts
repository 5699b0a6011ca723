import { viewError, type Log, pause, type Clock } from '@sluice/plugin-api';
import type { Bus, Outgoing } from '../ports/bus.js';

/** Maximum tries. With the pauses between them they take long enough for a broker to restart. */
const MAX_TRIES = 30;
const RETRY_PAUSE_MS = 1_000;

export interface RequeuedWork {
  /** Description of the work for the log. */
  readonly what: string;
  /** Monotonic time of the start of the work, in milliseconds. */
  readonly since: number;
  readonly bus: Bus;
  readonly log: Log;
  readonly clock: Clock;
  /** Fires when the host stops: no further try follows. */
  readonly signal: AbortSignal;
}

/**
 * Publishes the outputs of work whose message the broker has requeued, because a connection broke or because the work took longer than the
 * broker's `consumer_timeout`. Makes at most 30 tries, a second apart.
 *
 * @returns true when the outputs are confirmed; false when the work will be repeated with the redelivered message, under the same ids.
 *   Never rejects
 */
export async function publishAfterRequeue(
  outputs: readonly Outgoing[],
  { what, since, bus, log, clock, signal }: RequeuedWork,
): Promise<boolean> {
  const tookS = Math.round((clock.monotonic() - since) / 1_000);
  log.warn(
    `the broker requeued the message of ${what} after at most ${tookS} s: its result is published without an acknowledgement`,
    {
      cure: 'if no connection broke, raise consumer_timeout of RabbitMQ and settings.rabbit.consumerTimeout above the longest call',
    },
  );
  for (let tries = 1; ; tries++) {
    try {
      await bus.publish(outputs);
      return true;
    } catch (error) {
      if (tries >= MAX_TRIES || signal.aborted) {
        log.warn(`the result of ${what} cannot be published: the work is repeated under the same ids`, {
          error: viewError(error).message,
        });
        return false;
      }
      await pause(clock, RETRY_PAUSE_MS, signal);
    }
  }
}
