import { expect } from '@jest/globals';
import { drive } from './drive.js';
import { SAVE_CALL } from './samples.js';
import type { Stage } from './stage.js';
import { until } from './until.js';
import { judge, type Verdict } from './witness.js';

/** `SLUICE_FAULTS=full` is the whole walk; otherwise a shorter one that fits into every test run. */
export const FULL = ['full', 'soak'].includes(process.env['SLUICE_FAULTS'] ?? 'quick');
const EVENTS = FULL ? 20_000 : 2_000;

/** For one storm: beside the work itself there are leases, graces and back-offs to wait for, on a machine that others use too. */
export const FAULT_TIMEOUT_MS = FULL ? 900_000 : 240_000;

/**
 * Calls that may come again after one crash, each under its old id: those in flight, at most the limit of ten, and those that have ended
 * and whose continuation is not confirmed, at most 200.
 */
export const REPEATS_PER_CRASH = 210;

export interface Storm {
  /** Resolves when 1C has carried out this share of the events. */
  readonly reached: (share: number) => Promise<void>;
}

let storms = 0;

/**
 * Sends events through flow `save` while the fault happens, waits until 1C has carried out every one and all queues are empty, and
 * tells what 1C saw. The driver retries, so that every event is accepted in the end.
 */
export async function storm(
  stage: Stage,
  fault: (storm: Storm) => Promise<void>,
  options: { readonly events?: number } = {},
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
  await stage.drained();
  return judge(onec, events, SAVE_CALL);
}

/** What holds in every storm. `repeats`: how many calls may come again. */
export function expectSafe(verdict: Verdict, { repeats }: { readonly repeats: number }): void {
  expect(verdict).toMatchObject({ lost: [], strangers: [] });
  expect(verdict.peak).toBeLessThanOrEqual(10);
  expect(verdict.repeats).toBeLessThanOrEqual(repeats);
}
