import { isDeepStrictEqual } from 'node:util';
import type { Flow, FlowTrigger } from '@sluice/flow';
import { typeMatches, type Log } from '@sluice/plugin-api';
import { stopController } from '../coordination/stop-controller.js';
import { messageOf } from '../message-of.js';
import { queues, type Bus } from '../ports/bus.js';
import type { RevisionStore } from '../ports/revisions.js';
import { declareFlow } from '../runs/flow-intake.js';
import type { FlowRunner } from '../runs/flow-runner.js';
import { missingIn, type CompileRevision } from '../runs/programs.js';

/** The difference between two sets of flows, by name. */
export interface FlowChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface HostFlowsDeps {
  readonly bus: Bus;
  readonly revisions: RevisionStore;
  readonly compile: CompileRevision;
  readonly log: Log;
  readonly clock: { now(): number };
  /** Whether this host runs hops. */
  readonly runsHops: boolean;
  readonly runner: (flow: Flow, generation: number) => FlowRunner;
  /** Runs the trigger of a flow and resolves after the signal. */
  readonly trigger: (flow: Flow, signal: AbortSignal) => Promise<void>;
  /** Fires at a graceful stop. */
  readonly signal: AbortSignal;
}

interface Deployed {
  readonly runner: FlowRunner;
  flow: Flow;
  /** Milliseconds since 1970 at which this host began to run the revision. */
  since: number;
  trigger?: { readonly stop: AbortController; readonly ended: Promise<void> };
}

/**
 * The flows of this host: those of the workspace, and removed ones whose runs continue. A run ends on the revision on which it began; new
 * events run on the newest one.
 */
export class HostFlows {
  readonly #deployed = new Map<string, Deployed>();
  /** Flows that were removed from the workspace: only their running runs continue. */
  readonly #retired = new Map<string, FlowRunner>();
  /** Times at which the queues of the flows were bound to the types of their revisions, in milliseconds since 1970, by flow. */
  #boundAt: ReadonlyMap<string, number> = new Map();

  constructor(private readonly deps: HostFlowsDeps) {}

  /** The flows of the workspace. */
  get flows(): readonly Flow[] {
    return [...this.#deployed.values()].map(({ flow }) => flow);
  }

  /** Runners of all flows, removed ones included. */
  get runners(): readonly FlowRunner[] {
    return [...[...this.#deployed.values()].map(({ runner }) => runner), ...this.#retired.values()];
  }

  /** Queues that this host consumes. */
  get consumes(): readonly string[] {
    return this.runners.flatMap((runner) => runner.consumes);
  }

  /** Returns the runner of a flow that this host runs, also of a removed one. */
  find(flow: string): FlowRunner | undefined {
    return this.#deployed.get(flow)?.runner ?? this.#retired.get(flow);
  }

  /**
   * Returns the time from which on a flow of this host has received the events of the type, in milliseconds since 1970, also before this
   * host started; undefined when no flow takes it.
   */
  receivedSince(type: string): number | undefined {
    const takers = this.flows.filter(({ trigger }) => takes(trigger, type));
    return takers.length === 0 ? undefined : Math.min(...takers.map(({ name }) => this.#boundAt.get(name) ?? Infinity));
  }

  /** Returns the revision on which new runs begin, by flow. */
  revisions(): Readonly<Record<string, { readonly revision: string; readonly since: number }>> {
    const rows = [...this.#deployed].map(([name, { flow, since }]) => [name, { revision: flow.revision, since }] as const);
    return Object.fromEntries(rows);
  }

  /** Announces the revisions of the flows and declares their queues. Nothing is consumed yet. */
  async declare(flows: readonly Flow[]): Promise<void> {
    const generations = await this.#announce(flows);
    for (const flow of flows) await this.#add(flow, generations);
    for (const { flow } of this.#deployed.values()) await declareFlow(flow, this.deps);
    this.#boundAt = await this.#recordBound(flows);
  }

  /** Consumes the queues of all flows, of removed ones too, and starts the triggers. */
  async start(): Promise<void> {
    if (this.deps.runsHops) {
      for (const { runner } of this.#deployed.values()) await runner.start();
      await this.#drainRemoved();
    }
    for (const deployed of this.#deployed.values()) this.#startTrigger(deployed);
  }

  /**
   * Replaces the flows. Declares the new queues first, so that no event misses its flow; then all flows change at once.
   *
   * @param isConnectionChanged whether triggers of this connection have to subscribe again
   * @throws STORE_UNAVAILABLE, BUS_UNAVAILABLE: then nothing has changed
   */
  async prepare(flows: readonly Flow[]): Promise<(isConnectionChanged: (connection: string) => boolean) => Promise<FlowChanges>> {
    const generations = await this.#announce(flows);
    const fresh = flows.map((flow) => ({ flow, before: this.#deployed.get(flow.name) }));
    for (const { flow, before } of fresh)
      if (before === undefined || before.flow.revision !== flow.revision) await declareFlow(flow, this.deps);
    const boundAt = await this.#recordBound(flows);
    return (isConnectionChanged) => {
      this.#boundAt = boundAt;
      return this.#replace(flows, generations, isConnectionChanged);
    };
  }

  /** Stops consuming and resolves when the running hops are settled. */
  async stop(): Promise<void> {
    await Promise.all([
      ...this.runners.map((runner) => runner.stop()),
      ...[...this.#deployed.values()].map(({ trigger }) => trigger?.ended),
    ]);
  }

  /** Ends the consumers of a removed flow, whose queues are going to be deleted. */
  async forget(flow: string): Promise<void> {
    await this.#retired.get(flow)?.stop();
    this.#retired.delete(flow);
  }

  /** Raises `lastSeen` of all revisions that runs of this host have named. */
  async markRevisionsSeen(): Promise<void> {
    await this.deps.revisions.seen(
      this.runners.flatMap(({ flow, revisions }) => revisions.map((revision) => ({ flow: flow.name, revision }))),
    );
  }

  async #announce(flows: readonly Flow[]): Promise<ReadonlyMap<string, number>> {
    const announced = flows.map(({ name, revision, origin }) => ({ flow: name, revision, ...origin }));
    const generations = await this.deps.revisions.announce(announced);
    return new Map(flows.map(({ name }, at) => [name, generations[at] as number]));
  }

  async #recordBound(flows: readonly Flow[]): Promise<ReadonlyMap<string, number>> {
    const times = await this.deps.revisions.bound(flows.map(({ name, revision }) => ({ flow: name, revision })));
    return new Map(flows.map(({ name }, at) => [name, (times[at] as Date).getTime()]));
  }

  async #replace(
    flows: readonly Flow[],
    generations: ReadonlyMap<string, number>,
    isConnectionChanged: (connection: string) => boolean,
  ): Promise<FlowChanges> {
    const before = new Map(this.#deployed);
    const removed = [...before.keys()].filter((name) => !flows.some((flow) => flow.name === name));
    const added = flows.map(({ name }) => name).filter((name) => !before.has(name));
    const changed: string[] = [];
    const restarted: Promise<void>[] = [];
    for (const flow of flows) {
      const deployed = before.get(flow.name);
      if (!deployed) {
        restarted.push(this.#add(flow, generations));
        continue;
      }
      if (deployed.flow.revision !== flow.revision) {
        changed.push(flow.name);
        deployed.since = this.deps.clock.now();
      }
      const previous = deployed.flow;
      deployed.flow = flow;
      restarted.push(deployed.runner.replace(flow, generations.get(flow.name) as number));
      if (!isSameTrigger(previous, flow, isConnectionChanged)) restarted.push(this.#restartTrigger(deployed));
    }
    for (const name of removed) await this.#retire(name);
    await Promise.all(restarted);
    for (const name of added) {
      const deployed = this.#deployed.get(name) as Deployed;
      if (this.deps.runsHops) await deployed.runner.start();
      this.#startTrigger(deployed);
    }
    for (const runner of this.#retired.values()) runner.forgetFailedRevisions();
    return { added, changed, removed };
  }

  /** A flow that comes back keeps the runner of its running runs. */
  async #add(flow: Flow, generations: ReadonlyMap<string, number>): Promise<void> {
    const generation = generations.get(flow.name) as number;
    const retired = this.#retired.get(flow.name);
    this.#retired.delete(flow.name);
    const runner = retired ?? this.deps.runner(flow, generation);
    this.#deployed.set(flow.name, { runner, flow, since: this.deps.clock.now() });
    await retired?.replace(flow, generation);
  }

  async #retire(name: string): Promise<void> {
    const deployed = this.#deployed.get(name) as Deployed;
    this.#deployed.delete(name);
    this.#retired.set(name, deployed.runner);
    deployed.trigger?.stop.abort();
    await Promise.all([deployed.trigger?.ended, deployed.runner.retire()]);
    this.deps.log.warn(`${name}: the flow was removed: its running runs continue, new events wait in its queue`, {
      cure: 'delete the queue with "sluice doctor --prune" when it is not needed any more',
    });
  }

  /** Continues the runs of flows that were removed before this host started, where queues of them exist. */
  async #drainRemoved(): Promise<void> {
    const stored = (await this.deps.revisions.newest()).filter(({ flow }) => !this.#deployed.has(flow));
    const existing = new Set((await this.deps.bus.status(stored.map(({ flow }) => queues.next(flow)))).map(({ queue }) => queue));
    for (const { flow, revision, generation } of stored.filter((one) => existing.has(queues.next(one.flow)))) {
      const row = await this.deps.revisions.get(flow, revision);
      const compiled = row && (await this.deps.compile(row));
      if (!compiled) continue;
      const newest = compiled.ok ? compiled.flow : withoutSteps(flow, revision);
      const runner = this.deps.runner(newest, generation);
      if (!compiled.ok) runner.cannotRun(missingIn(compiled));
      this.#retired.set(flow, runner);
      await runner.startRetired();
    }
  }

  #startTrigger(deployed: Deployed): void {
    const stop = stopController();
    const ended = this.deps
      .trigger(deployed.flow, AbortSignal.any([this.deps.signal, stop.signal]))
      .catch((error: unknown) => this.deps.log.error(`${deployed.flow.name}: its trigger ended`, { reason: messageOf(error) }));
    deployed.trigger = { stop, ended };
  }

  async #restartTrigger(deployed: Deployed): Promise<void> {
    deployed.trigger?.stop.abort();
    await deployed.trigger?.ended;
    this.#startTrigger(deployed);
  }
}

function takes(trigger: FlowTrigger, type: string): boolean {
  return trigger.kind === 'event' && trigger.types.some((pattern) => typeMatches(pattern, type));
}

/** Returns whether a running trigger of one flow serves the other one. Compiled conditions cannot be compared. */
function isSameTrigger(a: Flow, b: Flow, isConnectionChanged: (connection: string) => boolean): boolean {
  const { trigger } = b;
  if (trigger.kind === 'plugin' && trigger.connection !== undefined && isConnectionChanged(trigger.connection)) return false;
  if (a.revision === b.revision) return true;
  return withoutWhere(a.trigger) !== undefined && isDeepStrictEqual(withoutWhere(a.trigger), withoutWhere(trigger));
}

function withoutWhere(trigger: FlowTrigger): FlowTrigger | undefined {
  return trigger.where === undefined ? trigger : undefined;
}

/** Stands for a flow none of whose stored revisions can be compiled: its runs are parked. */
function withoutSteps(name: string, revision: string): Flow {
  return {
    name,
    location: { file: name, line: 1, column: 1 },
    revision,
    origin: { source: '', constants: '{}' },
    vars: {},
    env: {},
    trigger: { kind: 'event', types: [], from: 'new' },
    deliver: {
      onPark: 'continue',
      retry: { attempts: 1, backoff: 'fixed', initialMs: 1_000, maxMs: 1_000 },
      retryGiven: false,
      maxBodyBytes: 1_048_576,
      onExhausted: 'park',
    },
    journal: 'all',
    steps: [],
    tests: [],
  };
}
