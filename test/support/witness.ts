import type { Onec } from '@sluice/emulator';
import { runId } from '@sluice/plugin-api';
import { SOURCE } from './drive.js';

/** What came of the events, by the ids of the driver and those that 1C saw: the hosts' own counters are not asked. */
export interface Verdict {
  /** Events whose call was never carried out. */
  readonly lost: readonly string[];
  /** Calls under an id that belongs to no event: a repeat that did not carry the id of the first call. */
  readonly strangers: readonly string[];
  /** Calls that came again, beyond the first of each event. */
  readonly repeats: number;
  /** How often the most repeated call came. */
  readonly most: number;
  readonly peak: number;
  readonly refused: number;
}

/** The `X-Request-Id` under which the call for an event has to come, after whatever crash. */
export function requestId(event: string, flow: string, step: string): string {
  return `${runId(SOURCE, event, flow)}/${step}`;
}

export function judge(onec: Onec, events: readonly string[], call: { readonly flow: string; readonly step: string }): Verdict {
  const { ids = {}, distinct, peak, refused } = onec.stats({ ids: true });
  const expected = new Map(events.map((event) => [requestId(event, call.flow, call.step), event]));
  const counts = Object.entries(ids).map(([id, { count }]) => ({ id, count }));
  const lost = [...expected].filter(([id]) => ids[id] === undefined).map(([, event]) => event);
  // an id that came and was never carried out: which one it is the stand-in does not tell
  const unfinished = events.length - lost.length - distinct;
  return {
    lost: unfinished > 0 ? [...lost, `${unfinished} that came and were not carried out`] : lost,
    strangers: counts.filter(({ id }) => !expected.has(id)).map(({ id }) => id),
    repeats: counts.reduce((sum, { count }) => sum + count - 1, 0),
    most: Math.max(0, ...counts.map(({ count }) => count)),
    peak,
    refused,
  };
}
