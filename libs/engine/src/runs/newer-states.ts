import type { Log } from '@sluice/plugin-api';
import type { Delivery } from '../ports/bus.js';
import { RUN_STATE_VERSION, type NewerRunState } from './run-state.js';

/** A host of the newer release has this long to take the message before this host sees it again. */
const HAND_BACK_MS = 5_000;
/** Each queue is reported at most once in this time. */
const REPORT_MS = 60_000;

/** States of a newer release that this host has met in one queue. */
export interface NewerStates {
  readonly queue: string;
  /** The newest version that was met. */
  readonly version: number;
  /** How often a state was handed back since the host started; one state counts each time. */
  readonly handedBack: number;
  /** Unix milliseconds. */
  readonly lastAt: number;
}

/**
 * Hands runs back that a newer release has written, as happens while hosts are upgraded one after another. They go to the end of their
 * queue after a durable pause, spend no attempt and count as no death of a host.
 */
export class NewerStateQueues {
  readonly #met = new Map<string, NewerStates & { reportedAt: number }>();

  constructor(private readonly log: Log) {}

  handBack(delivery: Delivery, { version }: NewerRunState): void {
    const now = Date.now();
    const { queue, message } = delivery;
    const before = this.#met.get(queue);
    const report = now - (before?.reportedAt ?? -Infinity) >= REPORT_MS;
    const handedBack = (before?.handedBack ?? 0) + 1;
    this.#met.set(queue, {
      queue,
      version: Math.max(version, before?.version ?? 0),
      handedBack,
      lastAt: now,
      reportedAt: report ? now : (before?.reportedAt ?? now),
    });
    if (report) {
      this.log.warn(
        `${queue}: a run waits for a host of a newer release: its state has version ${version}, this release reads up to ${RUN_STATE_VERSION}`,
        { handedBack, againInMs: HAND_BACK_MS },
      );
    }
    delivery.settle([{ queue, message, notBefore: now + HAND_BACK_MS }]);
  }

  /** Queues in which such states were met within the last minute. */
  list(): readonly NewerStates[] {
    const now = Date.now();
    return [...this.#met.values()]
      .filter(({ lastAt }) => now - lastAt <= REPORT_MS)
      .map(({ reportedAt: _reportedAt, ...met }) => met);
  }
}
