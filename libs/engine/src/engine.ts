import { isSluiceError, type AnyPlugin, type Log, pause, type Clock } from '@sluice/plugin-api';
import type { PaceConfig, Workspace } from '@sluice/flow';
import { aborted, Semaphore } from '@sluice/runtime';
import { CallExecutor } from './calls/call-executor.js';
import type { Connection, ConnectionHealth } from './calls/connection.js';
import { Connections } from './calls/connections.js';
import { keepUsing } from './calls/keep-using.js';
import { EventIngress } from './ingress/event-ingress.js';
import { DelayedEvents } from './runs/delayed-events.js';
import { FlowRunner } from './runs/flow-runner.js';
import { AwayRuns } from './runs/away-runs.js';
import { NewerStateQueues, type NewerStates } from './runs/newer-states.js';
import type { Observer } from './observer.js';
import { ParkedAccounts, type ParkedAccountState } from './parked-accounts.js';
import { ParkedQueues } from './parking/parked-queues.js';
import { Parking } from './parking/parking.js';
import type { FlowOrder } from './parking/replay-messages.js';
import { HostPeers } from './coordination/peers.js';
import { queues, type Bus, type BusState, type QueueStatus } from './ports/bus.js';
import { PUSH_CLASSES, type Pacer, type PaceState } from './ports/pacer.js';
import type { Store } from './ports/store.js';
import { PushRunner } from './pushes/push-runner.js';
import { Readiness } from './coordination/readiness.js';
import type { StepPresence } from './runs/program.js';
import { Replies } from './runs/replies.js';
import { servicesOf, type HostCapabilities } from './services.js';
import { ExclusiveGate } from './coordination/exclusive-gate.js';
import { stopController } from './coordination/stop-controller.js';
import { PoisonGuard } from './coordination/poison-guard.js';
import { Spools } from './ingress/spools.js';
import { runTrigger, type TriggersDeps } from './ingress/triggers.js';

/** Time for calls in flight at a graceful stop, in milliseconds. */
const STOP_GRACE_MS = 8_000;
const SWEEP_MS = 60 * 60_000;
/** Actions of operators are kept for a year, at most a million of each route. */
const AUDIT_RETENTION = { auditMs: 365 * 24 * 60 * 60_000, auditRows: 1_000_000 };
/** Maximum schedules of this host that fire at once. The database has few connections. */
const MAX_FIRING_SCHEDULES = 4;
const SEEN_MS = 60 * 60_000;
/** Maximum milliseconds for which a host still accepts events of an account that has become full. */
const ACCOUNTS_MS = 2_000;

export const ROLES = ['api', 'gateway', 'flows', 'push'] as const;
export type Role = (typeof ROLES)[number];

export interface EngineOptions {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly bus: Bus;
  readonly store: Store;
  readonly pacer: Pacer;
  readonly capabilities: HostCapabilities;
  readonly observer: Observer;
  readonly log: Log;
  /** The only source of time for the engine and for plugins. */
  readonly clock: Clock;
  /** Unique over all hosts and restarts. */
  readonly hostId: string;
  /** `api`: HTTP endpoints. `gateway`: sources with a connection. `flows`: hops. `push`: paced calls. */
  readonly roles: ReadonlySet<Role>;
  /** Masks secrets in a text that leaves the process or is stored. */
  readonly mask: (text: string) => string;
}

export interface EngineStatus {
  readonly bus: BusState;
  readonly queues: readonly QueueStatus[];
  readonly paces: Readonly<Record<string, PaceState>>;
  readonly connections: readonly ConnectionHealth[];
  /** Queues in which this host met runs of a newer release within the last minute: they wait for a host of that release. */
  readonly newerStates: readonly NewerStates[];
  /** Issuers and flows that have used up most of `settings.limits.parked`. */
  readonly parkedAccounts: readonly ParkedAccountState[];
}

/** The work of one host for a workspace. */
export class Engine {
  readonly ingress: EventIngress;
  readonly parking: Parking;
  readonly connections: Connections;
  readonly #options: EngineOptions;
  readonly #replies: Replies;
  readonly #peers: HostPeers;
  readonly #flows: readonly FlowRunner[];
  readonly #pushes: readonly PushRunner[];
  readonly #readiness = new Readiness();
  readonly #newer: NewerStateQueues;
  readonly #away: AwayRuns;
  readonly #parkedQueues: ParkedQueues;
  readonly #delayed: DelayedEvents;
  readonly #accounts: ParkedAccounts;
  /** Fires first: no new work begins. */
  readonly #draining = stopController();
  /** Fires when the time of the graceful stop has passed: calls are aborted. */
  readonly #ending = stopController();
  readonly #working: Promise<unknown>[] = [];

  constructor(options: EngineOptions) {
    const { workspace, bus, store, observer, log, clock, plugins } = options;
    const { settings } = workspace;
    this.#options = options;
    this.#replies = new Replies(bus, options.hostId, clock);
    this.#peers = new HostPeers(bus, options.hostId, log, clock);
    this.connections = new Connections(workspace.connections.values(), plugins, {
      log,
      clock,
      mask: options.mask,
      services: (connection) =>
        servicesOf(connection, { ...options, ingress: this.ingress, peers: this.#peers, leases: store.leases }),
      ...(settings.timezone !== undefined && { timezone: settings.timezone }),
      ...(options.capabilities.folder !== undefined && { folder: options.capabilities.folder }),
    });
    this.#accounts = new ParkedAccounts(store.parked, settings.limits.parkedBytes, log);
    this.ingress = new EventIngress(bus, this.#replies, observer, {
      limitBytes: settings.limits.eventBytes,
      clock,
      accounts: this.#accounts,
    });
    this.ingress.takes(workspace.flows.flatMap(({ trigger }) => (trigger.kind === 'event' ? trigger.types : [])));
    this.#newer = new NewerStateQueues(log, clock);
    this.#away = new AwayRuns(store.journal, clock);
    this.#parkedQueues = new ParkedQueues({ bus, store, log, clock, newer: this.#newer, signal: this.#draining.signal });
    this.#delayed = new DelayedEvents({ bus, ingress: this.ingress, observer, eventBytes: settings.limits.eventBytes });
    this.parking = new Parking({
      bus,
      store,
      log,
      clock,
      presenceOf: (flow, step) => this.#standing(flow, step),
      orderOf: (flow) => this.#orderOf(flow),
      keptMs: settings.retention.parkedMs,
      signal: this.#draining.signal,
    });
    const gate = new ExclusiveGate();
    const executor = new CallExecutor({ settings, observer, journal: store.journal, log, clock });
    this.#flows = workspace.flows.map(
      (flow) =>
        new FlowRunner(flow, {
          bus,
          store,
          executor,
          connections: this.connections,
          ingress: this.ingress,
          settings,
          env: workspace.env,
          observer,
          log,
          clock,
          gate,
          readiness: this.#readiness,
          newer: this.#newer,
          away: this.#away,
          hostId: options.hostId,
          signal: this.#ending.signal,
        }),
    );
    this.#pushes = this.#pushRunners(gate, executor);
  }

  /** Declares the queues of the workspace and starts the work of this host's roles. Rejects when the bus or the store cannot be used. */
  async start(): Promise<void> {
    const { roles, workspace, store } = this.#options;
    for (const flow of this.#flows) await flow.declare();
    for (const push of this.#pushes) await push.declare();
    await this.#delayed.declare();
    await this.#replies.start();
    await this.#parkedQueues.start();
    this.parking.start();
    await this.#accounts.read();
    await this.#startServing();
    if (roles.has('push')) for (const push of this.#pushes) this.#working.push(push.run());
    if (roles.has('flows')) {
      for (const flow of this.#flows) await flow.start();
      await this.#delayed.start();
    }
    const triggers = { host: roles.has('api'), source: roles.has('gateway'), schedule: roles.has('flows') };
    const deps = this.#triggersDeps();
    for (const flow of workspace.flows) this.#working.push(runTrigger(flow, triggers, deps, this.#draining.signal));
    this.#working.push(this.#every(ACCOUNTS_MS, () => this.#accounts.read()));
    this.#working.push(this.#every(SEEN_MS, () => store.flowsSeen(workspace.flows.map((flow) => flow.name))));
    this.#working.push(this.#every(SWEEP_MS, () => store.sweep({ ...workspace.settings.retention, ...AUDIT_RETENTION })));
  }

  /**
   * Call this once the host accepts requests. Until then it processes no redelivered message: one of them may have killed the host at its
   * last start.
   */
  ready(): void {
    this.#readiness.open();
  }

  async status(): Promise<EngineStatus> {
    const { bus } = this.#options;
    const names = [
      ...this.#flows.flatMap(({ flow }) => [queues.flow(flow.name), queues.next(flow.name), queues.lane(flow.name)]),
      ...this.#pushes.flatMap(({ name }) =>
        PUSH_CLASSES.flatMap((priority) => [queues.push(name, priority), queues.pushAgain(name, priority)]),
      ),
      queues.parked,
      queues.unrouted,
    ];
    return {
      bus: bus.state(),
      queues: bus.state().state === 'up' ? await bus.status(names) : [],
      paces: this.paces(),
      connections: this.connections.all().map((one) => one.health()),
      newerStates: this.#newer.list(),
      parkedAccounts: this.parkedAccounts(),
    };
  }

  /** Issuers and flows that have used up most of `settings.limits.parked`, the largest first; read every 2 s. */
  parkedAccounts(): readonly ParkedAccountState[] {
    return this.#accounts.reported();
  }

  /** Returns the paces of the connections as this host sees them. */
  paces(): Readonly<Record<string, PaceState>> {
    const states = this.#pushes.map((push) => [push.name, push.state()] as const);
    return Object.fromEntries(states.filter((one): one is readonly [string, PaceState] => one[1] !== undefined));
  }

  /** Starts no new work, waits for running work (calls at most 8 s), and returns all other messages. Bus, store and pacer stay open. */
  async stop(): Promise<void> {
    this.#draining.abort();
    this.#readiness.stop();
    const drained = Promise.allSettled([
      ...this.#flows.map((flow) => flow.stop()),
      ...this.#working,
      this.#delayed.stop(),
      this.#parkedQueues.stop(),
      this.parking.stop(),
    ]);
    const { clock } = this.#options;
    const grace = new AbortController();
    await Promise.race([drained, pause(clock, STOP_GRACE_MS, grace.signal)]);
    grace.abort();
    this.#ending.abort(new Error('the host stops'));
    await Promise.race([drained, pause(clock, 1_000, new AbortController().signal)]);
    this.#away.stop();
    await this.#replies.stop();
    await this.connections.close();
    await this.#peers.stop();
  }

  /** Opens connections that clients connect to. A wrong configuration ends the start, since it would be overlooked in a log. */
  async #startServing(): Promise<void> {
    const serving = this.connections.all().filter(({ plugin }) => plugin.serves);
    if (serving.length === 0) return;
    await this.#peers.start();
    if (!this.#options.roles.has('gateway')) return;
    for (const connection of serving) {
      await connection.client().catch((error: unknown) => {
        if (isSluiceError(error) && error.fate === 'fatal') throw error;
      });
      this.#working.push(this.#keepOpen(connection));
    }
  }

  #keepOpen(connection: Connection): Promise<void> {
    return keepUsing(connection, this.#draining.signal, this.#options.log, (_client, signal) => aborted(signal));
  }

  #triggersDeps(): TriggersDeps {
    const { capabilities, log, clock } = this.#options;
    const { ingress, connections } = this;
    const spools =
      capabilities.spool === undefined
        ? undefined
        : new Spools({ folder: capabilities.spool, ingress, meter: capabilities.meter, log, clock });
    const firing = new Semaphore(MAX_FIRING_SCHEDULES);
    return { ...this.#options, routes: capabilities.routes, connections, ingress, spools, firing };
  }

  #pushRunners(gate: ExclusiveGate, executor: CallExecutor): readonly PushRunner[] {
    const { workspace } = this.#options;
    const journaled = (flow: string) => workspace.flows.find(({ name }) => name === flow)?.journal !== 'off';
    const suspects = new PoisonGuard();
    const made: PushRunner[] = [];
    for (const connection of this.connections.all()) {
      const { pace } = connection.spec;
      if (!pace) continue;
      const config = withinCapacity(pace, connection.plugin.maxCalls?.(connection.spec.config));
      made.push(
        new PushRunner(connection, config, {
          ...this.#options,
          executor,
          connections: this.connections,
          settings: workspace.settings,
          signal: this.#draining.signal,
          journaled,
          away: this.#away,
          gate,
          suspects,
          readiness: this.#readiness,
          newer: this.#newer,
          presenceOf: (flow, step) => this.#standing(flow, step),
        }),
      );
    }
    return made;
  }

  #standing(name: string, step: string): StepPresence {
    const runner = this.#flows.find(({ flow }) => flow.name === name);
    if (!runner) return 'flow-gone';
    return runner.hasStep(step) ? 'here' : 'step-gone';
  }

  #orderOf(name: string): FlowOrder | undefined {
    const deliver = this.#flows.find(({ flow }) => flow.name === name)?.flow.deliver;
    if (!deliver) return undefined;
    return deliver.key ? 'key' : deliver.concurrency === undefined ? 'none' : 'places';
  }

  async #every(ms: number, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#draining;
    while (!signal.aborted) {
      await work().catch((error: unknown) => this.#options.log.debug('housekeeping is put off', { error: String(error) }));
      await pause(this.#options.clock, ms, signal, { ref: false });
    }
  }
}

/** Limits the pace to the capacity that the remote system reports. */
function withinCapacity(pace: PaceConfig, maxCalls: number | undefined): PaceConfig {
  if (maxCalls === undefined || maxCalls >= pace.concurrency.max) return pace;
  return { ...pace, concurrency: { ...pace.concurrency, max: maxCalls, start: Math.min(pace.concurrency.start, maxCalls) } };
}
