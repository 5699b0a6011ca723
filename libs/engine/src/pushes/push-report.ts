import type { ErrorView } from '@sluice/plugin-api';
import type { Observer } from '../observer.js';
import type { JournalKind, Store } from '../ports/store.js';
import { viewOfCall } from './push-messages.js';
import type { PendingCall, RunMessage } from '../runs/run-state.js';

/** The end of one call. */
export interface EndedCall {
  /** Start of the call in milliseconds since 1970. */
  readonly began: number;
  readonly ms: number;
  /** Absent when the call succeeded. */
  readonly failed?: { readonly error: unknown };
  readonly inFlight: number;
  readonly limit: number;
}

/** Reports each call of one connection to the observer, and to the journal where the flow requests it. */
export class PushReports {
  constructor(
    private readonly connection: string,
    private readonly deps: { readonly observer: Observer; readonly store: Store; readonly journaled: (flow: string) => boolean },
  ) {}

  add(run: RunMessage, call: PendingCall, { began, ms, failed, inFlight, limit }: EndedCall): void {
    const error = failed && viewOfCall(run, call, failed.error);
    this.deps.observer.called({
      flow: run.state.flow,
      step: run.state.at ?? '',
      plugin: call.plugin,
      action: call.action,
      connection: this.connection,
      input: call.input,
      attempt: call.attempt,
      ms,
      waitedMs: began - call.since,
      inFlight,
      limit,
      ...(error && { error }),
    });
    if (this.deps.journaled(run.state.flow)) this.journal(run, call, ms, error);
  }

  private journal(run: RunMessage, call: PendingCall, ms: number, error: ErrorView | undefined): void {
    const { event, flow, at } = run.state;
    const kind: JournalKind = error ? 'retried' : 'called';
    this.deps.store.journal.write({
      at: new Date(),
      flow,
      run: run.state.run,
      eventId: event.id,
      eventSource: event.source,
      eventType: event.type,
      ...(event.causationid !== undefined && { causationid: event.causationid }),
      kind,
      connection: this.connection,
      attempt: call.attempt,
      ms,
      ...(at !== undefined && { step: at }),
      ...(error && { code: error.code, message: error.message }),
    });
  }
}
