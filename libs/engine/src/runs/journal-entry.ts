import type { ErrorView } from '@sluice/plugin-api';
import type { JournalEntry, JournalKind, WaitingFor } from '../ports/store.js';
import type { RunState } from './run-state.js';

/** What happened to a run, beside its kind. */
export interface JournalDetails {
  /** Step, connection and attempt of the error are used where the details do not name them. */
  readonly error?: ErrorView;
  readonly step?: string;
  readonly connection?: string;
  readonly attempt?: number;
  readonly ms?: number;
  readonly waits?: WaitingFor;
}

/** The run of an entry. */
export type JournaledRun = Pick<RunState, 'run' | 'flow' | 'event'> & Partial<Pick<RunState, 'epoch' | 'note'>>;

/**
 * Returns the row of the journal for something that happened to a run now.
 *
 * @param now milliseconds since 1970
 */
export function journalEntry(
  { run, flow, event, epoch = 0, note }: JournaledRun,
  kind: JournalKind,
  now: number,
  { error, ms, waits, ...details }: JournalDetails = {},
): JournalEntry {
  const step = details.step ?? error?.step;
  const connection = details.connection ?? error?.connection;
  const attempt = details.attempt ?? error?.attempt;
  return {
    at: new Date(now),
    flow,
    run,
    eventId: event.id,
    eventSource: event.source,
    eventType: event.type,
    ...(event.causationid !== undefined && { causationid: event.causationid }),
    kind,
    ...(epoch > 0 && { epoch }),
    ...(note !== undefined && { note }),
    ...(step !== undefined && { step }),
    ...(connection !== undefined && { connection }),
    ...(attempt !== undefined && { attempt }),
    ...(ms !== undefined && { ms }),
    ...(error && { code: error.code, message: error.message }),
    ...(waits && { waits }),
  };
}
