import { randomUUID } from 'node:crypto';
import {
  engineFail,
  isSluiceError,
  viewError,
  type AnyAction,
  type AnyPlugin,
  type ErrorView,
  type Idempotence,
  type Log,
  type NewEvent,
} from '@sluice/plugin-api';
import type { PaceConfig, Settings } from '@sluice/flow';
import type { Connection } from './connections.js';
import { abortAt } from './abort-at.js';
import { emittedByCall } from './emitted.js';
import { pause } from './lease.js';
import type { Observer } from './observer.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from './ports/bus.js';
import {
  PUSH_CLASSES,
  type CallEnd,
  type Pace,
  type Pacer,
  type PaceState,
  type PushClass,
  type PushOwner,
} from './ports/pacer.js';
import type { JournalKind, Store } from './ports/store.js';
import { backoffMs, decideRetry, waitMs, type Verdict } from './retry.js';
import {
  decodeRun,
  EXPIRED,
  runMessage,
  STATE_LIMIT_BYTES,
  stateTooLarge,
  type PendingCall,
  type RunMessage,
  type RunState,
  type StepResult,
} from './run-state.js';
import { idempotenceOf } from './steps.js';
import { WeightedChoice } from './weighted-choice.js';

/** RabbitMQ closes a channel whose delivery stays unacknowledged for 30 minutes. */
const LONGEST_HELD_MS = 10 * 60_000;
const HELD_CHECK_MS = 30_000;
const CONSUME_AGAIN_MS = 1_000;
/** Results that are published and not yet confirmed: past so many no new call begins. */
const MOST_UNCONFIRMED = 200;
/** In flight at so many breaker openings in a row, a push spends an attempt each further time: a poison event must not close the road. */
const FREE_OPENINGS = 3;
/** A refused connection means "too many" and not "down" while the other side answered so recently. */
const ALIVE_MS = 1_000;
const NEVER = new Date(8.64e15);

/** Pushes whose breaker openings are counted: a push that moves to another host is forgotten here. */
const MOST_REMEMBERED = 10_000;

/** A push that waits in memory for a slot. */
interface Held {
  readonly delivery: Delivery;
  readonly priority: PushClass;
  readonly since: number;
}

/** A run that waits for its call. */
interface Push extends RunMessage {
  readonly state: RunState & { readonly call: PendingCall };
}

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
}

/**
 * Makes the paced calls into one connection while this host owns it. It holds deliveries of the three class queues, gives the next one
 * to whichever slot is free, and acknowledges each after its continuation is confirmed. It decides nothing about flows: `onError` and
 * parking happen in the hop that reads the continuation.
 */
export class PushRunner implements PushOwner {
  readonly probe?: () => Promise<void>;
  readonly #held: Held[] = [];
  readonly #consumers = new Map<PushClass, Promise<Consumer>>();
  readonly #choice: WeightedChoice<PushClass>;
  /** Breaker openings that a push was in flight at, by its call id. */
  readonly #openings = new Map<string, { times: number; lastAt: number }>();
  /** Fires when calls in flight have had their time at a graceful stop. */
  readonly #cut = new AbortController();
  readonly #allConfirmed: (() => void)[] = [];
  #pace: Pace | undefined;
  #limit: number;
  #inFlight = 0;
  #unconfirmed = 0;
  #lastOkAt = 0;

  constructor(
    private readonly connection: Connection,
    private readonly plugin: AnyPlugin,
    readonly config: PaceConfig,
    private readonly deps: PushRunnerDeps,
  ) {
    this.#choice = new WeightedChoice(config.shares);
    this.#limit = config.concurrency.start;
    if (plugin.check) this.probe = () => connection.check();
  }

  get name(): string {
    return this.connection.spec.name;
  }

  /** Undefined before `run`. */
  state(): PaceState | undefined {
    return this.#pace?.state();
  }

  async declare(): Promise<void> {
    for (const priority of PUSH_CLASSES) await this.deps.bus.declare({ queue: queues.push(this.name, priority) });
  }

  /** Competes for the connection until the signal fires; resolves when its calls have ended and the rest is handed back. */
  async run(): Promise<void> {
    const timer = setInterval(() => this.#handBack((held) => Date.now() - held.since > LONGEST_HELD_MS), HELD_CHECK_MS);
    this.#pace = this.deps.pacer.own(this.name, this.config, this, this.deps.signal);
    await this.#pace.ended;
    clearInterval(timer);
    this.#cut.abort(new Error('the host stops'));
    await this.#close();
    await this.#confirmed();
  }

  waiting(open: readonly PushClass[]): number {
    this.#forgetLost();
    // past so many unconfirmed results nothing begins: the broker is slower than the other side
    if (this.#unconfirmed >= MOST_UNCONFIRMED) return 0;
    return this.#held.reduce((count, held) => (open.includes(held.priority) ? count + 1 : count), 0);
  }

  async start(open: readonly PushClass[]): Promise<CallEnd | 'idle'> {
    const next = this.#next(open);
    if (!next) return 'idle';
    this.#inFlight++;
    try {
      return await this.#push(next.held, next.run, next.call);
    } finally {
      this.#inFlight--;
    }
  }

  limitIs(limit: number): void {
    this.#limit = limit;
    for (const consumer of this.#consumers.values())
      void consumer.then((one) => one.setPrefetch(this.#prefetch)).catch(() => undefined);
    const kept = { interactive: 0, normal: 0, bulk: 0 };
    this.#handBack((held) => ++kept[held.priority] > this.#prefetch);
  }

  opened(): void {
    for (const priority of PUSH_CLASSES) if (!this.#consumers.has(priority)) this.#consume(priority);
  }

  closed(): void {
    void this.#close();
  }

  get #prefetch(): number {
    return 2 * this.#limit;
  }

  /** The push that goes next: by class, then in order. What is past its deadline or expired is answered without a call. */
  #next(open: readonly PushClass[]): { held: Held; run: Push; call: PendingCall } | undefined {
    this.#forgetLost();
    for (;;) {
      const priority = this.#choice.next(open.filter((one) => this.#held.some((held) => held.priority === one)));
      if (priority === undefined) return undefined;
      const [held] = this.#held.splice(
        this.#held.findIndex((one) => one.priority === priority),
        1,
      );
      const run = held && this.#readable(held);
      if (!held || !run) continue;
      const { call } = run.state;
      if (call.deadline !== undefined && Date.now() >= call.deadline) held.delivery.settle([]);
      else if (call.expiresAt !== undefined && Date.now() > call.expiresAt)
        this.#settle(held, [this.#continuation(run, expired())]);
      else return { held, run, call };
    }
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

  async #push(held: Held, run: Push, call: PendingCall): Promise<CallEnd> {
    const begins = this.#idempotence(call) === 'no' ? await this.#marked(run, call) : 'begins';
    if (begins !== 'begins') return this.#notBegun(held, run, call, begins);
    const began = Date.now();
    const timeout = call.deadline === undefined ? undefined : abortAt(call.deadline);
    const called = await this.#call(run, call, timeout ? AbortSignal.any([timeout, this.#cut.signal]) : this.#cut.signal);
    const ms = Date.now() - began;
    this.#report(run, call, called, began, ms);
    if (called.ok) {
      this.#lastOkAt = Date.now();
      this.#openings.delete(callId(run));
      this.#settle(held, [this.#continuation(run, { ok: true, output: called.output }), ...called.emitted]);
      return { result: 'ok', ms };
    }
    // one that must not be repeated is judged: whether it was carried out is not known
    if (this.#cut.signal.aborted && this.#idempotence(call) !== 'no') {
      this.deps.log.warn(`${this.name}: the call ${callId(run)} outlived the stop and will be repeated under the same id`);
      held.delivery.release();
      return { result: 'unknown', ms };
    }
    if (timeout?.aborted) {
      // its timer goes on with the run
      held.delivery.settle([]);
      return { result: 'unknown', ms, lingerMs: ms };
    }
    return this.#judge(held, run, call, called.error, ms);
  }

  /**
   * A call that must not be repeated leaves a mark before it begins, one for each try. `begun` already: a host died, or lost the broker,
   * with the call in flight. Without the database there is no mark, and no such call.
   */
  async #marked(run: Push, call: PendingCall): Promise<'begins' | 'begun' | 'later'> {
    const { state } = run;
    try {
      const first = await this.deps.store.endStep(
        state.run,
        `${state.at ?? ''}/${call.attempt}.${call.waits}`,
        state.epoch,
        randomUUID(),
      );
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
      this.#settle(held, [this.#continuation(run, { ok: false, error: viewError(error, where(run, call)) })]);
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
      const { hops, eventBytes } = this.deps.settings.limits;
      const cause = { event: state.event, flow: state.flow, hopsLimit: hops, bytesLimit: eventBytes };
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

  #judge(held: Held, run: Push, call: PendingCall, error: unknown, ms: number): CallEnd {
    const verdict = this.#verdict(run, call, error);
    const retryAfterMs = isSluiceError(error) ? error.options.retryAfterMs : undefined;
    const end = { ms, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    if (verdict.kind === 'wait' && verdict.why === 'unavailable') {
      // with a mark, the next try needs one of its own
      if (this.#idempotence(call) === 'no') this.#again(held, run, { ...call, waits: call.waits + 1 }, waitMs(call.waits));
      else this.#keep(held);
      return { ...end, result: 'unavailable' };
    }
    if (verdict.kind === 'wait') {
      this.#again(held, run, { ...call, waits: call.waits + 1 }, waitMs(call.waits, retryAfterMs));
      return { ...end, result: 'overload' };
    }
    if (verdict.kind === 'again') {
      const least = sentOf(error) === 'unknown' ? ms : 0;
      this.#again(
        held,
        run,
        { ...call, attempt: call.attempt + 1 },
        Math.max(least, backoffMs(call.policy, call.attempt, retryAfterMs)),
      );
    } else {
      this.#settle(held, [this.#continuation(run, { ok: false, error: viewError(verdict.error, where(run, call)) })]);
    }
    return paceEnd(error, end);
  }

  #verdict(run: RunMessage, call: PendingCall, error: unknown): Verdict {
    const verdict = decideRetry(error, {
      attempt: call.attempt,
      attempts: call.policy.attempts,
      idempotent: this.#idempotence(call),
      spares: true,
      where: `${call.plugin}.${call.action}`,
    });
    if (verdict.kind !== 'wait' || verdict.why !== 'unavailable') return verdict;
    if (sentOf(error) === 'no' && (this.#inFlight > 1 || Date.now() - this.#lastOkAt < ALIVE_MS))
      return { kind: 'wait', why: 'overload' };
    if (this.#openingsOf(callId(run)) <= FREE_OPENINGS) return verdict;
    return call.attempt < call.policy.attempts ? { kind: 'again', error } : { kind: 'failed', error };
  }

  /** Failures between two probes belong to one opening. */
  #openingsOf(id: string): number {
    const now = Date.now();
    const seen = this.#openings.get(id);
    const times = seen === undefined ? 1 : now - seen.lastAt < this.config.breaker.probeMs / 2 ? seen.times : seen.times + 1;
    if (this.#openings.size >= MOST_REMEMBERED) this.#openings.clear();
    this.#openings.set(id, { times, lastAt: now });
    return times;
  }

  /** The same push after a durable delay. */
  #again(held: Held, run: RunMessage, call: PendingCall, ms: number): void {
    const message = runMessage({ state: { ...run.state, call }, body: run.body });
    this.#settle(held, [{ queue: queues.push(this.name, call.priority), message, notBefore: Date.now() + ms }]);
  }

  #continuation(run: Push, result: StepResult): Outgoing {
    // the input has done its work and need not travel on; when the step ends is still asked
    const call = { ...run.state.call, input: null };
    const withResult = (of: StepResult) =>
      runMessage({ state: { ...run.state, kind: 'result', result: of, call }, body: run.body });
    const queue = queues.next(run.state.flow);
    const message = withResult(result);
    if (message.body.length <= STATE_LIMIT_BYTES) return { queue, message };
    // what the broker does not take is never confirmed, and the call would be repeated for ever
    const error = viewError(stateTooLarge(message.body.length), where(run, call));
    return { queue, message: withResult({ ok: false, error }) };
  }

  #consume(priority: PushClass): void {
    const consumer = this.deps.bus.consume(queues.push(this.name, priority), { prefetch: this.#prefetch }, (delivery) => {
      // cancelled meanwhile: another host may be the owner already
      if (this.#consumers.get(priority) !== consumer) return delivery.release();
      this.#held.push({ delivery, priority, since: Date.now() });
      this.#pace?.wake();
    });
    this.#consumers.set(priority, consumer);
    consumer.catch(async (error: unknown) => {
      this.deps.log.warn(`${this.name}: the pushes cannot be consumed, trying again`, { error: viewError(error).message });
      await pause(CONSUME_AGAIN_MS, this.deps.signal);
      // the pacer says once that the connection is open, and not again
      if (this.#consumers.get(priority) === consumer && !this.deps.signal.aborted) this.#consume(priority);
    });
  }

  /** Cancels the consumers, and only then hands back what is held: an open consumer would get it again at once. */
  async #close(): Promise<void> {
    const consumers = [...this.#consumers.values()];
    this.#consumers.clear();
    const held = this.#held.splice(0);
    await Promise.allSettled(consumers.map(async (consumer) => (await consumer).stop()));
    for (const { delivery } of held) delivery.release();
  }

  /** To the end: while the breaker is open one and the same push must not be every probe. */
  #keep(held: Held): void {
    // closed while the call was open: nobody would ever take it from here
    if (this.#consumers.size === 0) held.delivery.release();
    else this.#held.push(held);
  }

  /** Deliveries of a connection that is gone come again: called from here as well, each of them would be called twice. */
  #forgetLost(): void {
    if (this.#held.some(({ delivery }) => delivery.lost))
      this.#held.splice(0, this.#held.length, ...this.#held.filter(({ delivery }) => !delivery.lost));
  }

  #settle(held: Held, outputs: readonly Outgoing[]): void {
    this.#unconfirmed++;
    held.delivery.settle(outputs, () => {
      this.#unconfirmed--;
      this.#pace?.wake();
      if (this.#unconfirmed === 0) for (const tell of this.#allConfirmed.splice(0)) tell();
    });
  }

  #handBack(which: (held: Held) => boolean): void {
    const kept = this.#held.filter((held) => {
      if (!which(held)) return true;
      held.delivery.release();
      return false;
    });
    this.#held.splice(0, this.#held.length, ...kept);
  }

  #confirmed(): Promise<void> {
    if (this.#unconfirmed === 0) return Promise.resolve();
    return new Promise((resolve) => this.#allConfirmed.push(resolve));
  }

  #report(run: RunMessage, call: PendingCall, called: Called, began: number, ms: number): void {
    const error = called.ok ? undefined : viewError(called.error, where(run, call));
    const state = this.state();
    this.deps.observer.called({
      flow: run.state.flow,
      step: run.state.at ?? '',
      plugin: call.plugin,
      action: call.action,
      connection: this.name,
      input: call.input,
      attempt: call.attempt,
      ms,
      waitedMs: began - call.since,
      inFlight: this.#inFlight,
      limit: state?.limit ?? this.#limit,
      ...(error && { error }),
    });
    if (this.deps.journaled(run.state.flow)) this.#journal(run, call, ms, error);
  }

  #journal(run: RunMessage, call: PendingCall, ms: number, error: ErrorView | undefined): void {
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
      connection: this.name,
      attempt: call.attempt,
      ms,
      ...(at !== undefined && { step: at }),
      ...(error && { code: error.code, message: error.message }),
    });
  }
}

/** The idempotency key of the call: the same in every attempt, redelivery and replay. */
function callId(run: RunMessage): string {
  return `${run.state.run}/${run.state.at ?? ''}`;
}

function where(run: RunMessage, call: PendingCall): { step?: string; connection?: string; attempt: number } {
  return {
    attempt: call.attempt,
    ...(run.state.at !== undefined && { step: run.state.at }),
    ...(call.connection !== undefined && { connection: call.connection }),
  };
}

function sentOf(error: unknown): 'no' | 'unknown' | 'yes' {
  return isSluiceError(error) ? (error.options.sent ?? 'unknown') : 'unknown';
}

function expired(): StepResult {
  return { ok: false, error: { code: EXPIRED, fate: 'rejected', message: 'the event expired while its call waited' } };
}

/** What an error of fate retry, rejected or fatal means for the pace. */
function paceEnd(error: unknown, end: { readonly ms: number; readonly retryAfterMs?: number }): CallEnd {
  const fate = isSluiceError(error) ? error.fate : 'retry';
  if (fate === 'overload' || fate === 'unavailable') return { ...end, result: fate };
  switch (sentOf(error)) {
    case 'unknown':
      // what timed out may still run on the other side: it keeps its slot for as long again
      return fate === 'retry' ? { ...end, result: 'unknown', lingerMs: end.ms } : { ...end, result: 'ok' };
    case 'yes':
      return { ...end, result: fate === 'retry' ? 'other' : 'ok' };
    case 'no':
      return { ...end, result: 'other' };
  }
}
