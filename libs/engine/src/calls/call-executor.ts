import { viewError, type ErrorView, type Log, type NewEvent, type Clock } from '@sluice/plugin-api';
import type { Settings } from '@sluice/flow';
import { abortAt } from '../coordination/abort-at.js';
import type { Observer } from '../observer.js';
import type { Outgoing } from '../ports/bus.js';
import type { Store } from '../ports/store.js';
import type { RecordedRun, StepRecorder } from '../recording/step-recorder.js';
import { emitCause, emittedByCall } from '../runs/emitted.js';
import { journalEntry, type JournaledRun } from '../runs/journal-entry.js';
import type { PendingCall } from '../runs/run-state.js';
import { stepIdOf, type StepPath } from '../runs/step-path.js';
import type { PreparedCall, RefusedCall } from './prepared-call.js';

const NEVER = new Date(8.64e15);

export interface CallExecutorDeps {
  readonly settings: Settings;
  readonly observer: Observer;
  readonly journal: Store['journal'];
  readonly recorder: StepRecorder;
  readonly log: Log;
  readonly clock: Clock;
}

/** One attempt of one call. */
export interface CallAttempt {
  readonly run: JournaledRun;
  readonly step: StepPath;
  readonly call: PendingCall;
  readonly prepared: PreparedCall | RefusedCall;
  /** Fires when the host must stop: the call is aborted. The step's timeout aborts it as well. */
  readonly signal: AbortSignal;
  /** Waits for the permission to call and resolves with the function that returns it. Absent: the caller has the permission. */
  readonly admit?: (signal: AbortSignal) => Promise<() => void>;
  /** Suspends the step and returns the token that continues the run. Absent: the action cannot suspend its step. */
  readonly suspend?: () => Buffer;
  /** Returns the open calls of the connection on this host, this one included, and the limit. It is read when the call has ended. */
  readonly load: () => { readonly inFlight: number; readonly limit: number };
  /** True: the journal gets a row for the attempt. */
  readonly journaled: boolean;
  /** Present when the attempt is recorded: its flow has `journal: full`. */
  readonly recorded?: RecordedRun;
}

export type CallOutcome =
  | { readonly kind: 'output'; readonly output: unknown; readonly emitted: readonly Outgoing[]; readonly ms: number }
  /** The action has suspended the step: `services.resume` or the step's timer continues the run. */
  | { readonly kind: 'suspended'; readonly emitted: readonly Outgoing[]; readonly ms: number }
  /** `timedOut`: the step's timeout passed during the call. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly ms: number; readonly timedOut: boolean };

/**
 * Makes the calls of actions, paced and unpaced, and reports each one to the observer and the journal. The two paths differ in where the
 * permission to call comes from and in what they do with the outcome.
 */
export class CallExecutor {
  constructor(private readonly deps: CallExecutorDeps) {}

  /** Makes the call. Never rejects: each error of the call is its outcome. */
  async make(attempt: CallAttempt): Promise<CallOutcome> {
    const { call } = attempt;
    const { clock } = this.deps;
    const began = clock.monotonic();
    const waitedMs = Math.max(0, clock.now() - call.since);
    const tookMs = () => Math.round(clock.monotonic() - began);
    const timeout = call.deadline === undefined ? undefined : abortAt(clock, call.deadline);
    try {
      const { output, emitted, suspended } = await this.#run(attempt, timeout?.signal);
      const ms = tookMs();
      this.#report(attempt, waitedMs, ms);
      return suspended ? { kind: 'suspended', emitted, ms } : { kind: 'output', output, emitted, ms };
    } catch (error) {
      const ms = tookMs();
      this.#report(attempt, waitedMs, ms, viewOfCall(attempt.step, call, error));
      return { kind: 'failed', error, ms, timedOut: timeout?.signal.aborted === true };
    } finally {
      timeout?.cancel();
    }
  }

  async #run({ run, step, call, prepared, signal: stopping, admit, suspend }: CallAttempt, timeout: AbortSignal | undefined) {
    if (!prepared.ok) throw prepared.error;
    const { settings, log, clock } = this.deps;
    const signal = timeout ? AbortSignal.any([timeout, stopping]) : stopping;
    const release = await admit?.(signal);
    try {
      const events: (NewEvent & { readonly type: string })[] = [];
      let suspended = false;
      const output = await prepared.connection.run(prepared, {
        id: callId(run.run, step),
        attempt: call.attempt,
        deadline: call.deadline === undefined ? NEVER : new Date(call.deadline),
        signal,
        log,
        correlationid: run.event.correlationid ?? run.event.id,
        emit: (event) => void events.push(event),
        ...(suspend && {
          suspend: () => {
            suspended = true;
            return suspend();
          },
        }),
      });
      const emitted = emittedByCall(emitCause(run.event, run.flow, settings.limits, clock.now()), run.run, step, events);
      return { output, emitted, suspended };
    } finally {
      release?.();
    }
  }

  #report({ run, step, call, load, journaled, recorded }: CallAttempt, waitedMs: number, ms: number, error?: ErrorView): void {
    const { observer, journal, clock } = this.deps;
    const connection = call.connection !== undefined && { connection: call.connection };
    observer.called({
      flow: run.flow,
      step,
      plugin: call.plugin,
      action: call.action,
      ...connection,
      input: call.input,
      attempt: call.attempt,
      ms,
      waitedMs,
      ...load(),
      ...(error && { error }),
    });
    if (recorded) this.deps.recorder.called(recorded, step, call, ms, error);
    if (!journaled) return;
    const details = { step, attempt: call.attempt, ms, ...connection, ...(error && { error }) };
    journal.write(journalEntry(run, error ? 'retried' : 'called', clock.now(), details));
  }
}

/** Returns the idempotency key of a call, which is the same in every attempt, redelivery and replay. */
export function callId(run: string, step: StepPath): string {
  return `${run}/${step}`;
}

/** Returns the error as the run and the journal show it, with step, connection and attempt of the call. */
export function viewOfCall(step: StepPath, call: PendingCall, error: unknown): ErrorView {
  return viewError(error, {
    step: stepIdOf(step),
    attempt: call.attempt,
    ...(call.connection !== undefined && { connection: call.connection }),
  });
}
