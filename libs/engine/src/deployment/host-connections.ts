import type { ConnectionSpec, PaceConfig } from '@sluice/flow';
import type { Log } from '@sluice/plugin-api';
import type { Connection } from '../calls/connection.js';
import type { ConnectionChanges, Connections } from '../calls/connections.js';
import { stopController } from '../coordination/stop-controller.js';
import type { Bus } from '../ports/bus.js';
import type { PaceState } from '../ports/pacer.js';
import type { LeaseStore } from '../ports/store.js';
import type { PushRunner } from '../pushes/push-runner.js';
import { pushQueues, type RemovedConnection } from '../pushes/removed-connection.js';
import { isDeepStrictEqual } from 'node:util';

/** The pace of pushes that wait for a connection which has no pace any more. */
const DRAINING_PACE: PaceConfig = {
  concurrency: { start: 4, max: 4, adaptive: false },
  latencyTargetMs: 5_000,
  shares: { interactive: 60, normal: 30, bulk: 10 },
  breaker: { failures: 5, withinMs: 30_000, probeMs: 5_000 },
  crashGraceMs: 10_000,
  calendar: [],
};
const PACE_LEASE = 'pace.';

export interface HostConnectionsDeps {
  readonly connections: Connections;
  readonly bus: Bus;
  readonly leases: LeaseStore;
  readonly log: Log;
  /** Whether this host makes paced calls. */
  readonly makesCalls: boolean;
  /** @param signal no new call begins after it fires */
  readonly owner: (connection: Connection, pace: PaceConfig, signal: AbortSignal) => PushRunner;
  readonly removed: (name: string) => RemovedConnection;
  /** Fires at a graceful stop. */
  readonly signal: AbortSignal;
}

interface Owned {
  readonly pace: PaceConfig;
  readonly runner: PushRunner;
  readonly stop: AbortController;
  ended: Promise<void>;
}

/** The paced connections of this host: competes for their ownership, and replaces their owners when the workspace changes. */
export class HostConnections {
  readonly #owned = new Map<string, Owned>();
  readonly #removed = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();

  constructor(private readonly deps: HostConnectionsDeps) {}

  get runners(): readonly PushRunner[] {
    return [...this.#owned.values()].map(({ runner }) => runner);
  }

  /** Names of all queues whose pushes this host makes when it owns their connection. */
  get queues(): readonly string[] {
    return this.deps.makesCalls ? [...this.#owned.keys()].flatMap(pushQueues) : [];
  }

  paces(): Readonly<Record<string, PaceState>> {
    const states = this.runners.map((runner) => [runner.name, runner.state()] as const);
    return Object.fromEntries(states.filter((one): one is readonly [string, PaceState] => one[1] !== undefined));
  }

  /** Declares the queues of the paced connections, before the first call is published to them. */
  async declare(): Promise<void> {
    for (const connection of this.deps.connections.all()) {
      const pace = paceOf(connection);
      if (pace) this.#add(connection, pace);
    }
    for (const runner of this.runners) await runner.declare();
  }

  /** Competes for the connections, and for those of which only queues are left. */
  async start(): Promise<void> {
    if (!this.deps.makesCalls) return;
    for (const owned of this.#owned.values()) owned.ended = owned.runner.run();
    await this.#drain(await this.#namesOfLeases());
  }

  /** Declares the queues of connections that will be paced. Changes nothing else. */
  async prepare(specs: readonly ConnectionSpec[]): Promise<void> {
    for (const { name, pace } of specs) if (pace && !this.#owned.has(name)) await declareQueues(this.deps.bus, name);
  }

  /**
   * Replaces the connections. Owners of unchanged connections go on; the others end their calls and return their pushes to the queues before
   * their successors take them. Resolves when the successors compete.
   */
  async replace(specs: Iterable<ConnectionSpec>): Promise<ConnectionChanges> {
    const before = new Map(this.deps.connections.all().map((one) => [one.spec.name, one]));
    const changes = this.deps.connections.replace(specs);
    const gone: Owned[] = [];
    const added: Connection[] = [];
    for (const connection of this.deps.connections.all()) {
      const { name } = connection.spec;
      const pace = paceOf(connection);
      const owned = this.#owned.get(name);
      const isSame = before.get(name) === connection && owned !== undefined && isDeepStrictEqual(owned.pace, pace);
      if (isSame) continue;
      if (owned) gone.push(this.#end(name, owned));
      if (pace) added.push(connection);
    }
    const left = [...this.#owned].filter(([name]) => !this.deps.connections.all().some(({ spec }) => spec.name === name));
    for (const [name, owned] of left) gone.push(this.#end(name, owned));
    await Promise.all(gone.map(({ ended }) => ended));
    for (const connection of added) await this.#begin(connection, paceOf(connection) as PaceConfig);
    await this.#drain([
      ...left.map(([name]) => name),
      ...changes.changed.map(({ after }) => after.spec.name),
      ...changes.removed.map(({ spec }) => spec.name),
    ]);
    return changes;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#owned.values(), ...this.#removed.values()].map(({ ended }) => ended));
  }

  #add(connection: Connection, pace: PaceConfig): Owned {
    const stop = stopController();
    const runner = this.deps.owner(connection, pace, AbortSignal.any([this.deps.signal, stop.signal]));
    const owned: Owned = { pace, runner, stop, ended: Promise.resolve() };
    this.#owned.set(connection.spec.name, owned);
    return owned;
  }

  async #begin(connection: Connection, pace: PaceConfig): Promise<void> {
    const { name } = connection.spec;
    const removed = this.#removed.get(name);
    removed?.stop.abort();
    await removed?.ended;
    this.#removed.delete(name);
    const owned = this.#add(connection, pace);
    await owned.runner.declare();
    if (this.deps.makesCalls) owned.ended = owned.runner.run();
  }

  #end(name: string, owned: Owned): Owned {
    this.#owned.delete(name);
    owned.stop.abort();
    return owned;
  }

  /** Finds owners for queues of connections that are not paced any more: their pushes are made slowly, or answered when the connection is gone. */
  async #drain(names: readonly string[]): Promise<void> {
    if (!this.deps.makesCalls) return;
    const without = [...new Set(names)].filter((name) => !this.#owned.has(name) && !this.#removed.has(name));
    const existing = new Set((await this.deps.bus.status(without.flatMap(pushQueues))).map(({ queue }) => queue));
    for (const name of without.filter((one) => pushQueues(one).some((queue) => existing.has(queue)))) {
      const connection = this.deps.connections.all().find(({ spec }) => spec.name === name);
      if (connection) await this.#begin(connection, DRAINING_PACE);
      else this.#answer(name);
    }
  }

  #answer(name: string): void {
    const stop = stopController();
    const ended = this.deps.removed(name).run(AbortSignal.any([this.deps.signal, stop.signal]));
    this.#removed.set(name, { stop, ended });
  }

  /** Each connection that was ever paced has a lease. */
  async #namesOfLeases(): Promise<readonly string[]> {
    const leases = await this.deps.leases.list();
    return leases.filter(({ name }) => name.startsWith(PACE_LEASE)).map(({ name }) => name.slice(PACE_LEASE.length));
  }
}

async function declareQueues(bus: Bus, connection: string): Promise<void> {
  for (const queue of pushQueues(connection)) await bus.declare({ queue });
}

/** Returns the pace within the capacity that the remote system reports; undefined for a connection without a pace. */
function paceOf({ spec: { pace, config }, plugin }: Connection): PaceConfig | undefined {
  const maxCalls = plugin.maxCalls?.(config);
  if (!pace || maxCalls === undefined || maxCalls >= pace.concurrency.max) return pace;
  return { ...pace, concurrency: { ...pace.concurrency, max: maxCalls, start: Math.min(pace.concurrency.start, maxCalls) } };
}
