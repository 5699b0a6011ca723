import { randomUUID } from 'node:crypto';
import { engineFail, type AnyAction, type AnyPlugin, type Idempotence, type Log, type NewEvent } from '@sluice/plugin-api';
import type { PaceConfig, Settings } from '@sluice/flow';
import type { Connection } from '../calls/connections.js';
import { abortAt } from '../coordination/abort-at.js';
import { idempotenceOf } from '../calls/actions.js';
import { CompletedWork } from '../runs/completed-work.js';
import { emitCause, emittedByCall } from '../runs/emitted.js';
import { PushBuffer, type BufferedPush } from './push-buffer.js';
import { messageOf } from '../message-of.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import type { Observer } from '../observer.js';
import { queues, type Bus, type Outgoing } from '../ports/bus.js';
import {
  PUSH_CLASSES,
  type CallEnd,
  type Pace,
  type Pacer,
  type PaceState,
  type PushClass,
  type PushOwner,
} from '../ports/pacer.js';
import type { Store } from '../ports/store.js';
import { paceEnd, PushJudge } from './push-judge.js';
import {
  callId,
  continuation,
  expired,
  failure,
  isPush,
  parkedUncalled,
  pushAgain,
  pushKey,
  tryOf,
  uncalled,
  type Push,
} from './push-messages.js';
import { PushReports } from './push-report.js';
import type { Readiness } from '../coordination/readiness.js';
import { postponedMs, stepTimeout, waitMs } from '../calls/retry.js';
import { readRun } from '../runs/run-codec.js';
import type { PendingCall, RunMessage } from '../runs/run-state.js';
import type { ExclusiveGate } from '../coordination/exclusive-gate.js';
import { stopController } from '../coordination/stop-controller.js';
import { SUSPECT_RUNS, type PoisonGuard } from '../coordination/poison-guard.js';

const MAX_HELD_CHECK_MS = 30_000;
const NEVER = new Date(8.64e15);

/** The outcome of one call. */
type CallOutcome =
  | { readonly ok: true; readonly output: unknown; readonly emitted: readonly Outgoing[] }
  | { readonly ok: false; readonly error: unknown };

export interface PushRunnerDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly pacer: Pacer;
  readonly observer: Observer;
  readonly settings: Settings;
  readonly log: Log;
  /** Fires at a graceful stop: no new call begins. */
  readonly signal: AbortSignal;
  readonly journaled: (flow: string) => boolean;
  readonly gate: ExclusiveGate;
  readonly suspects: PoisonGuard;
  readonly readiness: Readiness;
  readonly newer: NewerStateQueues;
  /** Returns whether the flow is deployed here and has this step. */
  readonly presenceOf: (flow: string, step: string) => StepPresence;
}

/** Whether a run can continue at a step: `here`, or the part that no longer exists. */
export type StepPresence = 'here' | 'step-gone' | 'flow-gone';

/**
 * Makes the paced calls into one connection while this host owns it: one call for each free slot, of the pushes that {@link PushBuffer}
 * holds. Publishes each outcome as the continuation of its run. It decides nothing about flows: `onError` and parking happen in the hop
 * that reads the continuation.
 */
export class PushRunner implements PushOwner {
  readonly probe?: () => Promise<void>;
  readonly #held: PushBuffer;
  readonly #judge: PushJudge;
  readonly #reports: PushReports;
  /** Pushes from the start of their call until the result is confirmed, by key. A copy that arrives in that time is not called. */
  readonly #calling = new Map<string, BufferedPush>();
  readonly #answered = new CompletedWork();
  /** Missing steps that were reported. */
  readonly #missed = new Set<string>();
  /** Fires when the time for calls in flight has passed at a graceful stop. */
  readonly #cut = stopController();
  #pace: Pace | undefined;
  #limit: number;
  #inFlight = 0;
  /** The error of the last call that did not reach the remote system. */
  #unreachable: unknown;
  #awaySince = 0;

  constructor(
    private readonly connection: Connection,
    private readonly plugin: AnyPlugin,
    readonly config: PaceConfig,
    private readonly deps: PushRunnerDeps,
  ) {
    this.#limit = config.concurrency.start;
    this.#held = new PushBuffer(this.name, {
      bus: deps.bus,
      log: deps.log,
      signal: deps.signal,
      shares: config.shares,
      limit: this.#limit,
      suspects: deps.suspects,
      readiness: deps.readiness,
      consumerTimeoutMs: deps.settings.rabbit.consumerTimeoutMs,
      changed: () => this.#pace?.wake(),
    });
    this.#judge = new PushJudge(config.breaker.probeMs);
    this.#reports = new PushReports(this.name, deps);
    if (plugin.check) this.probe = () => connection.check();
  }

  get name(): string {
    return this.connection.spec.name;
  }

  /** Undefined before `run`. */
  state(): PaceState | undefined {
    const state = this.#pace?.state();
    return state && state.breaker !== 'closed' && this.#awaySince > 0 ? { ...state, closedSince: this.#awaySince } : state;
  }

  async declare(): Promise<void> {
    for (const priority of PUSH_CLASSES) {
      await this.deps.bus.declare({ queue: queues.push(this.name, priority) });
      await this.deps.bus.declare({ queue: queues.pushAgain(this.name, priority) });
    }
  }

  /**
   * Competes for the connection until the signal fires. Resolves when its calls have ended and all other pushes are back in their queues.
   */
  async run(): Promise<void> {
    const everyMs = Math.min(MAX_HELD_CHECK_MS, this.deps.settings.rabbit.consumerTimeoutMs / 10);
    const timer = setInterval(() => this.#held.handBackOld(), everyMs);
    this.#pace = this.deps.pacer.own(this.name, this.config, this, this.deps.signal);
    await this.#pace.ended;
    clearInterval(timer);
    this.#cut.abort(new Error('the host stops'));
    await this.#held.close();
    await this.#held.confirmed();
  }

  waiting(open: readonly PushClass[]): number {
    return this.#held.waiting(open);
  }

  async start(open: readonly PushClass[]): Promise<CallEnd | 'idle'> {
    const next = this.#next(open);
    if (!next) return 'idle';
    this.#inFlight++;
    try {
      const { held, run, call } = next;
      // a call that must not be repeated is not made a second time in any case
      if (!held.suspect || this.#idempotence(call) === 'no') return await this.#push(held, run, call);
      return await this.deps.suspects.take(() => this.#suspected(held, run, call));
    } finally {
      this.#inFlight--;
    }
  }

  onLimitChanged(limit: number): void {
    this.#limit = limit;
    this.#held.onLimitChanged(limit);
  }

  onOpened(): void {
    this.#held.open();
  }

  onClosed(): void {
    void this.#held.close();
  }

  /** Both are warnings: a reader of the outage has to see its end too, even where only warnings are shown. */
  onBreakerChanged(open: boolean): void {
    if (open) this.#awaySince = Date.now();
    const probeS = this.config.breaker.probeMs / 1_000;
    const awayS = Math.round((Date.now() - this.#awaySince) / 1_000);
    this.deps.log.warn(
      open
        ? `${this.name} cannot be reached: ${messageOf(this.#unreachable)}. Its calls wait, no call is lost; it is checked again every ${probeS} s`
        : `${this.name} is available again after ${awayS} s: the waiting calls continue`,
    );
  }

  /** Returns the next push. Pushes that are past their deadline, expired, answered already or without a step are settled without a call. */
  #next(open: readonly PushClass[]): { held: BufferedPush; run: Push; call: PendingCall } | undefined {
    for (let held = this.#held.take(open); held; held = this.#held.take(open)) {
      const run = this.#readable(held);
      if (!run) continue;
      held.key = pushKey(run);
      if (this.#isCopy(held)) continue;
      this.#calling.set(held.key, held);
      const { call, flow, at = '' } = run.state;
      const standing = this.deps.presenceOf(flow, at);
      if (standing !== 'here') this.#putAside(held, run, standing);
      else if (call.deadline !== undefined && Date.now() >= call.deadline) this.#settle(held, []);
      else if (call.expiresAt !== undefined && Date.now() > call.expiresAt) this.#settle(held, [continuation(run, expired())]);
      else return { held, run, call };
    }
    return undefined;
  }

  /** Returns whether the push is a copy: the broker redelivers a message whose first delivery it lost, even while the call is open here. */
  #isCopy(held: BufferedPush): boolean {
    const calling = this.#calling.get(held.key);
    if (calling) calling.add(held.delivery);
    else if (this.#answered.has(held.key)) held.drop();
    else return false;
    return true;
  }

  /** Parks a push whose step no longer exists. Its call is not made, because a replay could repeat it only under another id. */
  #putAside(held: BufferedPush, run: Push, standing: 'step-gone' | 'flow-gone'): void {
    const { flow, at = '' } = run.state;
    const missed = `${flow}/${at}`;
    if (!this.#missed.has(missed)) {
      this.#missed.add(missed);
      this.deps.log.error(
        `${this.name}: runs wait at step "${at}" of ${flow}, which is not there any more: their calls are not made, the runs are parked`,
        { cure: 'bring the step back and replay the runs, or replay them with --from-start' },
      );
    }
    // the hop of a deployed flow parks the run, writes the journal and answers a sender that waits for a reply
    const output = standing === 'step-gone' ? continuation(run, { ok: false, error: uncalled(run) }) : parkedUncalled(run);
    this.#settle(held, [output]);
  }

  /** Returns the run that waits for its call. A message that contains no such run is parked. */
  #readable(held: BufferedPush): Push | undefined {
    if (held.run) return held.run;
    const { delivery } = held;
    const read = readRun(delivery.message.body);
    if (read.kind === 'run' && isPush(read.run)) return (held.run = read.run);
    if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
    else delivery.settle([{ queue: queues.poison, message: delivery.message }]);
    return undefined;
  }

  #settle(held: BufferedPush, outputs: readonly Outgoing[]): void {
    this.#held.settle(held, outputs, (done) => {
      this.#calling.delete(held.key);
      if (done) this.#answered.add(held.key);
    });
  }

  /** Returns the push to its queue without a call. This host or another one receives it again. */
  #handBack(held: BufferedPush): void {
    this.#calling.delete(held.key);
    held.release();
  }

  #keep(held: BufferedPush): void {
    this.#calling.delete(held.key);
    this.#held.keep(held);
  }

  /** Notes a suspected push in the store before its call. A push with too many notes is not called any more. */
  async #suspected(held: BufferedPush, run: Push, call: PendingCall): Promise<CallEnd> {
    // each try has notes of its own: a try that ended, even with an error, proves that the host survives it
    const times = await this.deps.store.suspect(`${run.state.run}/${run.state.epoch}/${tryOf(run, call)}`).catch(() => undefined);
    if (times === undefined) return this.#notBegun(held, run, call, 'later');
    if (times <= SUSPECT_RUNS) return this.deps.gate.run(() => this.#push(held, run, call));
    const error = engineFail.POISON(`the host died during ${call.plugin}.${call.action}, or lost it, again and again`);
    this.#settleFailed(held, run, call, error);
    return { result: 'other', ms: 0 };
  }

  async #push(held: BufferedPush, run: Push, call: PendingCall): Promise<CallEnd> {
    const begins = this.#idempotence(call) === 'no' ? await this.#marked(run, call) : 'begins';
    if (begins !== 'begins') return this.#notBegun(held, run, call, begins);
    const began = Date.now();
    const timeout = call.deadline === undefined ? undefined : abortAt(call.deadline);
    const called = await this.#call(run, call, timeout ? AbortSignal.any([timeout, this.#cut.signal]) : this.#cut.signal);
    const ms = Date.now() - began;
    this.#reports.add(run, call, {
      began,
      ms,
      ...(!called.ok && { failed: called }),
      inFlight: this.#inFlight,
      limit: this.state()?.limit ?? this.#limit,
    });
    if (called.ok) {
      this.#judge.succeeded(callId(run));
      this.#settle(held, [continuation(run, { ok: true, output: called.output }), ...called.emitted]);
      return { result: 'ok', ms };
    }
    // a call that must not be repeated gets a verdict: its outcome is unknown
    if (this.#cut.signal.aborted && this.#idempotence(call) !== 'no') {
      this.deps.log.warn(`${this.name}: the call ${callId(run)} outlived the stop and will be repeated under the same id`);
      if (held.suspect) this.#again(held, run, { ...call, waits: call.waits + 1 }, 0);
      else this.#handBack(held);
      return { result: 'unknown', ms };
    }
    if (timeout?.aborted) {
      this.#timedOut(held, run, called.error);
      return paceEnd(called.error, ms);
    }
    return this.#failed(held, run, call, called.error, ms);
  }

  /**
   * Marks a try of a call that must not be repeated before it begins. A mark that exists already means that a host died, or lost the
   * broker, during the call. Without the database there is no mark, and no such call.
   */
  async #marked(run: Push, call: PendingCall): Promise<'begins' | 'begun' | 'later'> {
    const { state } = run;
    try {
      const first = await this.deps.store.endStep(state.run, tryOf(run, call), state.epoch, randomUUID());
      return first ? 'begins' : 'begun';
    } catch {
      return 'later';
    }
  }

  #notBegun(held: BufferedPush, run: Push, call: PendingCall, why: 'begun' | 'later'): CallEnd {
    if (why === 'later') this.#again(held, run, { ...call, waits: call.waits + 1 }, waitMs(call.waits));
    else {
      const error = engineFail.OUTCOME_UNKNOWN(
        `${call.plugin}.${call.action} was in flight when its host was lost, and is not called twice`,
      );
      this.#settleFailed(held, run, call, error);
    }
    return { result: 'other', ms: 0 };
  }

  async #call(run: RunMessage, call: PendingCall, signal: AbortSignal): Promise<CallOutcome> {
    const { state } = run;
    const step = state.at ?? '';
    const emitted: (NewEvent & { readonly type: string })[] = [];
    try {
      const output = await this.connection.run(this.#action(call), call.action, call.input, {
        id: callId(run),
        attempt: call.attempt,
        deadline: call.deadline === undefined ? NEVER : new Date(call.deadline),
        signal,
        log: this.deps.log,
        correlationid: state.event.correlationid ?? state.event.id,
        emit: (event) => void emitted.push(event),
      });
      const cause = emitCause(state.event, state.flow, this.deps.settings.limits);
      return { ok: true, output, emitted: emittedByCall(cause, state.run, step, emitted) };
    } catch (error) {
      return { ok: false, error };
    }
  }

  #action(call: PendingCall): AnyAction<unknown> {
    const action = this.plugin.actions[call.action];
    if (!action) throw engineFail.CONFIG_INVALID(`there is no action ${call.plugin}.${call.action}`);
    return action as AnyAction<unknown>;
  }

  #idempotence(call: PendingCall): Idempotence {
    const action = this.plugin.actions[call.action];
    return action ? idempotenceOf(action, call.input) : 'no';
  }

  #failed(held: BufferedPush, run: Push, call: PendingCall, error: unknown, ms: number): CallEnd {
    const idempotent = this.#idempotence(call);
    const verdict = this.#judge.verdict({ id: callId(run), call, idempotent, error, inFlight: this.#inFlight });
    const end = paceEnd(error, ms);
    if (end.result === 'unavailable') this.#unreachable = error;
    switch (verdict.kind) {
      case 'wait':
        // with a mark or a note, the next try needs one of its own
        if (verdict.why === 'overload' || idempotent === 'no' || held.suspect) {
          const wait = waitMs(call.waits, end.retryAfterMs);
          this.#later(held, run, { ...call, waits: call.waits + 1 }, wait, error);
        } else this.#keep(held);
        return { ...end, result: verdict.why };
      case 'again':
        this.#later(held, run, { ...call, attempt: call.attempt + 1 }, postponedMs(error, call, ms), error);
        return end;
      case 'postponed':
        // with a mark, the next try needs one of its own
        this.#later(held, run, { ...call, waits: call.waits + 1 }, verdict.ms, error);
        return end;
      case 'failed':
        this.#settleFailed(held, run, call, verdict.error);
        return end;
    }
  }

  /** Publishes the same push with a pause. When the timeout of its step expires before that, the step ends now with the last error. */
  #later(held: BufferedPush, run: Push, call: PendingCall, ms: number, error: unknown): void {
    if (call.deadline !== undefined && Date.now() + ms >= call.deadline) this.#timedOut(held, run, error);
    else this.#again(held, run, call, ms);
  }

  /** Ends the step with the last error, beside its timer, which does not have that error. The first of the two continues the run. */
  #timedOut(held: BufferedPush, run: Push, cause: unknown): void {
    const { at = '', call } = run.state;
    this.#settleFailed(held, run, call, stepTimeout(at, call, cause));
  }

  #again(held: BufferedPush, run: RunMessage, call: PendingCall, ms: number): void {
    this.#settle(held, [pushAgain(this.name, run, call, ms)]);
  }

  #settleFailed(held: BufferedPush, run: Push, call: PendingCall, error: unknown): void {
    this.#settle(held, [continuation(run, failure(run, call, error))]);
  }
}
