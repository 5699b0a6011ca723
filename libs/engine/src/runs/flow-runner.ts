import { engineFail, runId, viewError, type ErrorView, type EventAttributes, type Log } from '@sluice/plugin-api';
import type { Flow, RunOutcome, Settings } from '@sluice/flow';
import { CompletedWork } from './completed-work.js';
import { Hop } from './hop.js';
import { pause } from '../coordination/lease.js';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { NewerStateQueues } from './newer-states.js';
import type { Observer } from '../observer.js';
import { queues, type Bus, type Consumer, type Delivery } from '../ports/bus.js';
import type { JournalKind, Store } from '../ports/store.js';
import { publishLost } from '../coordination/publish-lost.js';
import { linkProgram, type Program } from './program.js';
import type { Readiness } from '../coordination/readiness.js';
import { replyOfOutcome } from './replies.js';
import { stepTimeout } from '../calls/retry.js';
import type { EventIngress } from '../ingress/event-ingress.js';
import { TypePatterns } from '../type-patterns.js';
import { isRun, readRun, RUN_TYPE, runMessage } from './run-codec.js';
import {
  EXPIRED,
  STATE_LIMIT_BYTES,
  stateTooLarge,
  type PendingCall,
  type RunMessage,
  type RunState,
  type StepResult,
} from './run-state.js';
import type { ExclusiveGate } from '../coordination/exclusive-gate.js';
import type { Steps } from './steps.js';
import { SUSPECT_AFTER, SUSPECT_RUNS } from '../coordination/poison-guard.js';

const MAX_HELD_BYTES = 64 * 1024 ** 2;
const MAX_HELD_MESSAGES = 500;
/** Milliseconds for which a message is held while the broker or the database is away, before it returns to its queue. */
const AWAY_PAUSE_MS = 1_000;
/** Maximum milliseconds by which the clocks of two hosts differ. */
const MAX_CLOCK_SKEW_MS = 60_000;

export interface FlowRunnerDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly steps: Steps;
  readonly ingress: Pick<EventIngress, 'hasSubscriber'>;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string>>;
  readonly observer: Observer;
  readonly log: Log;
  readonly gate: ExclusiveGate;
  readonly readiness: Readiness;
  readonly newer: NewerStateQueues;
  readonly signal: AbortSignal;
}

/**
 * Runs one flow: consumes its messages, runs steps until the flow ends or a step has to wait, and settles each message once all effects of
 * the hop are confirmed. Guarantee: at least once. After a crash the hop runs again and derives the same ids.
 */
export class FlowRunner {
  readonly #program: Program;
  readonly #consumers: Consumer[] = [];
  /** Hops that are waiting, by key. A second copy of a message waits for the first. */
  readonly #inFlight = new Map<Delivery, { readonly key: string; readonly ended: Promise<void> }>();
  /** Hops whose outputs were published although their delivery was lost. */
  readonly #answered = new CompletedWork();
  /** Types that the trigger takes; undefined for a trigger of a plugin, whose events are of any type. */
  readonly #types: TypePatterns | undefined;
  /** Time from which all flows of this host receive the events of their types, in milliseconds since 1970. */
  #boundAt = Infinity;

  constructor(
    readonly flow: Flow,
    private readonly deps: FlowRunnerDeps,
  ) {
    this.#program = linkProgram(flow);
    if (flow.trigger.kind === 'event') this.#types = new TypePatterns(flow.trigger.types);
  }

  /** Returns whether a run can continue at this step. */
  hasStep(step: string): boolean {
    return this.#program.byId.has(step);
  }

  /** Declares the flow's queues. A flow with `from: stored` also receives the stored events that match it. */
  async declare(): Promise<void> {
    const { trigger, name } = this.flow;
    const { bus, log } = this.deps;
    await bus.declare({ queue: queues.flow(name), ...(trigger.kind === 'event' && { types: trigger.types }) });
    await bus.declare({ queue: queues.next(name) });
    if (trigger.kind !== 'event' || trigger.from !== 'stored') return;
    const moved = await bus.replayUnrouted(trigger.types, queues.flow(name));
    if (moved > 0) log.info(`${name}: took ${moved} stored events`);
  }

  /** Begins to consume. Call it once the queues of all flows are declared. */
  async start(): Promise<void> {
    this.#boundAt = Date.now();
    const prefetch = Math.max(1, Math.min(MAX_HELD_MESSAGES, Math.floor(MAX_HELD_BYTES / this.flow.deliver.maxBodyBytes)));
    // running runs go before new events
    for (const queue of [queues.next(this.flow.name), queues.flow(this.flow.name)]) {
      this.#consumers.push(await this.deps.bus.consume(queue, { prefetch }, (delivery) => this.#take(delivery)));
    }
  }

  /** Stops consuming and resolves when the running hops are settled. */
  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await Promise.allSettled([...this.#inFlight.values()].map(({ ended }) => ended));
  }

  #take(delivery: Delivery): void {
    const run = this.#read(delivery);
    if (run === 'unread') return;
    const work = this.#guarded(delivery, run);
    if (!isPromise(work)) return;
    const ended = work.finally(() => this.#inFlight.delete(delivery));
    this.#inFlight.set(delivery, { key: keyOf(delivery, run), ended });
  }

  /** Returns the state of a running run; undefined for an event. A state that this host cannot read returns to its queue or is parked. */
  #read(delivery: Delivery): RunMessage | undefined | 'unread' {
    if (!isRun(delivery.message)) return undefined;
    const read = readRun(delivery.message.body);
    if (read.kind === 'run') return read.run;
    if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
    else delivery.settle([{ queue: queues.poison, message: delivery.message }]);
    return 'unread';
  }

  #guarded(delivery: Delivery, run: RunMessage | undefined): MaybePromise<void> {
    try {
      const work = delivery.redelivered > 0 ? this.#again(delivery, run) : this.deps.gate.run(() => this.#run(delivery, run));
      return isPromise(work) ? work.catch((error: unknown) => this.#handBack(delivery, error)) : undefined;
    } catch (error) {
      return this.#handBack(delivery, error);
    }
  }

  /** Handles a redelivered message: its hop may still run here, may have ended, or may kill hosts. */
  async #again(delivery: Delivery, run: RunMessage | undefined): Promise<void> {
    const key = keyOf(delivery, run);
    for (const [other, { key: same, ended }] of [...this.#inFlight]) if (same === key && other.lost) await ended;
    if (this.#answered.has(key)) return delivery.settle([]);
    if (!(await this.deps.readiness.reached())) return delivery.release();
    if (delivery.lost) return;
    if (delivery.redelivered >= SUSPECT_AFTER) return this.#suspect(delivery, run);
    await this.deps.gate.run(() => this.#run(delivery, run));
  }

  /** Returns the message to its queue after an error of this host, which is not an error of the run. */
  async #handBack(delivery: Delivery, error: unknown): Promise<void> {
    if (!this.deps.signal.aborted) {
      this.deps.log.warn(`${this.flow.name}: a hop is handed back`, { error: viewError(error).message });
      await pause(AWAY_PAUSE_MS, this.deps.signal);
    }
    delivery.release();
  }

  async #suspect(delivery: Delivery, message: RunMessage | undefined): Promise<void> {
    const { attributes } = delivery.message;
    const run = message?.state.run ?? runId(attributes.source, attributes.id, this.flow.name);
    const times = await this.deps.store.suspect(run);
    if (times <= SUSPECT_RUNS) return this.deps.gate.runExclusively(() => this.#run(delivery, message));
    const hop = this.#hopOf(delivery, message);
    const error = engineFail.POISON(
      `the host died or lost this run ${delivery.redelivered} times: look for a crash in its log, and for "timed out" in that of RabbitMQ`,
    );
    hop.stop('parked', viewError(error));
    await this.#finish(hop, delivery, message);
  }

  #run(delivery: Delivery, run: RunMessage | undefined): MaybePromise<void> {
    if (run) return this.#resume(delivery, run);
    const takesType = this.#types?.match(delivery.message.attributes.type) ?? true;
    return takesType ? this.#begin(delivery) : this.#unwanted(delivery);
  }

  /**
   * Keeps an event whose type was removed from the trigger: the event waited in the queue during the edit, or a binding of the earlier
   * trigger still delivers it. It becomes unrouted, unless a flow or a module of this host has received a copy of its own.
   */
  #unwanted(delivery: Delivery): void {
    const { message } = delivery;
    this.deps.observer.unwanted(this.flow.name);
    if (this.#isReceivedElsewhere(message.attributes)) return delivery.settle([]);
    this.deps.observer.unrouted(message.attributes);
    delivery.settle([{ queue: queues.unrouted, message }]);
  }

  /** An event that was accepted before this host had declared its queues may have been routed to this flow only. */
  #isReceivedElsewhere({ type, acceptedat, time }: EventAttributes): boolean {
    const acceptedAt = acceptedat ?? Date.parse(time);
    return acceptedAt > this.#boundAt + MAX_CLOCK_SKEW_MS && this.deps.ingress.hasSubscriber(type);
  }

  #hopOf({ message }: Delivery, run: RunMessage | undefined): Hop {
    const { settings, env } = this.deps;
    if (!run) return new Hop(this.flow, message.attributes, message.body, settings, env);
    return new Hop(this.flow, run.state.event, run.body, settings, env, run.state);
  }

  #begin(delivery: Delivery): MaybePromise<void> {
    const hop = this.#hopOf(delivery, undefined);
    const { deliver } = this.flow;
    if (hop.body.length > deliver.maxBodyBytes) {
      const error = engineFail.BODY_TOO_LARGE(
        `the body has ${hop.body.length} bytes, and the flow takes ${deliver.maxBodyBytes}`,
      );
      hop.stop('parked', viewError(error));
    } else if (hop.expired) hop.stop('expired');
    const ran = hop.end ? undefined : chain(this.#claimed(hop), () => this.#advance(hop, undefined));
    return chain(ran, () => this.#finish(hop, delivery, undefined));
  }

  #advance(hop: Hop, at: string | undefined): MaybePromise<void> {
    if (hop.end) return;
    if (at === undefined) return this.deps.steps.advance(hop, this.#program.first);
    const node = this.#program.byId.get(at);
    return node ? this.deps.steps.advance(hop, node) : this.#changed(hop, at, undefined);
  }

  /** Parks the run at the missing step with the results of its calls. A replay continues there when the step exists again. */
  #changed(hop: Hop, at: string, result: StepResult | undefined): void {
    const gone = `the run stands at step "${at}", which ${this.flow.name} does not have any more`;
    if (result?.ok) hop.unread = result;
    const error = result?.ok
      ? engineFail.FLOW_CHANGED(`${gone}: its call ${hop.run}/${at} was made, and what it returned is kept`)
      : engineFail.FLOW_CHANGED(gone);
    const uncalled = result?.ok === false && result.error.code === error.code;
    hop.stop('parked', uncalled ? result.error : viewError(error, { step: at }));
  }

  /** Claims the key of `deliver.dedupe`; ends the hop when another run holds it. */
  #claimed(hop: Hop): MaybePromise<void> {
    const { dedupe } = this.flow.deliver;
    if (!dedupe || hop.claim !== undefined) return;
    return this.#claim(hop, dedupe);
  }

  async #claim(hop: Hop, dedupe: NonNullable<Flow['deliver']['dedupe']>): Promise<void> {
    let key: string;
    try {
      key = await dedupe.key.text(hop.scope);
    } catch (error) {
      return hop.stop('parked', viewError(error));
    }
    const holder = await this.deps.store.claims.claim({ flow: this.flow.name, key, run: hop.run, withinMs: dedupe.withinMs });
    if (holder === hop.run) hop.claim = key;
    else hop.stop('duplicate', { code: 'DUPLICATE', fate: 'rejected', message: `duplicate of run ${holder}` });
  }

  async #resume(delivery: Delivery, run: RunMessage): Promise<void> {
    const hop = this.#hopOf(delivery, run);
    await this.#goOn(hop, run.state);
    if (hop.end === undefined) return delivery.settle([]);
    await this.#finish(hop, delivery, run);
  }

  /** Leaves the hop without an end when the message is obsolete. */
  async #goOn(hop: Hop, state: RunState): Promise<void> {
    const at = state.at ?? '';
    const node = this.#program.byId.get(at);
    if (state.kind === 'replay') {
      await this.#claimed(hop);
      if (hop.end || !state.result) return this.#advance(hop, state.at);
    } else if (state.kind === 'retry' && node && state.call && !hop.expired) {
      return this.deps.steps.callAgain(hop, node, state.call);
    } else if (state.call?.deadline !== undefined && !(await this.deps.store.endStep(state.run, at, state.epoch, state.kind))) {
      // the step's result and its timer race; the run goes on with exactly one of them
      return;
    }
    if (!node) return this.#changed(hop, at, state.result);
    // a successful call counts: the age of the event is checked again before the next step
    if (state.result?.ok) {
      hop.steps[at] = state.result.output;
      return this.deps.steps.advance(hop, node.next);
    }
    // the owner of the pace may have found it expired by a clock that is ahead of ours
    const expired = state.result?.error.code === EXPIRED || hop.expired;
    if (expired) return hop.stop('expired');
    if (state.kind === 'timer' && state.call) return this.deps.steps.failed(hop, node, timeoutOf(at, state.call));
    if (state.result) return this.deps.steps.failed(hop, node, state.result.error);
  }

  /** Publishes the outputs of the hop and acknowledges its message once all are confirmed. */
  #finish(hop: Hop, delivery: Delivery, run: RunMessage | undefined): MaybePromise<void> {
    return chain(this.#claimGivenBack(hop), () => this.#settle(hop, delivery, run));
  }

  /** Releases the key of a run that was dropped or has expired first: the sender's next attempt must pass. */
  #claimGivenBack(hop: Hop): MaybePromise<void> {
    if (hop.claim === undefined || hop.end?.kind !== 'ended') return;
    if (hop.end.outcome !== 'dropped' && hop.end.outcome !== 'expired') return;
    return this.deps.store.claims.giveBack(this.flow.name, hop.claim, hop.run);
  }

  #settle(hop: Hop, delivery: Delivery, run: RunMessage | undefined): MaybePromise<void> {
    this.#checkSize(hop);
    const { end, flow } = { end: hop.end, flow: this.flow.name };
    if (end?.kind === 'ended') this.#conclude(hop, end.outcome, end.error);
    const settled = (done: boolean) => {
      if (!done) return;
      this.deps.observer.hop(flow, Date.now() - hop.began, end?.kind === 'ended' ? end.outcome : undefined);
    };
    if (delivery.lost) return this.#publishLost(hop, keyOf(delivery, run), settled);
    delivery.settle(hop.outputs, settled);
  }

  /** Publishes the outputs of a hop whose delivery was lost during a slow call. The redelivered copy is recognised later. */
  async #publishLost(hop: Hop, key: string, settled: (done: boolean) => void): Promise<void> {
    const { bus, log, signal } = this.deps;
    const published = await publishLost(hop.outputs, { what: `the hop of run ${hop.run}`, sinceMs: hop.began, bus, log, signal });
    if (published) this.#answered.add(key);
    settled(published);
  }

  #checkSize(hop: Hop): void {
    const tooLarge = hop.outputs.find(
      ({ message }) => message.attributes.datacontenttype === RUN_TYPE && message.body.length > STATE_LIMIT_BYTES,
    );
    if (!tooLarge) return;
    const size = tooLarge.message.body.length;
    hop.outputs.length = 0;
    forgetSteps(hop);
    hop.stop('parked', viewError(stateTooLarge(size)));
  }

  #conclude(hop: Hop, outcome: RunOutcome, error: ErrorView | undefined): void {
    switch (outcome) {
      case 'parked':
      case 'dropped':
        this.#failed(hop, outcome, error ?? viewError(new Error('failed without an error')));
        break;
      case 'done':
      case 'stopped':
      case 'expired':
      case 'duplicate':
        hop.reply(replyOfOutcome({ outcome }, hop.event.id));
        break;
    }
    this.#journal(hop, outcome, error);
  }

  #failed(hop: Hop, outcome: 'parked' | 'dropped', error: ErrorView): void {
    hop.reply(replyOfOutcome({ outcome: 'failed', error }, hop.event.id));
    if (outcome === 'dropped') return;
    const parked = (at?: string) => {
      const state = hop.state('parked', {
        ...(at !== undefined && { at }),
        ...(at !== undefined && hop.unread && { result: hop.unread }),
        parked: { error, at: Date.now() },
      });
      return runMessage({ state, body: hop.body });
    };
    let message = parked(error.step);
    if (message.body.length > STATE_LIMIT_BYTES) {
      // without its outputs the run is small enough, and a replay begins at the first step
      forgetSteps(hop);
      message = parked();
    }
    hop.outputs.push({ queue: queues.parked, message });
    this.deps.observer.parked(this.flow.name, error, hop.event);
  }

  #journal(hop: Hop, kind: JournalKind, error: ErrorView | undefined): void {
    const { journal } = this.flow;
    if (journal === 'off') return;
    const quiet = (kind === 'done' || kind === 'stopped') && !hop.notable;
    if (journal === 'changes' && quiet) return;
    this.deps.store.journal.write({
      at: new Date(),
      flow: this.flow.name,
      run: hop.run,
      eventId: hop.event.id,
      eventSource: hop.event.source,
      eventType: hop.event.type,
      ...(hop.event.causationid !== undefined && { causationid: hop.event.causationid }),
      kind,
      ms: Date.now() - hop.startedAt,
      ...(error && { code: error.code, message: error.message }),
      ...(error?.step !== undefined && { step: error.step }),
      ...(error?.connection !== undefined && { connection: error.connection }),
      ...(error?.attempt !== undefined && { attempt: error.attempt }),
    });
  }
}

function forgetSteps(hop: Hop): void {
  for (const step of Object.keys(hop.steps)) delete hop.steps[step];
}

/** Returns the key of a hop. All copies of its message have the same key; an event that its sender repeats has another one. */
function keyOf({ message }: Delivery, run: RunMessage | undefined): string {
  if (!run) {
    const { source, id, acceptedat = 0 } = message.attributes;
    return `${source}\n${id}\n${acceptedat}`;
  }
  const { run: id, epoch, startedAt, at = '', kind, call } = run.state;
  return `${id}/${epoch}/${startedAt}/${at}/${kind}/${call?.attempt ?? 0}.${call?.waits ?? 0}`;
}

function timeoutOf(at: string, call: PendingCall): ErrorView {
  return viewError(stepTimeout(at, call), { step: at, ...(call.connection !== undefined && { connection: call.connection }) });
}
