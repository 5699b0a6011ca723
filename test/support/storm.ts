import { expect } from '@jest/globals';
import { drive } from './drive.js';
import { SAVE_CALL } from './samples.js';
import type { Stage } from './stage.js';
import { PATIENCE_MS, until } from './until.js';
import { judge, type Verdict } from './witness.js';

/** Whether all faults run (`SLUICE_FAULTS=full`), or a shorter selection that fits into every test run. */
export const FULL = ['full', 'soak'].includes(process.env['SLUICE_FAULTS'] ?? 'quick');
const EVENTS = FULL ? 20_000 : 2_000;

/** Time for one storm. It includes leases, grace periods and backoffs, on a machine that may be busy. */
export const FAULT_TIMEOUT_MS = FULL ? 900_000 : 240_000;
/** Time for the queues to become empty after a storm. Ten thousand parked runs take longer to be stored than a hundred. */
export const DRAIN_MS = FULL ? 300_000 : PATIENCE_MS;

/**
 * Maximum number of repeated calls after one crash, each with its old id: the calls in flight, at most ten, and the calls that have ended
 * and whose continuation is not confirmed, at most 200.
 */
export const REPEATS_PER_CRASH = 210;

export interface Storm {
  /** Resolves when 1C has carried out this share of the events. */
  readonly reached: (share: number) => Promise<void>;
}

let storms = 0;

/**
 * Sends events to the flow `save` while the fault happens, waits until 1C has carried out every call and all queues are empty, and
 * resolves with the verdict. The driver retries, so that every event is finally accepted.
 */
export async function storm(
  stage: Stage,
  fault: (storm: Storm) => Promise<void>,
  options: { readonly events?: number; readonly call?: typeof SAVE_CALL } = {},
): Promise<Verdict> {
  const { onec } = stage;
  const round = ++storms;
  const events = Array.from({ length: options.events ?? EVENTS }, (_, n) => `${process.pid}-${round}-${n}`);
  const carriedOut = (count: number) =>
    until(`${count} of ${events.length} calls to be carried out`, () => onec.stats().distinct >= count, FAULT_TIMEOUT_MS);
  onec.reset();
  await Promise.all([
    drive(events, { doors: stage.doors, type: 'order.created', withinMs: FAULT_TIMEOUT_MS }),
    fault({ reached: (share) => carriedOut(Math.floor(events.length * share)).then(() => undefined) }),
  ]);
  await carriedOut(events.length);
  await stage.drained(DRAIN_MS);
  return judge(onec, events, options.call ?? SAVE_CALL);
}

/** Verifies the guarantees of every storm: no lost events, no unknown ids, at most ten concurrent calls and `repeats` repeated calls. */
export function expectSafe(verdict: Verdict, { repeats }: { readonly repeats: number }): void {
  expect(verdict).toMatchObject({ lost: [], strangers: [] });
  expect(verdict.peak).toBeLessThanOrEqual(10);
  expect(verdict.repeats).toBeLessThanOrEqual(repeats);
}
