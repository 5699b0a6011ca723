import type { Onec } from '@sluice/emulator';
import { runId } from '@sluice/plugin-api';
import { SOURCE } from './drive.js';

/** The outcome of the events according to the driver and to 1C, independent of the counters of the hosts. */
export interface Verdict {
  /** Events whose call 1C has never carried out. */
  readonly lost: readonly string[];
  /** Ids of calls that belong to no event, such as a repeat without the id of the first call. */
  readonly strangers: readonly string[];
  /** Number of repeated calls, without the first call of each event. */
  readonly repeats: number;
  /** Number of calls for the event that was called most often. */
  readonly most: number;
  readonly peak: number;
  readonly refused: number;
}

/** Returns the `X-Request-Id` of the call for an event, which must be the same after any crash. */
export function requestId(event: string, flow: string, step: string): string {
  return `${runId(SOURCE, event, flow)}/${step}`;
}

export function judge(onec: Onec, events: readonly string[], call: { readonly flow: string; readonly step: string }): Verdict {
  const { ids = {}, distinct, peak, refused } = onec.stats({ ids: true });
  const expected = new Map(events.map((event) => [requestId(event, call.flow, call.step), event]));
  const counts = Object.entries(ids).map(([id, { count }]) => ({ id, count }));
  const lost = [...expected].filter(([id]) => ids[id] === undefined).map(([, event]) => event);
  // calls that 1C has received and never carried out; the emulator does not report their ids
  const unfinished = events.length - lost.length - distinct;
  return {
    lost: unfinished > 0 ? [...lost, `${unfinished} received and not carried out`] : lost,
    strangers: counts.filter(({ id }) => !expected.has(id)).map(({ id }) => id),
    repeats: counts.reduce((sum, { count }) => sum + count - 1, 0),
    most: Math.max(0, ...counts.map(({ count }) => count)),
    peak,
    refused,
  };
}
