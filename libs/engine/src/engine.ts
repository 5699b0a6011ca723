import { isSluiceError, type AnyPlugin, type Log, pause, type Clock } from '@sluice/plugin-api';
import type { Flow, Workspace } from '@sluice/flow';
import { aborted, Semaphore } from '@sluice/runtime';
import { CallExecutor } from './calls/call-executor.js';
import type { Connection, ConnectionHealth } from './calls/connection.js';
import { Connections } from './calls/connections.js';
import { withReconnect } from './calls/reconnect.js';
import { HostConnections } from './deployment/host-connections.js';
import { HostFlows, type FlowChanges } from './deployment/host-flows.js';
import { HostRegistration } from './deployment/host-registration.js';
import { EventIngress } from './ingress/event-ingress.js';
import { DelayedEvents } from './runs/delayed-events.js';
import { FlowRunner } from './runs/flow-runner.js';
import { WaitingRuns } from './runs/waiting-runs.js';
import { NewerStateQueues, type NewerStates } from './runs/newer-states.js';
import type { Observer } from './observer.js';
import { StepRecorder, TRIM_MS } from './recording/step-recorder.js';
import { ParkedQuota, type ParkedAccountUsage } from './parking/parked-quota.js';
import { ParkedQueues } from './parking/parked-queues.js';
import { Parking } from './parking/parking.js';
import type { FlowOrder } from './parking/replay-messages.js';
import { HostPeers } from './coordination/peers.js';
import { queues, type Bus, type BusState, type QueueStatus } from './ports/bus.js';
import type { Pacer, PaceState } from './ports/pacer.js';
import type { Store } from './ports/store.js';
import { PushRunner } from './pushes/push-runner.js';
import { pushQueues, RemovedConnection } from './pushes/removed-connection.js';
import { Readiness } from './coordination/readiness.js';
import type { CompileRevision } from './runs/programs.js';
import { Replies } from './runs/replies.js';
import { servicesOf, type HostCapabilities } from './services.js';
import { ExclusiveGate } from './coordination/exclusive-gate.js';
import { stopController } from './coordination/stop-controller.js';
import { PoisonGuard } from './coordination/poison-guard.js';
import { Spools } from './ingress/live-sources/spools.js';
import { runTrigger, type TriggersDeps } from './ingress/triggers.js';

/** Time for calls in flight at a graceful stop, in milliseconds. */
const STOP_GRACE_MS = 8_000;
const SWEEP_MS = 60 * 60_000;
/** Actions of operators are kept for a year, at most a million of each route. */
const AUDIT_RETENTION = { auditMs: 365 * 24 * 60 * 60_000, auditRows: 1_000_000 };
/** Maximum schedules of this host that fire at once. The database has few connections. */
const MAX_FIRING_SCHEDULES = 4;
const SEEN_MS = 60 * 60_000;
/** Interval at which a host marks the revisions of its runs as seen, in milliseconds. */
const REVISIONS_SEEN_MS = 24 * 60 * 60_000;
/** Maximum milliseconds for which a host still accepts events of an account that has become full. */
const QUOTA_READ_INTERVAL_MS = 2_000;

export const ROLES = ['api', 'gateway', 'flows', 'push'] as const;
export type Role = (typeof ROLES)[number];

export interface EngineOptions {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  /** Compiles an earlier revision of a flow with the plugins, the connections and the variables of today. */
  readonly compile: CompileRevision;
  /** Release of Sluice, for the table of hosts. */
  readonly version: string;
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
  readonly parkedAccounts: readonly ParkedAccountUsage[];
}

/** The changes of a reload. All lists contain names. */
export interface WorkspaceChanges {
  readonly flows: FlowChanges;
  readonly connections: FlowChanges;
}

/** The work of one host for a workspace. */
export class Engine {
  readonly ingress: EventIngress;
  readonly parking: Parking;
  readonly connections: Connections;
  readonly recorder: StepRecorder;
  readonly #options: EngineOptions;
  readonly #replies: Replies;
  readonly #peers: HostPeers;
  readonly #flows: HostFlows;
  readonly #owners: HostConnections;
  readonly #registration: HostRegistration;
  readonly #triggersDeps: TriggersDeps;
  /** Ends the connections that clients connect to, by name. */
  readonly #serving = new Map<string, AbortController>();
  readonly #readiness = new Readiness();
  readonly #newer: NewerStateQueues;
  readonly #waiting: WaitingRuns;
  readonly #parkedQueues: ParkedQueues;
  readonly #delayed: DelayedEvents;
  readonly #parkedQuota: ParkedQuota;
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
    this.#parkedQuota = new ParkedQuota(store.parked, settings.limits.parkedBytes, log);
    this.ingress = new EventIngress(bus, this.#replies, observer, {
      limitBytes: settings.limits.eventBytes,
      clock,
      parkedQuota: this.#parkedQuota,
    });
    this.ingress.flowsTake(typesTaken(workspace.flows));
    this.#newer = new NewerStateQueues(log, clock);
    this.#waiting = new WaitingRuns(store.journal, clock);
    this.#parkedQueues = new ParkedQueues({ bus, store, log, clock, newer: this.#newer, signal: this.#draining.signal });
    this.#delayed = new DelayedEvents({ bus, ingress: this.ingress, observer, eventBytes: settings.limits.eventBytes });
    this.parking = new Parking({
      bus,
      store,
      log,
      clock,
      presenceOf: async (flow, step, revision) => this.#flows.find(flow)?.presence(step, revision) ?? 'flow-gone',
      orderOf: (flow) => this.#orderOf(flow),
      keptMs: settings.retention.parkedMs,
      signal: this.#draining.signal,
    });
    this.#triggersDeps = this.#makeTriggersDeps();
    const gate = new ExclusiveGate();
    this.recorder = new StepRecorder({
      records: store.records,
      plugins,
      flowOf: (flow) => this.#flows.find(flow)?.flow,
      mask: options.mask,
      settings,
      clock,
      log,
    });
    const { recorder } = this;
    const executor = new CallExecutor({ settings, observer, journal: store.journal, recorder, log, clock });
    const triggers = {
      host: options.roles.has('api'),
      source: options.roles.has('gateway'),
      schedule: options.roles.has('flows'),
    };
    this.#flows = new HostFlows({
      bus,
      revisions: store.revisions,
      compile: options.compile,
      log,
      clock,
      runsHops: options.roles.has('flows'),
      signal: this.#draining.signal,
      trigger: (flow, signal) => runTrigger(flow, triggers, this.#triggersDeps, signal),
      runner: (flow, generation) =>
        new FlowRunner(flow, generation, {
          bus,
          store,
          executor,
          connections: this.connections,
          ingress: this.ingress,
          settings,
          observer,
          log,
          clock,
          gate,
          readiness: this.#readiness,
          newer: this.#newer,
          waiting: this.#waiting,
          recorder,
          hostId: options.hostId,
          compile: options.compile,
          receivedSince: (type) => this.#receivedSince(type),
          signal: this.#ending.signal,
        }),
    });
    this.#owners = this.#hostConnections(gate, executor);
    this.#registration = new HostRegistration({
      hosts: store.hosts,
      clock,
      log,
      signal: this.#draining.signal,
      report: () => ({
        id: options.hostId,
        version: options.version,
        consumes: [...this.#flows.consumes, ...this.#owners.queues],
        flows: this.#flows.revisions(),
      }),
    });
  }

  /** Declares the queues of the workspace and starts the work of this host's roles. Rejects when the bus or the store cannot be used. */
  async start(): Promise<void> {
    const { roles, store, workspace } = this.#options;
    await this.#flows.declare(workspace.flows);
    await this.#owners.declare();
    await this.#delayed.declare();
    await this.#replies.start();
    await this.#parkedQueues.start();
    this.parking.start();
    await this.#parkedQuota.read();
    await this.#startServing(this.connections.all(), { throwFatal: true });
    await this.#registration.start();
    await this.#owners.start();
    await this.#flows.start();
    if (roles.has('flows')) await this.#delayed.start();
    await this.#registration.announce();
    this.#working.push(this.#every(QUOTA_READ_INTERVAL_MS, () => this.#parkedQuota.read()));
    this.#working.push(this.#every(SEEN_MS, () => store.flowsSeen(this.#flows.flows.map((flow) => flow.name))));
    this.#working.push(this.#every(REVISIONS_SEEN_MS, () => this.#flows.markRevisionsSeen()));
    this.#working.push(this.#every(TRIM_MS, () => this.recorder.trim()));
    this.#working.push(this.#every(SWEEP_MS, () => store.sweep({ ...workspace.settings.retention, ...AUDIT_RETENTION })));
  }

  /**
   * Replaces the flows and the connections of the workspace while the host runs. Running runs end on the revisions on which they began, and
   * no delivery is lost. Plugins, settings and issuers must be those of the start. Calls must not overlap.
   *
   * @returns the changes, once the new workspace runs
   * @throws STORE_UNAVAILABLE, BUS_UNAVAILABLE: then nothing has changed
   */
  async reload(workspace: Workspace): Promise<WorkspaceChanges> {
    const replaceFlows = await this.#flows.prepare(workspace.flows);
    await this.#owners.prepare([...workspace.connections.values()]);
    // events of the removed flows still count as taken until all flows are replaced
    this.ingress.flowsTake([...typesTaken(this.#flows.flows), ...typesTaken(workspace.flows)]);
    const replaced = await this.#owners.replace(workspace.connections.values());
    const changed = replaced.changed.map(({ after }) => after.spec.name);
    const removed = replaced.removed.map(({ spec }) => spec.name);
    for (const name of [...changed, ...removed]) this.#serving.get(name)?.abort();
    const flows = await replaceFlows((connection) => changed.includes(connection));
    this.ingress.flowsTake(typesTaken(workspace.flows));
    await replaced.closed;
    await this.#startServing([...replaced.added, ...replaced.changed.map(({ after }) => after)], { throwFatal: false });
    await this.#registration.announce();
    return { flows, connections: { added: replaced.added.map(({ spec }) => spec.name), changed, removed } };
  }

  /** Returns the revision on which this host begins runs, by flow, and since when, in milliseconds since 1970. */
  revisions(): ReturnType<HostFlows['revisions']> {
    return this.#flows.revisions();
  }

  /** Ends the consumers of a removed flow, whose queues are going to be deleted. */
  async forgetFlow(flow: string): Promise<void> {
    await this.#flows.forget(flow);
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
    const flows = this.#flows.runners.map(({ flow }) => flow.name);
    const names = [
      ...flows.flatMap((name) => [queues.flow(name), queues.next(name), queues.lane(name)]),
      ...this.#owners.runners.flatMap(({ name }) => pushQueues(name)),
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
  parkedAccounts(): readonly ParkedAccountUsage[] {
    return this.#parkedQuota.reported();
  }

  /** Returns the paces of the connections as this host sees them. */
  paces(): Readonly<Record<string, PaceState>> {
    return this.#owners.paces();
  }

  /** Starts no new work, waits for running work (calls at most 8 s), and returns all other messages. Bus, store and pacer stay open. */
  async stop(): Promise<void> {
    this.#draining.abort();
    this.#readiness.stop();
    const drained = Promise.allSettled([
      this.#flows.stop(),
      this.#owners.stop(),
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
    this.#waiting.stop();
    await this.#registration.stop();
    await this.#replies.stop();
    await this.connections.close();
    await this.#peers.stop();
  }

  /**
   * Opens connections that clients connect to.
   *
   * @param options `throwFatal`: reject when a configuration is wrong, which would be overlooked in the log of a start
   */
  async #startServing(connections: readonly Connection[], { throwFatal }: { readonly throwFatal: boolean }): Promise<void> {
    const serving = connections.filter(({ plugin }) => plugin.serves);
    if (serving.length === 0) return;
    await this.#peers.start();
    if (!this.#options.roles.has('gateway')) return;
    for (const connection of serving) {
      await connection.client().catch((error: unknown) => {
        if (throwFatal && isSluiceError(error) && error.fate === 'fatal') throw error;
      });
      const stop = stopController();
      this.#serving.set(connection.spec.name, stop);
      this.#working.push(this.#keepOpen(connection, AbortSignal.any([stop.signal, this.#draining.signal])));
    }
  }

  /** As {@link HostFlows.receivedSince}, of the modules of plugins too. */
  #receivedSince(type: string): number | undefined {
    const times = [this.#flows.receivedSince(type), this.ingress.receivedByModuleSince(type)].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #keepOpen(connection: Connection, signal: AbortSignal): Promise<void> {
    return withReconnect(connection, signal, this.#options.log, (_client, alive) => aborted(alive));
  }

  #makeTriggersDeps(): TriggersDeps {
    const { capabilities, log, clock } = this.#options;
    const { ingress, connections } = this;
    const spools =
      capabilities.spool === undefined
        ? undefined
        : new Spools({ folder: capabilities.spool, ingress, meter: capabilities.meter, log, clock });
    const firing = new Semaphore(MAX_FIRING_SCHEDULES);
    return { ...this.#options, routes: capabilities.routes, connections, ingress, spools, firing };
  }

  #hostConnections(gate: ExclusiveGate, executor: CallExecutor): HostConnections {
    const options = this.#options;
    const { bus, store, log, hostId, clock } = options;
    const suspects = new PoisonGuard();
    return new HostConnections({
      connections: this.connections,
      bus,
      leases: store.leases,
      log,
      makesCalls: options.roles.has('push'),
      signal: this.#draining.signal,
      owner: (connection, pace, signal) =>
        new PushRunner(connection, pace, {
          ...options,
          executor,
          connections: this.connections,
          settings: options.workspace.settings,
          signal,
          journalOf: (flow) => this.#flows.find(flow)?.flow.journal,
          waiting: this.#waiting,
          gate,
          suspects,
          readiness: this.#readiness,
          newer: this.#newer,
          presenceOfCall: (flow, step, revision) => {
            const runner = this.#flows.find(flow);
            return runner ? runner.presenceOfCall(step, revision) : 'flow-gone';
          },
        }),
      removed: (name) =>
        new RemovedConnection(name, {
          bus,
          leases: store.leases,
          hosts: store.hosts,
          hostId,
          newer: this.#newer,
          hasFlow: (flow) => this.#flows.find(flow) !== undefined,
          log,
          clock,
        }),
    });
  }

  #orderOf(name: string): FlowOrder | undefined {
    const deliver = this.#flows.find(name)?.flow.deliver;
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

function typesTaken(flows: readonly Flow[]): readonly string[] {
  return flows.flatMap(({ trigger }) => (trigger.kind === 'event' ? trigger.types : []));
}
