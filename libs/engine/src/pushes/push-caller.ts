import { randomUUID } from 'node:crypto';
import { engineFail, type Log, type Clock } from '@sluice/plugin-api';
import type { JournalMode } from '@sluice/flow';
import type { CallExecutor, CallOutcome } from '../calls/call-executor.js';
import { postponedMs, stepTimeout, waitMs } from '../calls/retry.js';
import type { ExclusiveGate } from '../coordination/exclusive-gate.js';
import { SUSPECT_RUNS, type PoisonGuard } from '../coordination/poison-guard.js';
import type { CallEnd } from '../ports/pacer.js';
import type { Store } from '../ports/store.js';
import { MIN_WAIT_MS, type WaitingRuns } from '../runs/waiting-runs.js';
import { placeInLoop } from '../runs/frames.js';
import { journalEntry } from '../runs/journal-entry.js';
import type { PendingCall } from '../runs/run-state.js';
import type { CallablePush, PushIntake } from './push-intake.js';
import { paceEnd, type PushErrorPolicy } from './push-error-policy.js';
import { stepIdOf } from '../runs/step-path.js';
import { continuation, failure, idOf, pushAgain, tryOf, type Push } from './push-messages.js';

export interface PushCallerDeps {
  readonly executor: CallExecutor;
  readonly store: Store;
  readonly gate: ExclusiveGate;
  readonly suspects: PoisonGuard;
  readonly journalOf: (flow: string) => JournalMode | undefined;
  readonly waiting: WaitingRuns;
  readonly log: Log;
  readonly clock: Clock;
}

export interface PushCallerOptions {
  /** Open calls of the connection on this host, and its limit. */
  readonly load: () => { readonly inFlight: number; readonly limit: number };
  /** Fires when the time for calls in flight has passed at a graceful stop. */
  readonly cut: AbortSignal;
  /** Receives the error of a call that did not reach the remote system. */
  readonly onUnreachable: (error: unknown) => void;
}

/** The end of a push whose call was not made. */
const NOT_CALLED: CallEnd = { result: 'other', ms: 0 };

/**
 * Makes the calls of one connection's pushes and settles each push with what follows: the continuation of its run, another try, or its
 * return to the queue.
 */
export class PushCaller {
  constructor(
    private readonly connection: string,
    private readonly intake: PushIntake,
    private readonly errorPolicy: PushErrorPolicy,
    private readonly deps: PushCallerDeps,
    private readonly options: PushCallerOptions,
  ) {}

  /** Makes the call of one push. Resolves with the end for the pace; never rejects. */
  make(push: CallablePush): Promise<CallEnd> {
    // a call that must not be repeated is not made a second time in any case
    if (!push.held.suspect || push.prepared.idempotent === 'no') return this.#call(push);
    return this.deps.suspects.take(() => this.#suspected(push));
  }

  /** Notes a suspected push in the store before its call. A push with too many notes is not called any more. */
  async #suspected(push: CallablePush): Promise<CallEnd> {
    const { state } = push.run;
    // each try has notes of its own: a try that ended, even with an error, proves that the host survives it
    const times = await this.deps.store.suspect(`${state.run}/${state.epoch}/${tryOf(push.run)}`).catch(() => undefined);
    if (times === undefined) return this.#notBegun(push, 'later');
    if (times <= SUSPECT_RUNS) return this.deps.gate.run(() => this.#call(push));
    const { plugin, action } = state.call;
    this.#settleFailed(push, engineFail.POISON(`the host died during ${plugin}.${action}, or lost it, again and again`));
    return NOT_CALLED;
  }

  async #call(push: CallablePush): Promise<CallEnd> {
    const { held, run, prepared } = push;
    const { state } = run;
    const marked = prepared.ok && prepared.idempotent === 'no';
    const begins = marked ? await this.#mark(run) : 'begins';
    if (begins !== 'begins') return this.#notBegun(push, begins);
    const journal = this.deps.journalOf(state.flow);
    const outcome = await this.deps.executor.make({
      run: state,
      step: state.at ?? '',
      call: state.call,
      prepared,
      signal: this.options.cut,
      load: this.options.load,
      journaled: journal !== 'off',
      ...(journal === 'full' && { recorded: { ...state, body: run.body } }),
    });
    const { ms } = outcome;
    if (outcome.kind !== 'failed') {
      this.errorPolicy.succeeded(idOf(run));
      const output = outcome.kind === 'output' ? outcome.output : undefined;
      this.intake.settle(held, [continuation(run, { ok: true, output }, this.deps.clock.now()), ...outcome.emitted]);
      return { result: 'ok', ms };
    }
    // a call that must not be repeated gets a verdict: its outcome is unknown
    if (this.options.cut.aborted && !marked) {
      this.deps.log.warn(`${this.connection}: the call ${idOf(run)} outlived the stop and will be repeated under the same id`);
      if (held.suspect) this.#again(push, waited(state.call), 0);
      else this.intake.handBack(held);
      return { result: 'unknown', ms };
    }
    if (outcome.timedOut) {
      this.#timedOut(push, outcome.error);
      return paceEnd(outcome.error, ms);
    }
    return this.#failed(push, outcome);
  }

  /**
   * Marks a try of a call that must not be repeated before it begins. A mark that exists already means that a host died, or lost the
   * broker, during the call. Without the database there is no mark, and no such call.
   */
  async #mark(run: Push): Promise<'begins' | 'begun' | 'later'> {
    const { state } = run;
    try {
      const first = await this.deps.store.endStep(state.run, tryOf(run), state.epoch, randomUUID());
      return first ? 'begins' : 'begun';
    } catch {
      return 'later';
    }
  }

  #notBegun(push: CallablePush, why: 'begun' | 'later'): CallEnd {
    const { call } = push.run.state;
    if (why === 'later') this.#again(push, waited(call), waitMs(call.waits));
    else {
      const message = `${call.plugin}.${call.action} was in flight when its host was lost, and is not called twice`;
      this.#settleFailed(push, engineFail.OUTCOME_UNKNOWN(message));
    }
    return NOT_CALLED;
  }

  #failed(push: CallablePush, { error, ms }: Extract<CallOutcome, { readonly kind: 'failed' }>): CallEnd {
    const { held, run, prepared } = push;
    const { call } = run.state;
    const { idempotent } = prepared;
    const verdict = this.errorPolicy.verdict({ id: idOf(run), call, idempotent, error, inFlight: this.options.load().inFlight });
    const end = paceEnd(error, ms);
    if (end.result === 'unavailable') this.options.onUnreachable(error);
    switch (verdict.kind) {
      case 'wait':
        // with a mark or a note, the next try needs one of its own
        if (verdict.why === 'overload' || idempotent === 'no' || held.suspect)
          this.#later(push, waited(call), waitMs(call.waits, end.retryAfterMs), error);
        else this.intake.keep(held);
        return { ...end, result: verdict.why };
      case 'again':
        this.#later(push, { ...call, attempt: call.attempt + 1 }, postponedMs(error, call, ms), error);
        return end;
      case 'postponed':
        // with a mark, the next try needs one of its own
        this.#later(push, waited(call), verdict.ms, error);
        return end;
      case 'failed':
        this.#settleFailed(push, verdict.error);
        return end;
    }
  }

  /** Publishes the same push with a pause. When the timeout of its step expires before that, the step ends now with the last error. */
  #later(push: CallablePush, call: PendingCall, ms: number, error: unknown): void {
    if (call.deadline !== undefined && this.deps.clock.now() + ms >= call.deadline) this.#timedOut(push, error);
    else this.#again(push, call, ms);
  }

  /** Ends the step with the last error, beside its timer, which does not have that error. The first of the two continues the run. */
  #timedOut(push: CallablePush, cause: unknown): void {
    const { at = '', call } = push.run.state;
    this.#settleFailed(push, stepTimeout(stepIdOf(at), call, cause));
  }

  #again({ held, run }: CallablePush, call: PendingCall, ms: number): void {
    if (ms >= MIN_WAIT_MS && this.deps.journalOf(run.state.flow) !== 'off') this.#journalWait(run, call, ms);
    this.intake.settle(held, [pushAgain(this.connection, run, call, ms, this.deps.clock.now())]);
  }

  #journalWait({ state }: Push, { attempt, priority, policy }: PendingCall, ms: number): void {
    const now = this.deps.clock.now();
    const waits = {
      kind: 'retry' as const,
      priority,
      attempts: policy.attempts,
      until: now + ms,
      ...placeInLoop(state.frames ?? []),
    };
    const details = { step: state.at ?? '', connection: this.connection, attempt, waits };
    this.deps.waiting.remove(state.run);
    this.deps.store.journal.write(journalEntry(state, 'waiting', now, details));
  }

  #settleFailed({ held, run }: CallablePush, error: unknown): void {
    this.intake.settle(held, [continuation(run, failure(run, error), this.deps.clock.now())]);
  }
}

/** Returns the call for a next try that spends no attempt. */
function waited(call: PendingCall): PendingCall {
  return { ...call, waits: call.waits + 1 };
}
