import { pause } from '@sluice/plugin-api';
import type { Flow } from '@sluice/flow';
import { FlowOwner, type FlowOwnerDeps } from '../lanes/flow-owner.js';
import type { LaneMode } from '../lanes/lane-table.js';
import { chain, type MaybePromise } from '../maybe-promise.js';
import { queues, type Consumer, type Delivery } from '../ports/bus.js';
import type { Hop } from './hop.js';
import type { RunMessage } from './run-state.js';

/** Maximum bytes of the events of a flow that a host holds, when none exceeds `maxBody`. */
const MAX_HELD_BYTES = 64 * 1024 ** 2;
const MAX_HELD_MESSAGES = 500;
/** Interval at which a removed flow checks whether events are held in an order, in milliseconds. */
const HELD_EVENTS_CHECK_MS = 5_000;

export interface FlowIntakeDeps extends FlowOwnerDeps {
  /** Fires when the host must stop at once. */
  readonly signal: AbortSignal;
}

/** The runs of the flow whose messages are taken. */
export interface TakenRuns {
  /** Returns the newest revision. */
  readonly flow: () => Flow;
  /** Returns the hop of a delivery on the newest revision. */
  readonly open: (delivery: Delivery, run: RunMessage | undefined) => Hop;
  /** Returns whether the flow takes the event. */
  readonly takes: (hop: Hop, run: RunMessage | undefined) => MaybePromise<boolean>;
  /** Runs the hop of a delivery. */
  readonly take: (delivery: Delivery) => void;
}

/**
 * Takes the messages of one flow from its queues: those of running runs on every host, new events on every host or, with `deliver.key` or
 * `deliver.concurrency`, on the one that owns the flow. The consumer of the events changes with the revision, one change after another.
 */
export class FlowIntake {
  /** By queue. */
  readonly #consumers = new Map<string, Consumer>();
  /** Takes the events of a flow with `deliver.key` or `deliver.concurrency`. */
  #owner: FlowOwner | undefined;
  /** True after the flow was removed. */
  #isRetired = false;
  /** The last change of the consumer of events. */
  #changed: Promise<void> = Promise.resolve();

  constructor(
    private readonly runs: TakenRuns,
    private readonly deps: FlowIntakeDeps,
  ) {}

  /** Names of the queues that this host consumes. */
  get consumes(): readonly string[] {
    return [...this.#consumers.keys()];
  }

  /** Begins to consume. The queues have been declared. */
  async start(): Promise<void> {
    // running runs go before new events
    await this.#consume(queues.next(this.#name));
    await this.#change(() => this.#takeEvents());
  }

  /** Begins to continue runs of a removed flow. Events that were held in an order still begin. */
  async startRetired(): Promise<void> {
    await this.#consume(queues.next(this.#name));
    if ((await this.#heldEvents()) === 0) return;
    await this.#change(() => this.#takeEvents());
    await this.retire();
  }

  /** Takes the events as the newest revision orders them, after another one was the newest. Its queues have been declared. */
  async change(before: Flow): Promise<void> {
    const flow = this.runs.flow();
    const prefetch = prefetchOf(flow);
    const isOther = prefetchOf(before) !== prefetch;
    const wasRetired = this.#isRetired;
    this.#isRetired = false;
    const takesEvents = this.#owner !== undefined || this.#consumers.has(queues.flow(flow.name));
    if (takesEvents && (orderOf(before) !== orderOf(flow) || (this.#owner && (isOther || wasRetired)))) {
      await this.#change(async () => {
        await this.#stopEvents();
        await this.#takeEvents();
      });
    }
    if (isOther) for (const consumer of this.#consumers.values()) await consumer.setPrefetch(prefetch).catch(() => undefined);
  }

  /** Takes no more events, because the flow was removed, except those that are held in an order. Running runs continue. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    if (!this.#owner) return this.#change(() => this.#stopEvents());
    const owner = this.#owner;
    owner.retire();
    void this.#waitUntilNothingIsHeld().then(() =>
      this.#change(async () => (this.#isRetired && this.#owner === owner ? this.#stopEvents() : undefined)),
    );
  }

  /** Stops consuming. Resolves when no more deliveries will arrive. */
  async stop(): Promise<void> {
    await this.#changed;
    await Promise.all([this.#owner?.stop(), ...[...this.#consumers.values()].map((consumer) => consumer.stop())]);
  }

  get #name(): string {
    return this.runs.flow().name;
  }

  async #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#changed.then(change);
    this.#changed = changed.catch(() => undefined);
    await changed;
  }

  async #takeEvents(): Promise<void> {
    const mode = await this.#laneMode();
    if (!mode) return this.#consume(queues.flow(this.#name));
    if (this.#owner) return;
    const { open, takes, take } = this.runs;
    const keyOf = (hop: Hop, run: RunMessage | undefined) =>
      chain(takes(hop, run), (taken) => (taken ? (hop.flow.deliver.key?.text(hop.scope) ?? '') : undefined));
    const prefetch = prefetchOf(this.runs.flow());
    const held = mode.kind === 'places' ? Math.min(prefetch, mode.count) : prefetch;
    this.#owner = new FlowOwner(this.#name, mode, { open, keyOf, take }, held, MAX_HELD_BYTES, this.deps);
    this.#owner.start();
  }

  async #stopEvents(): Promise<void> {
    const [queue, owner] = [queues.flow(this.#name), this.#owner];
    const consumer = this.#consumers.get(queue);
    this.#owner = undefined;
    this.#consumers.delete(queue);
    await Promise.all([owner?.stop(), consumer?.stop()]);
  }

  /** Returns how the events are ordered; undefined when every host takes events in no order. */
  async #laneMode(): Promise<LaneMode | undefined> {
    const { key, concurrency } = this.runs.flow().deliver;
    if (key) return { kind: 'key' };
    if (concurrency !== undefined) return { kind: 'places', count: concurrency };
    // events that were held while the flow had an order
    if ((await this.#heldEvents()) === 0) return undefined;
    await this.deps.bus.declare({ queue: queues.lane(this.#name) });
    return { kind: 'none' };
  }

  /** While the database is unavailable, held events wait for the next start. */
  async #heldEvents(): Promise<number> {
    return (await this.deps.store.lanes.read(this.#name, { limit: 1 }).catch(() => [])).length;
  }

  async #waitUntilNothingIsHeld(): Promise<void> {
    const { clock, signal } = this.deps;
    do await pause(clock, HELD_EVENTS_CHECK_MS, signal, { ref: false });
    while (!signal.aborted && (await this.#heldEvents()) > 0);
  }

  async #consume(queue: string): Promise<void> {
    if (this.#consumers.has(queue)) return;
    const { take } = this.runs;
    const unlessOwned = queue === queues.flow(this.#name) && { unlessOwned: queues.owner(this.#name) };
    const options = { prefetch: prefetchOf(this.runs.flow()), ...unlessOwned };
    this.#consumers.set(queue, await this.deps.bus.consume(queue, options, take));
  }
}

/** Declares the queues of a flow. A flow with `from: stored` also receives the stored events that match it. */
export async function declareFlow(
  { trigger, name, deliver }: Flow,
  { bus, log }: Pick<FlowIntakeDeps, 'bus' | 'log'>,
): Promise<void> {
  await bus.declare({ queue: queues.flow(name), ...(trigger.kind === 'event' && { types: trigger.types }) });
  await bus.declare({ queue: queues.next(name) });
  if (deliver.key || deliver.concurrency !== undefined) await bus.declare({ queue: queues.lane(name) });
  if (trigger.kind !== 'event' || trigger.from !== 'stored') return;
  const moved = await bus.replayUnrouted(trigger.types, queues.flow(name));
  if (moved > 0) log.info(`${name}: took ${moved} stored events`);
}

function prefetchOf({ deliver: { maxBodyBytes } }: Flow): number {
  return Math.max(1, Math.min(MAX_HELD_MESSAGES, Math.floor(MAX_HELD_BYTES / maxBodyBytes)));
}

/** Returns a text that changes when the events of a flow are taken in another way. A changed key needs no other way. */
function orderOf({ deliver: { key, concurrency } }: Flow): string {
  return key ? 'key' : concurrency === undefined ? 'none' : `${concurrency} places`;
}
