import type { Log, Clock } from '@sluice/plugin-api';
import type { Delivery } from '../ports/bus.js';
import { RUN_STATE_VERSION } from './run-codec.js';
import type { RunState } from './run-state.js';

/** Metadata of a message: the time at which it was first returned for a host of a newer revision, in milliseconds since 1970. */
const NEWER_SINCE = 'newerSince';

/** Milliseconds for a host of the newer release to take the message before this host receives it again. */
const HAND_BACK_MS = 5_000;
/** Minimum milliseconds between two reports of a queue. */
const REPORT_MS = 60_000;

/** States of a newer release that this host has received from one queue. */
export interface NewerStates {
  readonly queue: string;
  /** The newest version that occurred. */
  readonly version: number;
  /** Number of returned deliveries since the host started; one state may count several times. */
  readonly handedBack: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/**
 * Returns runs to their queue that a newer release has written, as happens while hosts are upgraded one after another. They go to the end
 * of the queue after a durable pause, spend no attempt and do not count as the death of a host.
 */
export class NewerStateQueues {
  readonly #met = new Map<string, NewerStates & { reportedAt: number }>();

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** @param version of the state, above {@link RUN_STATE_VERSION} */
  handBack(delivery: Delivery, version: number): void {
    const now = this.clock.now();
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

  /**
   * Returns a run to its queue for a host that has its revision, as while hosts are deployed one after another. It spends no attempt.
   *
   * @param maxMs maximum time since the run was returned first, in milliseconds
   * @returns false when that time has passed; the delivery is not settled then
   */
  waitForRevision(delivery: Delivery, { flow, revision }: Pick<RunState, 'flow' | 'revision'>, maxMs: number): boolean {
    const now = this.clock.now();
    const { queue, message } = delivery;
    const { attributes, body } = message;
    const given = attributes.meta?.[NEWER_SINCE];
    const since = typeof given === 'number' ? given : now;
    if (now - since > maxMs) return false;
    if (since === now)
      this.log.info(`${flow}: a run waits for a host with its newer revision`, { revision, againInMs: HAND_BACK_MS });
    const meta = { ...attributes.meta, [NEWER_SINCE]: since };
    delivery.settle([{ queue, message: { attributes: { ...attributes, meta }, body }, notBefore: now + HAND_BACK_MS }]);
    return true;
  }

  /** Returns the queues in which such states occurred within the last minute. */
  list(): readonly NewerStates[] {
    const now = this.clock.now();
    return [...this.#met.values()]
      .filter(({ lastAt }) => now - lastAt <= REPORT_MS)
      .map(({ reportedAt: _reportedAt, ...met }) => met);
  }
}
