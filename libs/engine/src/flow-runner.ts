import { engineFail, runId, typeMatches, viewError, type ErrorView, type Log } from '@sluice/plugin-api';
import type { Flow, RunOutcome, Settings } from '@sluice/flow';
import { Hop } from './hop.js';
import { pause } from './lease.js';
import { chain, isPromise, type Maybe } from './maybe-promise.js';
import type { Observer } from './observer.js';
import { queues, type Bus, type Consumer, type Delivery } from './ports/bus.js';
import type { JournalKind, Store } from './ports/store.js';
import { linkProgram, type Program } from './program.js';
import { replyOfOutcome } from './replies.js';
import { stepTimeout } from './retry.js';
import {
  decodeRun,
  EXPIRED,
  isRun,
  RUN_TYPE,
  runMessage,
  STATE_LIMIT_BYTES,
  stateTooLarge,
  type PendingCall,
  type RunState,
} from './run-state.js';
import type { SoloGate } from './solo-gate.js';
import type { Steps } from './steps.js';
import { SUSPECT_AFTER, SUSPECT_RUNS } from './suspicion.js';

const HELD_BYTES = 64 * 1024 ** 2;
const MOST_HELD = 500;
/** The broker or the database is away: how long a message is held before it is handed back. */
const AWAY_PAUSE_MS = 1_000;

export interface FlowRunnerDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly steps: Steps;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string>>;
  readonly observer: Observer;
  readonly log: Log;
  readonly gate: SoloGate;
  readonly signal: AbortSignal;
}

/**
 * Runs one flow: takes its messages, runs steps until the flow ends or a step has to wait, and settles each message once all effects of
 * the hop are confirmed. At least once: after a crash the hop is run again, and makes the same ids again.
 */
export class FlowRunner {
  readonly #program: Program;
  readonly #consumers: Consumer[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #wanted = new Map<string, boolean>();

  constructor(
    readonly flow: Flow,
    private readonly deps: FlowRunnerDeps,
  ) {
    this.#program = linkProgram(flow);
  }

  /** Declares the flow's queues; a flow that says `from: stored` takes what waits for it. */
  async declare(): Promise<void> {
    const { trigger, name } = this.flow;
    const { bus, log } = this.deps;
    await bus.declare({ queue: queues.flow(name), ...(trigger.kind === 'event' && { types: trigger.types }) });
    await bus.declare({ queue: queues.next(name) });
    if (trigger.kind !== 'event' || trigger.from !== 'stored') return;
    const moved = await bus.replayUnrouted(trigger.types, queues.flow(name));
    if (moved > 0) log.info(`${name}: took ${moved} stored events`);
  }

  async start(): Promise<void> {
    const prefetch = Math.max(1, Math.min(MOST_HELD, Math.floor(HELD_BYTES / this.flow.deliver.maxBodyBytes)));
    // what is under way goes before what is new
    for (const queue of [queues.next(this.flow.name), queues.flow(this.flow.name)]) {
      this.#consumers.push(await this.deps.bus.consume(queue, { prefetch }, (delivery) => this.#take(delivery)));
    }
  }

  /** Takes no more messages; resolves when the hops under way have been settled. */
  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await Promise.allSettled(this.#inFlight);
  }

  #take(delivery: Delivery): void {
    const work = this.#guarded(delivery);
    if (!isPromise(work)) return;
    this.#inFlight.add(work);
    void work.finally(() => this.#inFlight.delete(work));
  }

  #guarded(delivery: Delivery): Maybe<void> {
    try {
      const work =
        delivery.redelivered >= SUSPECT_AFTER ? this.#suspect(delivery) : this.deps.gate.run(() => this.#run(delivery));
      return isPromise(work) ? work.catch((error: unknown) => this.#handBack(delivery, error)) : undefined;
    } catch (error) {
      return this.#handBack(delivery, error);
    }
  }

  /** Something is wrong with this host and not with the run. */
  async #handBack(delivery: Delivery, error: unknown): Promise<void> {
    if (!this.deps.signal.aborted) {
      this.deps.log.warn(`${this.flow.name}: a hop is handed back`, { error: viewError(error).message });
      await pause(AWAY_PAUSE_MS, this.deps.signal);
    }
    delivery.release();
  }

  async #suspect(delivery: Delivery): Promise<void> {
    const { attributes } = delivery.message;
    if (isRun(delivery.message) && !isReadable(delivery)) return putAside(delivery);
    const run = isRun(delivery.message)
      ? decodeRun(delivery.message.body).state.run
      : runId(attributes.source, attributes.id, this.flow.name);
    const times = await this.deps.store.suspect(run);
    if (times <= SUSPECT_RUNS) return this.deps.gate.alone(() => this.#run(delivery));
    const hop = this.#hopOf(delivery);
    hop.stop('parked', viewError(engineFail.POISON(`the host died or lost this run ${delivery.redelivered} times`)));
    await this.#finish(hop, delivery);
  }

  #run(delivery: Delivery): Maybe<void> {
    if (isRun(delivery.message)) return this.#resume(delivery);
    if (!this.#wants(delivery.message.attributes.type)) {
      this.deps.observer.unwanted(this.flow.name);
      return delivery.settle([]);
    }
    return this.#begin(delivery);
  }

  /** A binding may be older than the flow: what its trigger does not take any more is dropped and counted. */
  #wants(type: string): boolean {
    const { trigger } = this.flow;
    if (trigger.kind !== 'event') return true;
    let wanted = this.#wanted.get(type);
    if (wanted === undefined) {
      wanted = trigger.types.some((pattern) => typeMatches(pattern, type));
      if (this.#wanted.size < 10_000) this.#wanted.set(type, wanted);
    }
    return wanted;
  }

  #hopOf(delivery: Delivery): Hop {
    const { message } = delivery;
    const { settings, env } = this.deps;
    if (!isRun(message)) return new Hop(this.flow, message.attributes, message.body, settings, env);
    const { state, body } = decodeRun(message.body);
    return new Hop(this.flow, state.event, body, settings, env, state);
  }

  #begin(delivery: Delivery): Maybe<void> {
    const hop = this.#hopOf(delivery);
    const { deliver } = this.flow;
    if (hop.body.length > deliver.maxBodyBytes) {
      const error = engineFail.BODY_TOO_LARGE(
        `the body has ${hop.body.length} bytes, and the flow takes ${deliver.maxBodyBytes}`,
      );
      hop.stop('parked', viewError(error));
    } else if (hop.expired) hop.stop('expired');
    const ran = hop.end ? undefined : chain(this.#claimed(hop), () => this.#advance(hop, undefined));
    return chain(ran, () => this.#finish(hop, delivery));
  }

  #advance(hop: Hop, at: string | undefined): Maybe<void> {
    if (hop.end) return;
    if (at === undefined) return this.deps.steps.advance(hop, this.#program.first);
    const node = this.#program.byId.get(at);
    return node ? this.deps.steps.advance(hop, node) : this.#changed(hop, at);
  }

  #changed(hop: Hop, at: string): void {
    hop.stop(
      'parked',
      viewError(engineFail.FLOW_CHANGED(`the run stood at step "${at}", which ${this.flow.name} does not have any more`)),
    );
  }

  /** Takes the key of `deliver.dedupe`; ends the hop when another run holds it. */
  #claimed(hop: Hop): Maybe<void> {
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

  async #resume(delivery: Delivery): Promise<void> {
    if (!isReadable(delivery)) return putAside(delivery);
    const { state } = decodeRun(delivery.message.body);
    const hop = this.#hopOf(delivery);
    await this.#goOn(hop, state);
    if (hop.end === undefined) return delivery.settle([]);
    await this.#finish(hop, delivery);
  }

  /** Leaves the hop without an end when the message has nothing to say any more. */
  async #goOn(hop: Hop, state: RunState): Promise<void> {
    if (state.kind === 'replay') {
      await this.#claimed(hop);
      return this.#advance(hop, state.at);
    }
    const at = state.at ?? '';
    const node = this.#program.byId.get(at);
    if (!node) return this.#changed(hop, at);
    if (state.kind === 'retry' && state.call && !hop.expired) return this.deps.steps.callAgain(hop, node, state.call);
    // the step's result and its timer race; the run goes on with exactly one of them
    if (state.call?.deadline !== undefined && !(await this.deps.store.endStep(state.run, at, state.epoch, state.kind))) return;
    // a call that ended well counts: whether the event is too old is asked again before the next step
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

  /** Publishes what the hop did, and acknowledges its message once all of it is confirmed. */
  #finish(hop: Hop, delivery: Delivery): Maybe<void> {
    return chain(this.#claimGivenBack(hop), () => this.#settle(hop, delivery));
  }

  /** The key of a run that was dropped or has expired is given back first: the sender's next try must pass. */
  #claimGivenBack(hop: Hop): Maybe<void> {
    if (hop.claim === undefined || hop.end?.kind !== 'ended') return;
    if (hop.end.outcome !== 'dropped' && hop.end.outcome !== 'expired') return;
    return this.deps.store.claims.giveBack(this.flow.name, hop.claim, hop.run);
  }

  #settle(hop: Hop, delivery: Delivery): void {
    this.#checkSize(hop);
    const { end, flow } = { end: hop.end, flow: this.flow.name };
    if (end?.kind === 'ended') this.#conclude(hop, end.outcome, end.error);
    delivery.settle(hop.outputs, (done) => {
      if (!done) return;
      this.deps.observer.hop(flow, Date.now() - hop.began, end?.kind === 'ended' ? end.outcome : undefined);
    });
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
      const state = hop.state('parked', { ...(at !== undefined && { at }), parked: { error, at: Date.now() } });
      return runMessage({ state, body: hop.body });
    };
    let message = parked(error.step);
    if (message.body.length > STATE_LIMIT_BYTES) {
      // without its outputs the run fits, and a replay begins at the first step
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

/** What nobody can read is kept for a person. */
function putAside(delivery: Delivery): void {
  delivery.settle([{ queue: queues.poison, message: delivery.message }]);
}

function isReadable(delivery: Delivery): boolean {
  try {
    decodeRun(delivery.message.body);
    return true;
  } catch {
    return false;
  }
}

function timeoutOf(at: string, call: PendingCall): ErrorView {
  return viewError(stepTimeout(at, call), { step: at, ...(call.connection !== undefined && { connection: call.connection }) });
}
