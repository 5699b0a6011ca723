import { randomUUID } from 'node:crypto';
import { engineFail, type AnyAction, type AnyPlugin, type Idempotence, type Log, type NewEvent } from '@sluice/plugin-api';
import type { PaceConfig, Settings } from '@sluice/flow';
import type { Connection } from './connections.js';
import { abortAt } from './abort-at.js';
import { idempotenceOf } from './actions.js';
import { emitCause, emittedByCall } from './emitted.js';
import { HeldPushes, type Held } from './held-pushes.js';
import { messageOf } from './message-of.js';
import type { Observer } from './observer.js';
import { queues, type Bus, type Outgoing } from './ports/bus.js';
import {
  PUSH_CLASSES,
  type CallEnd,
  type Pace,
  type Pacer,
  type PaceState,
  type PushClass,
  type PushOwner,
} from './ports/pacer.js';
import type { Store } from './ports/store.js';
import { paceEnd, PushJudge } from './push-judge.js';
import { callId, continuation, expired, failure, pushAgain, tryOf, type Push } from './push-messages.js';
import { PushReports } from './push-report.js';
import { againMs, stepTimeout, waitMs } from './retry.js';
import { decodeRun, type PendingCall, type RunMessage } from './run-state.js';
import type { SoloGate } from './solo-gate.js';
import { stopController } from './stop-controller.js';
import { SUSPECT_RUNS, type SuspectTurn } from './suspicion.js';

const HELD_CHECK_MS = 30_000;
const NEVER = new Date(8.64e15);

/** What came of one call. */
type Called =
  | { readonly ok: true; readonly output: unknown; readonly emitted: readonly Outgoing[] }
  | { readonly ok: false; readonly error: unknown };

export interface PushRunnerDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly pacer: Pacer;
  readonly observer: Observer;
  readonly settings: Settings;
  readonly log: Log;
  /** Graceful stop: no new call. */
  readonly signal: AbortSignal;
  readonly journaled: (flow: string) => boolean;
  readonly gate: SoloGate;
  readonly suspects: SuspectTurn;
}

/**
 * Makes the paced calls into one connection while this host owns it: one for whichever slot is free, of those that {@link HeldPushes}
 * holds, and publishes what comes of each as the continuation of its run. It decides nothing about flows: `onError` and
 * parking happen in the hop that reads the continuation.
 */
export class PushRunner implements PushOwner {
  readonly probe?: () => Promise<void>;
  readonly #held: HeldPushes;
  readonly #judge: PushJudge;
  readonly #reports: PushReports;
  /** Fires when calls in flight have had their time at a graceful stop. */
  readonly #cut = stopController();
  #pace: Pace | undefined;
  #limit: number;
  #inFlight = 0;
  /** What the last call met with that could not reach the other side. */
  #unreachable: unknown;
  #awaySince = 0;

  constructor(
    private readonly connection: Connection,
    private readonly plugin: AnyPlugin,
    readonly config: PaceConfig,
    private readonly deps: PushRunnerDeps,
  ) {
    this.#limit = config.concurrency.start;
    this.#held = new HeldPushes(this.name, {
      bus: deps.bus,
      log: deps.log,
      signal: deps.signal,
      shares: config.shares,
      limit: this.#limit,
      suspects: deps.suspects,
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
    for (const priority of PUSH_CLASSES) await this.deps.bus.declare({ queue: queues.push(this.name, priority) });
  }

  /** Competes for the connection until the signal fires; resolves when its calls have ended and the rest is handed back. */
  async run(): Promise<void> {
    const timer = setInterval(() => this.#held.handBackOld(), HELD_CHECK_MS);
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
      // what must not be repeated is not called a second time anyway
      if (!held.suspect || this.#idempotence(call) === 'no') return await this.#push(held, run, call);
      return await this.deps.suspects.take(() => this.#suspected(held, run, call));
    } finally {
      this.#inFlight--;
    }
  }

  limitIs(limit: number): void {
    this.#limit = limit;
    this.#held.limitIs(limit);
  }

  opened(): void {
    this.#held.open();
  }

  closed(): void {
    void this.#held.close();
  }

  /** Both are warnings: whoever read of the trouble wants to read of its end, also where only trouble is shown. */
  breakerIs(open: boolean): void {
    if (open) this.#awaySince = Date.now();
    const probeS = this.config.breaker.probeMs / 1_000;
    const awayS = Math.round((Date.now() - this.#awaySince) / 1_000);
    this.deps.log.warn(
      open
        ? `${this.name} cannot be reached: ${messageOf(this.#unreachable)}. Its calls wait, none is lost; it is asked again every ${probeS} s`
        : `${this.name} is there again after ${awayS} s: the calls that waited go on`,
    );
  }

  /** The push that goes next; what is past its deadline or expired is answered without a call. */
  #next(open: readonly PushClass[]): { held: Held; run: Push; call: PendingCall } | undefined {
    for (let held = this.#held.take(open); held; held = this.#held.take(open)) {
      const run = this.#readable(held);
      if (!run) continue;
      const { call } = run.state;
      if (call.deadline !== undefined && Date.now() >= call.deadline) held.delivery.settle([]);
      else if (call.expiresAt !== undefined && Date.now() > call.expiresAt)
        this.#held.settle(held, [continuation(run, expired())]);
      else return { held, run, call };
    }
    return undefined;
  }

  /** The run that waits for its call; what is none is put aside. */
  #readable(held: Held): Push | undefined {
    try {
      const { state, body } = decodeRun(held.delivery.message.body);
      if (state.call) return { state: { ...state, call: state.call }, body };
    } catch {
      // put aside as well
    }
    held.delivery.settle([{ queue: queues.poison, message: held.delivery.message }]);
    return undefined;
  }

  /** A push that may have killed its host leaves a note before it is called; found with too many of them, it is not called any more. */
  async #suspected(held: Held, run: Push, call: PendingCall): Promise<CallEnd> {
    // each try has notes of its own: one that ended, in whatever way, proves that the host survives it
    const times = await this.deps.store.suspect(`${run.state.run}/${run.state.epoch}/${tryOf(run, call)}`).catch(() => undefined);
    if (times === undefined) return this.#notBegun(held, run, call, 'later');
    if (times <= SUSPECT_RUNS) return this.deps.gate.run(() => this.#push(held, run, call));
    const error = engineFail.POISON(`the host died during ${call.plugin}.${call.action}, or lost it, again and again`);
    this.#settleFailed(held, run, call, error);
    return { result: 'other', ms: 0 };
  }

  async #push(held: Held, run: Push, call: PendingCall): Promise<CallEnd> {
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
      this.#held.settle(held, [continuation(run, { ok: true, output: called.output }), ...called.emitted]);
      return { result: 'ok', ms };
    }
    // one that must not be repeated is judged: whether it was carried out is not known
    if (this.#cut.signal.aborted && this.#idempotence(call) !== 'no') {
      this.deps.log.warn(`${this.name}: the call ${callId(run)} outlived the stop and will be repeated under the same id`);
      if (held.suspect) this.#again(held, run, { ...call, waits: call.waits + 1 }, 0);
      else held.delivery.release();
      return { result: 'unknown', ms };
    }
    if (timeout?.aborted) {
      this.#timedOut(held, run, called.error);
      return paceEnd(called.error, ms);
    }
    return this.#failed(held, run, call, called.error, ms);
  }

  /**
   * A call that must not be repeated leaves a mark before it begins, one for each try. `begun` already: a host died, or lost the broker,
   * with the call in flight. Without the database there is no mark, and no such call.
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

  #notBegun(held: Held, run: Push, call: PendingCall, why: 'begun' | 'later'): CallEnd {
    if (why === 'later') this.#again(held, run, { ...call, waits: call.waits + 1 }, waitMs(call.waits));
    else {
      const error = engineFail.OUTCOME_UNKNOWN(
        `${call.plugin}.${call.action} was in flight when its host was lost, and is not called twice`,
      );
      this.#settleFailed(held, run, call, error);
    }
    return { result: 'other', ms: 0 };
  }

  async #call(run: RunMessage, call: PendingCall, signal: AbortSignal): Promise<Called> {
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

  #failed(held: Held, run: Push, call: PendingCall, error: unknown, ms: number): CallEnd {
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
        } else this.#held.keep(held);
        return { ...end, result: verdict.why };
      case 'again':
        this.#later(held, run, { ...call, attempt: call.attempt + 1 }, againMs(error, call, ms), error);
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

  /** The same push after a pause, unless the timeout of its step runs out before: then the step ends now, and knows why. */
  #later(held: Held, run: Push, call: PendingCall, ms: number, error: unknown): void {
    if (call.deadline !== undefined && Date.now() + ms >= call.deadline) this.#timedOut(held, run, error);
    else this.#again(held, run, call, ms);
  }

  /** Ends the step beside its timer, which does not know what the last call met with; whichever comes first goes on with the run. */
  #timedOut(held: Held, run: Push, cause: unknown): void {
    const { at = '', call } = run.state;
    this.#settleFailed(held, run, call, stepTimeout(at, call, cause));
  }

  #again(held: Held, run: RunMessage, call: PendingCall, ms: number): void {
    this.#held.settle(held, [pushAgain(this.name, run, call, ms)]);
  }

  #settleFailed(held: Held, run: Push, call: PendingCall, error: unknown): void {
    this.#held.settle(held, [continuation(run, failure(run, call, error))]);
  }
}
