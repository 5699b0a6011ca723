import type { ParkedRun } from '../ports/store.js';
import { handlerAttemptOf } from './handler-attempt.js';

/** The origin of a parked row, to which a replay sends it. */
export type ParkedSource =
  /** A run of a flow. */
  | { readonly kind: 'flow'; readonly flow: string }
  /** An event on which a handler of a plugin's module has failed, in the queue that the handler consumes. */
  | { readonly kind: 'module'; readonly queue: string }
  /** A message without a run that this release can read. It cannot be replayed. */
  | { readonly kind: 'unreadable' };

/** Text in the column `flow` of an unreadable message. A flow may have this name too: its rows have a revision. */
const UNREADABLE = 'unknown';

/** The columns of a row that name its source. They are as in earlier releases, so that hosts of both read all rows. */
export type SourceColumns = Pick<ParkedRun, 'flow' | 'revision'>;

/** Returns the columns of a source that is not a run of a flow: such a row has no revision. */
export function columnsOf(source: Exclude<ParkedSource, { kind: 'flow' }>): SourceColumns {
  return { flow: source.kind === 'module' ? source.queue : UNREADABLE, revision: '' };
}

/** Returns the origin of a row. */
export function sourceOfParked({ flow, revision, event }: Pick<ParkedRun, 'flow' | 'revision' | 'event'>): ParkedSource {
  if (revision !== '') return { kind: 'flow', flow };
  const attempt = handlerAttemptOf(event);
  if (attempt?.kind === 'failed' && attempt.queue === flow) return { kind: 'module', queue: flow };
  return flow === UNREADABLE ? { kind: 'unreadable' } : { kind: 'flow', flow };
}
