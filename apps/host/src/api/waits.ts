import type { Wait } from '@sluice/admin-contract';
import {
  lastState,
  PUSH_CLASSES,
  queues,
  type EngineStatus,
  type JournalEntry,
  type LaneStore,
  type LaneWait,
  type LeaseRow,
  type PaceState,
  type QueueStatus,
} from '@sluice/engine';
import { ownersPace } from './connection-reports.js';

/** The state of the hosts at one moment, from which the reasons of all waiting runs are computed. */
export interface WaitSources {
  readonly status: Pick<EngineStatus, 'queues' | 'paces'>;
  readonly leases: readonly LeaseRow[];
  /** Connections with a pace. */
  readonly paced: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A reason with the end of the wait, if that is known. */
type Reason = Omit<Wait, 'until'> & { readonly until?: number };

/**
 * Returns why a run waits now. The journal names the step and the connection at which the run left its host; the owner of the connection's pace and
 * the queues show what it waits for.
 *
 * @param entries entries of one run, oldest first, its last state included
 * @returns undefined when the run has ended
 */
export function waitOf(entries: readonly JournalEntry[], sources: WaitSources): Wait | undefined {
  const state = lastState(entries);
  if (state !== undefined && state.kind !== 'waiting' && state.kind !== 'replayed') return undefined;
  const after = entries.filter(
    ({ epoch = 0, kind }) => epoch === (state?.epoch ?? 0) && (kind === 'called' || kind === 'retried'),
  );
  const call = after.filter((entry) => state === undefined || state.kind === 'replayed' || entry.step === state.step).at(-1);
  const reason = reasonOf(state, call, sources);
  if (reason === undefined) return undefined;
  const { until, text, because } = reason;
  const { item, items } = state?.waits ?? {};
  const place = item === undefined || items === undefined ? '' : `forEach item ${item + 1} of ${items}: `;
  return { because, text: `${place}${text}`, ...(until !== undefined && { until: new Date(until).toISOString() }) };
}

/** Returns the reason of an event that is held behind the run of the same key. */
function orderWait({ behind, before }: LaneWait): Wait {
  const others = before > 1 ? `, ${before} before it` : '';
  return { because: 'order', text: `order: behind run ${behind.run} of the same key${others}` };
}

/** Returns the reason of a run or an event that the lanes of these flows hold. */
export async function laneWaitOf(lanes: LaneStore, flows: readonly string[], run: string): Promise<Wait | undefined> {
  for (const flow of flows) {
    const wait = await lanes.waitsFor(flow, run);
    if (wait) return orderWait(wait);
  }
  return undefined;
}

/** @param state the last state: `waiting`, `replayed`, or none @param call the last call of the step that the run waits at */
function reasonOf(state: JournalEntry | undefined, call: JournalEntry | undefined, sources: WaitSources): Reason | undefined {
  const entry = call ?? state;
  if (entry === undefined) return undefined;
  const { waits } = state ?? {};
  // a wait that was written after the call
  const isNewer = state?.waits !== undefined && (call === undefined || state.at >= call.at);
  if (waits?.kind === 'retry' && isNewer && waits.until > sources.now)
    return { because: 'retry', text: `retry ${state?.attempt ?? 1} of ${waits.attempts} at`, until: waits.until };
  if (waits?.kind === 'call' && isNewer) return { because: 'call', text: `call of flow ${waits.flow}, run ${waits.run}` };
  if (waits?.kind === 'result' && isNewer) return resultOf(state?.step ?? '', waits.until);
  const { connection } = entry;
  const waitsForCall = call === undefined ? state?.kind === 'waiting' : call.kind === 'retried' || isNewer;
  if (waitsForCall && connection !== undefined && sources.paced.has(connection))
    return paceReason(connection, waits && 'priority' in waits ? waits.priority : undefined, sources);
  return nextReason(entry.flow, sources.status.queues);
}

function resultOf(step: string, until: number | undefined): Reason {
  return until === undefined
    ? { because: 'result', text: `the result of step ${step}` }
    : { because: 'result', text: `the result of step ${step}, at most until`, until };
}

function paceReason(connection: string, priority: string | undefined, { status, leases }: WaitSources): Reason {
  const pace = ownersPace(connection, status.paces, leases);
  if (pace === undefined) return { because: 'pace', text: `pace of ${connection}: no host owns it now` };
  return closedReason(connection, pace) ?? { because: 'pace', text: openReason(connection, priority, pace, status.queues) };
}

function closedReason(connection: string, { breaker, closedBecause, opensAt, probeAt }: PaceState): Reason | undefined {
  if (opensAt !== undefined) return { because: 'calendar', text: `calendar of ${connection} until`, until: opensAt };
  if (breaker === 'probing') return { because: 'breaker', text: `breaker of ${connection}, a probe runs now` };
  if (probeAt !== undefined) return { because: 'breaker', text: `breaker of ${connection}, next probe`, until: probeAt };
  return closedBecause === undefined ? undefined : { because: 'pause', text: `pace of ${connection}: ${closedBecause}` };
}

/** The broker does not report the position of a message in its queue: at most all others of its class are before it. */
function openReason(connection: string, priority: string | undefined, { limit }: PaceState, all: readonly QueueStatus[]): string {
  const classes = PUSH_CLASSES.filter((name) => priority === undefined || name === priority);
  const names = new Set(classes.flatMap((name) => [queues.push(connection, name), queues.pushAgain(connection, name)]));
  const calls = all.filter(({ queue }) => names.has(queue)).reduce((sum, { waiting, held = 0 }) => sum + waiting + held, 0);
  return `pace of ${connection} (limit ${limit}, at most ${Math.max(0, calls - 1)} before it)`;
}

/** The run is between two steps: its continuation is in the queue of its flow. */
function nextReason(flow: string, all: readonly QueueStatus[]): Reason {
  const queue = queues.next(flow);
  const { waiting = 0, held = 0 } = all.find((one) => one.queue === queue) ?? {};
  return { because: 'queue', text: `queue ${queue}, in which ${waiting + held} runs wait for their next step` };
}
