import { STATE_KINDS, type JournalEntry, type JournalKind, type RunStateKind } from '../ports/store.js';

type State = Pick<JournalEntry, 'epoch' | 'kind' | 'at'>;

/** Returns whether an entry of this kind changes the state of its run. */
export function isStateKind(kind: JournalKind): kind is RunStateKind {
  return (STATE_KINDS as readonly string[]).includes(kind);
}

/**
 * Compares two states of one run: by replays; then a wait before an end before the request of a replay, because the clocks of two hosts
 * differ; then by time.
 */
export function compareStates(a: State, b: State): number {
  return (a.epoch ?? 0) - (b.epoch ?? 0) || rankOf(a) - rankOf(b) || a.at.getTime() - b.at.getTime();
}

/** Returns the last state of a run; undefined when none of the entries is one. */
export function lastState<Entry extends State>(entries: readonly Entry[]): Entry | undefined {
  const states = entries.filter(({ kind }) => isStateKind(kind));
  return states.reduce<Entry | undefined>(
    (last, one) => (last === undefined || compareStates(one, last) >= 0 ? one : last),
    undefined,
  );
}

function rankOf({ kind }: State): number {
  return kind === 'waiting' ? 0 : kind === 'replayed' ? 2 : 1;
}
