import { engineFail, runId, viewError, type EventAttributes, type Log, pause, type Clock } from '@sluice/plugin-api';
import type { Flow } from '@sluice/flow';
import { OUTAGE_PAUSE_MS } from '@sluice/runtime';
import type { WaitingRuns } from './waiting-runs.js';
import { CompletedWork } from './completed-work.js';
import { FlowIntake } from './flow-intake.js';
import type { Hop } from './hop.js';
import { endWith, type HopEnd } from './hop-end.js';
import { HopRunner, type HopRunnerDeps } from './hop-runner.js';
import { Programs, type CompileRevision, type FoundProgram, type ProgramRunner } from './programs.js';
import type { EventIngress } from '../ingress/event-ingress.js';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { StepRecorder } from '../recording/step-recorder.js';
import type { NewerStateQueues } from './newer-states.js';
import { journalEntry } from './journal-entry.js';
import { linkProgram, type StepPresence } from './program.js';
import { queues, type Bus, type Delivery } from '../ports/bus.js';
import { passOf } from '../lanes/lane-delivery.js';
import { releasedMessage } from '../lanes/lane-messages.js';
import { awaitStore, isStoreUnavailable } from '../coordination/await-store.js';
import { publishAfterRequeue } from '../coordination/publish-after-requeue.js';
import type { Readiness } from '../coordination/readiness.js';
import { isRun, readRun } from './run-codec.js';
import { RunEnds, type RunEndsDeps } from './run-ends.js';
import type { RunMessage, RunState } from './run-state.js';
import type { ExclusiveGate } from '../coordination/exclusive-gate.js';
import { SUSPECT_AFTER, SUSPECT_RUNS } from '../coordination/poison-guard.js';
import { TypePatterns } from '../type-patterns.js';

/** Milliseconds after which a hop that has waited for the database for long is repeated. */
const HAND_BACK_MS = 5_000;
/** Maximum time for which a run waits for a host of its revision, in milliseconds. */
const MAX_NEWER_MS = 10 * 60_000;
/** Maximum milliseconds by which the clocks of two hosts differ. */
const MAX_CLOCK_SKEW_MS = 60_000;

export interface FlowRunnerDeps extends Omit<HopRunnerDeps, 'env' | 'recorder'>, RunEndsDeps {
  readonly bus: Bus;
  readonly ingress: EventIngress;
  readonly log: Log;
  readonly clock: Clock;
  readonly gate: ExclusiveGate;
  readonly readiness: Readiness;
  readonly newer: NewerStateQueues;
  readonly waiting: WaitingRuns;
  readonly recorder: StepRecorder;
  /** Unique over all hosts and restarts. */
  readonly hostId: string;
  readonly compile: CompileRevision;
  /**
   * Returns the time from which on a flow or a module of this host has received the events of the type, in milliseconds since 1970;
   * undefined when none takes it.
   */
  readonly receivedSince: (type: string) => number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Runs one flow: consumes its messages, runs steps until the flow ends or a step has to wait, and settles each message once all effects of
 * the hop are confirmed. Guarantee: at least once. After a crash the hop runs again and derives the same ids.
 */
export class FlowRunner {
  readonly #programs: Programs;
  readonly #intake: FlowIntake;
  /** Why no revision of the flow can be run on this host; undefined when the newest one can. */
  #missing: string | undefined;
  /** Hops that are waiting, by key. A second copy of a message waits for the first. */
  readonly #inFlight = new Map<Delivery, { readonly key: string; readonly ended: Promise<void> }>();
  /** Hops whose outputs were published although their delivery was lost. */
  readonly #answered: CompletedWork;
  /** Types that the trigger takes; undefined for a trigger of a plugin, whose events are of any type. */
  #types: TypePatterns | undefined;

  /** @param generation of the revision, from `RevisionStore.announce` */
  constructor(
    flow: Flow,
    generation: number,
    private readonly deps: FlowRunnerDeps,
  ) {
    const { recorder, ...depsOfHops } = deps;
    const make = (of: Flow): ProgramRunner => ({
      flow: of,
      hops: new HopRunner(linkProgram(of), { ...depsOfHops, env: of.env, ...(of.journal === 'full' && { recorder }) }),
      ends: new RunEnds(of, deps),
    });
    const { compile, clock, store } = deps;
    this.#programs = new Programs(flow, generation, make, { revisions: store.revisions, compile, clock });
    this.#intake = new FlowIntake(
      {
        flow: () => this.flow,
        open: (delivery, run) => this.#programs.newest.hops.open(delivery, run),
        takes: (hop, run) => this.#programs.newest.hops.takes(hop, run?.state),
        take: (delivery) => this.#take(delivery),
      },
      deps,
    );
    this.#types = typesOf(flow);
    this.#answered = new CompletedWork(deps.clock);
  }

  /** The newest revision: new events run on it. */
  get flow(): Flow {
    return this.#programs.newest.flow;
  }

  /** Revisions of runs that this host has continued, the newest revision first. */
  get revisions(): readonly string[] {
    return this.#programs.revisions;
  }

  /** Names of the queues that this host consumes. */
  get consumes(): readonly string[] {
    return this.#intake.consumes;
  }

  /**
   * Returns whether the call of a run can be made: `here` when the newest revision has the step, or the run has a revision of its own that is
   * stored. Returns undefined while the table of revisions is read.
   */
  presenceOfCall(step: string, revision: string): StepPresence | undefined {
    if (this.#programs.newest.hops.hasStep(step)) return 'here';
    const isStored = this.#programs.isStored(revision);
    return isStored === undefined ? undefined : isStored ? 'here' : 'step-gone';
  }

  /**
   * Returns whether a parked run can continue at this step, on the newest revision or on its own one.
   *
   * @throws STORE_UNAVAILABLE
   */
  async presence(step: string, revision: string): Promise<StepPresence | { readonly missing: string }> {
    if (this.#missing === undefined && this.#programs.newest.hops.hasStep(step)) return 'here';
    const found = await this.#programs.of(revision);
    if (found.kind === 'gone') return found;
    // a host of that revision continues it
    if (found.kind === 'newer' || found.runner.hops.hasStep(step)) return 'here';
    return 'step-gone';
  }

  /** Begins to consume. Call it once the queues of all flows are declared. */
  async start(): Promise<void> {
    await this.#intake.start();
  }

  /** Begins to continue runs of a removed flow. Events that were held in an order still begin. */
  startRetired(): Promise<void> {
    return this.#intake.startRetired();
  }

  /**
   * Makes another revision the newest one. Running runs end on theirs. Its queues have been declared. Resolves when events are taken in the
   * order of the new revision.
   */
  async replace(flow: Flow, generation: number): Promise<void> {
    const before = this.flow;
    this.#missing = undefined;
    this.#programs.replace(flow, generation);
    this.#types = typesOf(flow);
    await this.#intake.change(before);
  }

  /** Begins no more runs, because the flow was removed, except for events that are held in an order. Running runs continue. */
  retire(): Promise<void> {
    return this.#intake.retire();
  }

  /** Forgets revisions that could not be compiled: the workspace has changed, so the next run of each compiles it again. */
  forgetFailedRevisions(): void {
    this.#programs.forgetFailed();
  }

  /** Parks the runs of this flow: none of its revisions can be compiled. */
  cannotRun(missing: string): void {
    this.#missing = missing;
  }

  /** Stops consuming and resolves when the running hops are settled. */
  async stop(): Promise<void> {
    await this.#intake.stop();
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
    if (read.kind === 'run') return this.#returned(read.run);
    if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
    else delivery.settle([{ queue: queues.poison, message: delivery.message }]);
    return 'unread';
  }

  #returned(run: RunMessage): RunMessage {
    // a timer may be late: the run may wait at another step already
    if (run.state.kind !== 'timer') this.deps.waiting.remove(run.state.run);
    return run;
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
    if (this.#answered.has(key)) {
      passOf(delivery)?.leave();
      return delivery.settle([]);
    }
    if (!(await this.deps.readiness.reached())) return delivery.release();
    if (delivery.lost) return;
    if (delivery.redelivered >= SUSPECT_AFTER) return this.#suspect(delivery, run);
    await this.deps.gate.run(() => this.#run(delivery, run));
  }

  /** Returns the message to its queue after an error of this host, which is not an error of the run. */
  async #handBack(delivery: Delivery, error: unknown): Promise<void> {
    if (isStoreUnavailable(error) && !this.deps.signal.aborted && !delivery.lost && !passOf(delivery)) {
      const { queue, message } = delivery;
      this.deps.log.warn(`${this.flow.name}: the database is unavailable, a hop is handed back`, { againInMs: HAND_BACK_MS });
      // a delivery that is released counts as the death of a host
      return delivery.settle([{ queue, message, notBefore: this.deps.clock.now() + HAND_BACK_MS }]);
    }
    if (!this.deps.signal.aborted) {
      this.deps.log.warn(`${this.flow.name}: a hop is handed back`, { error: viewError(error).message });
      await pause(this.deps.clock, OUTAGE_PAUSE_MS, this.deps.signal);
    }
    delivery.release();
  }

  async #suspect(delivery: Delivery, message: RunMessage | undefined): Promise<void> {
    const { attributes } = delivery.message;
    const run = message?.state.run ?? runId(attributes.source, attributes.id, this.flow.name);
    // each try of each step is counted separately, so that one item that kills hosts does not make the other items poison
    const times = await this.deps.store.suspect(message ? `${run}/${message.state.epoch}/${message.state.at ?? ''}` : run);
    if (times <= SUSPECT_RUNS) return this.deps.gate.runExclusively(() => this.#run(delivery, message));
    const { newest } = this.#programs;
    const hop = this.#open(newest, delivery, message);
    hop.revision = message?.state.revision ?? hop.revision;
    const error = engineFail.POISON(
      `the host died or lost this run ${delivery.redelivered} times: look for a crash in its log, and for "timed out" in that of RabbitMQ`,
    );
    await this.#finish(newest, hop, endWith('parked', viewError(error)), delivery, message);
  }

  #run(delivery: Delivery, run: RunMessage | undefined): MaybePromise<void> {
    const refused = passOf(delivery)?.refused;
    if (refused) {
      const { newest } = this.#programs;
      return this.#finish(newest, this.#open(newest, delivery, run), endWith('parked', viewError(refused)), delivery, run);
    }
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

  /** An event that was accepted before another flow or module took its type may have been routed to this flow only. */
  #isReceivedElsewhere({ type, acceptedat, time }: EventAttributes): boolean {
    const since = this.deps.receivedSince(type);
    return since !== undefined && (acceptedat ?? Date.parse(time)) > since + MAX_CLOCK_SKEW_MS;
  }

  /** Returns the hop of a delivery on a program, with the lane of its run. */
  #open({ hops }: ProgramRunner, delivery: Delivery, run: RunMessage | undefined): Hop {
    const pass = passOf(delivery);
    // the flow may have been replaced while the event waited for its turn
    const hop = pass?.hop?.program === hops.program ? pass.hop : hops.open(delivery, run);
    const { key, onPark } = this.flow.deliver;
    if (pass) hop.lane = pass.key === undefined ? undefined : { key: pass.key, ...(key && onPark === 'hold' && { hold: true }) };
    return hop;
  }

  /** Runs the hop, publishes its outputs, and acknowledges its message once all are confirmed. */
  #begin(delivery: Delivery): MaybePromise<void> {
    const { newest } = this.#programs;
    const hop = this.#open(newest, delivery, undefined);
    return chain(newest.hops.begin(hop), (end) => this.#finish(newest, hop, end, delivery, undefined));
  }

  #resume(delivery: Delivery, run: RunMessage): MaybePromise<void> {
    const { newest } = this.#programs;
    const { state } = run;
    // people correct a flow and then replay: a replay continues on the newest revision when that has the step
    const corrected = state.kind === 'replay' && this.#missing === undefined && newest.hops.fits(state);
    if (corrected) return this.#resumeOn({ kind: 'program', runner: newest }, delivery, run);
    return chain(this.#programOf(state), (found) => this.#resumeOn(found, delivery, run));
  }

  async #resumeOn(found: FoundProgram, delivery: Delivery, run: RunMessage): Promise<void> {
    const { newest } = this.#programs;
    // a delivery with a lane must not leave its queue before its run goes on
    const inLane = passOf(delivery) !== undefined;
    if (found.kind === 'newer' && !inLane && this.deps.newer.waitForRevision(delivery, run.state, MAX_NEWER_MS)) return;
    const runner = found.kind === 'program' ? found.runner : newest;
    const hop = this.#open(runner, delivery, run);
    if (found.kind !== 'program') hop.revision = run.state.revision;
    const end =
      found.kind === 'program'
        ? await runner.hops.resume(hop, run.state)
        : await runner.hops.parkChanged(hop, run.state, whyNotHere(this.flow.name, run.state.revision, found));
    if (end === 'obsolete') return delivery.settle([]);
    await this.#finish(runner, hop, end, delivery, run);
  }

  /** Returns the program of a run. The delivery is held while the database is unavailable, at most a minute. */
  #programOf({ revision }: RunState): MaybePromise<FoundProgram> {
    if (this.#missing !== undefined) return { kind: 'gone', missing: this.#missing };
    const { clock, signal } = this.deps;
    return this.#programs.peek(revision) ?? awaitStore(clock, signal, async () => this.#programs.of(revision));
  }

  #finish(
    { ends }: ProgramRunner,
    hop: Hop,
    end: HopEnd | 'filtered',
    delivery: Delivery,
    run: RunMessage | undefined,
  ): MaybePromise<void> {
    if (end === 'filtered') {
      ends.filtered(hop);
      return this.#settle(hop, end, delivery, run);
    }
    return chain(ends.releaseClaim(hop, end), () => {
      const final = ends.conclude(hop, end);
      this.#journalWait(hop, final);
      return this.#settle(hop, final, delivery, run);
    });
  }

  #journalWait(hop: Hop, end: HopEnd): void {
    if (end.kind === 'suspended' && hop.wait && this.flow.journal !== 'off')
      this.deps.waiting.add(journalEntry(hop.journaled, 'waiting', this.deps.clock.now(), hop.wait));
  }

  #settle(hop: Hop, end: HopEnd | 'filtered', delivery: Delivery, run: RunMessage | undefined): MaybePromise<void> {
    const hasBlocks = hop.frames.length > 0 || hop.failure !== undefined;
    if (hasBlocks && end !== 'filtered' && end.kind === 'ended' && end.outcome !== 'parked')
      hop.endRowsOf([...hop.frames, ...(hop.failure?.frames ?? [])]);
    const settled = (done: boolean) => {
      if (!done) return;
      this.#closeRows(hop);
      this.#report(hop, end);
    };
    return chain(this.#settleLane(hop, end, delivery), () => {
      if (delivery.lost) return this.#publishAfterRequeue(hop, delivery, keyOf(delivery, run), settled);
      delivery.settle(hop.outputs, settled);
    });
  }

  /** Keeps the lane of a run that goes on elsewhere or holds it, before anything is published. Releases it when the run has ended. */
  #settleLane(hop: Hop, end: HopEnd | 'filtered', delivery: Delivery): MaybePromise<void> {
    const { lane } = hop;
    if (!lane) return;
    const pass = passOf(delivery);
    const goesOn = end !== 'filtered' && (end.kind === 'suspended' || (end.outcome === 'parked' && lane.hold === true));
    if (goesOn) return pass?.keep();
    const released = { key: lane.key, run: hop.run, epoch: hop.epoch };
    const repeatable = !hop.hasCalled && !hop.loopRows;
    hop.outputs.push(...(pass ? pass.close(repeatable) : [releasedMessage(this.flow.name, released, this.deps.clock.now())]));
  }

  /** Reports a hop whose outputs are confirmed and whose delivery is removed from its queue. */
  #report(hop: Hop, end: HopEnd | 'filtered'): void {
    const { observer, clock } = this.deps;
    if (end === 'filtered') return observer.filtered(this.flow.name);
    const outcome = end.kind === 'ended' ? end.outcome : undefined;
    observer.hop(this.flow.name, clock.monotonic() - hop.beganMonotonic, outcome);
    if (outcome === undefined || !observer.ended) return;
    const error = 'error' in end ? end.error : undefined;
    observer.ended({ run: hop.run, flow: this.flow.name, outcome, steps: hop.steps, ...(error && { error }) });
  }

  /** Closes the rows of loops that are over. Rows that stay open are deleted later. */
  #closeRows({ endedRows }: Hop): void {
    for (const key of endedRows)
      this.deps.store.loops
        .close(key)
        .catch((error: unknown) =>
          this.deps.log.debug('the rows of a loop stay open', { ...key, error: viewError(error).message }),
        );
  }

  /** Publishes the outputs of a hop whose delivery was lost during a slow call. The redelivered copy is recognised later. */
  async #publishAfterRequeue(hop: Hop, delivery: Delivery, key: string, settled: (done: boolean) => void): Promise<void> {
    const { bus, log, clock, signal } = this.deps;
    const lost = { what: `the hop of run ${hop.run}`, since: hop.beganMonotonic, bus, log, clock, signal };
    const published = passOf(delivery)?.repeats ? false : await publishAfterRequeue(hop.outputs, lost);
    if (published) this.#answered.add(key);
    settled(published);
    passOf(delivery)?.abandon();
  }
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

function typesOf({ trigger }: Flow): TypePatterns | undefined {
  return trigger.kind === 'event' ? new TypePatterns(trigger.types) : undefined;
}

function whyNotHere(flow: string, revision: string, found: Exclude<FoundProgram, { readonly kind: 'program' }>): string {
  const began = `the run began on revision ${revision} of ${flow}`;
  if (found.kind === 'gone') return `${began}, which cannot be compiled any more: ${found.missing}`;
  return `${began}, and for ${MAX_NEWER_MS / 60_000} min no host with that revision has continued it`;
}
