import { pause, type Clock, type Log } from '@sluice/plugin-api';
import { aborted } from '@sluice/runtime';
import { holdLease } from '../coordination/lease.js';
import { stopController } from '../coordination/stop-controller.js';
import { messageOf } from '../message-of.js';
import { queues, type Bus, type Consumer, type Delivery, type QueueOwnership } from '../ports/bus.js';
import type { LaneRow } from '../ports/lanes.js';
import type { Store } from '../ports/store.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import { HeldEvents, MAX_SMALL_EVENTS } from './held-events.js';
import { LaneTable, type LaneMode, type LaneRuns } from './lane-table.js';
import { LaneWriter } from './lane-writer.js';

/** Pause between two tries to own the queues, in milliseconds. */
const OWN_AGAIN_MS = 250;
/** Time after which the log reports that other hosts still consume the flow, in milliseconds. */
const REPORT_AFTER_MS = 10_000;
/** Pause after an error of the broker or the database, in milliseconds. */
const AGAIN_MS = 1_000;
/** Time after which a flow whose places are all taken stops consuming events, so that no delivery reaches the broker's timeout, in milliseconds. */
const PAUSE_AFTER_MS = 5_000;
const LOOK_MS = 500;
/** Maximum lanes that are read at once. A lane is a row of at most a few hundred bytes. */
const MAX_LANES_READ = 1_000;
/**
 * Time for which a host holds few events of a flow after large ones have arrived while it held many, in milliseconds. Each event in hand was
 * delivered once more then, so this must be rare.
 */
const FEW_MS = 10 * 60_000;
/** Minimum deliveries of the queue of ends and replays that are held at once. */
const MIN_LANE_PREFETCH = 100;

export interface FlowOwnerDeps {
  readonly bus: Bus;
  readonly store: Pick<Store, 'leases' | 'lanes'>;
  readonly newer: Pick<NewerStateQueues, 'handBack'>;
  readonly hostId: string;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Competes for the lease `flow.<name>`. Only the host that has it consumes the events of the flow, and begins them in their order. Another
 * host continues within seconds when it ends. Continuations of runs are not affected: any host runs them.
 */
export class FlowOwner {
  readonly #stopping = stopController();
  /** Fires when the flow is removed. */
  readonly #retired = stopController();
  #running: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;
  /** Monotonic time until which few events are held, in milliseconds. */
  #fewUntil = -Infinity;

  /**
   * @param prefetch number of events of any size that are held at once
   * @param maxHeldBytes maximum bytes of the events that are held when they are small, and more than `prefetch`
   */
  constructor(
    private readonly flow: string,
    private readonly mode: LaneMode,
    private readonly runs: LaneRuns,
    private readonly prefetch: number,
    private readonly maxHeldBytes: number,
    private readonly deps: FlowOwnerDeps,
  ) {}

  start(): void {
    const { store, hostId, clock } = this.deps;
    let lost = stopController();
    const lease = holdLease(store.leases, `flow.${this.flow}`, hostId, {
      clock,
      signal: this.#stopping.signal,
      gained: (epoch) => {
        const own = (lost = stopController());
        this.#running = this.#running.then(() => this.#own(epoch, own.signal));
      },
      lost: () => lost.abort(),
      draining: () => this.#running,
    });
    this.#ended = lease.ended;
  }

  /** Takes no more events, because the flow was removed. Those that are held in the order still begin. */
  retire(): void {
    this.#retired.abort();
  }

  /** Resolves when the hops of this flow have settled and the lease is released. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #own(epoch: number, lost: AbortSignal): Promise<void> {
    const end = AbortSignal.any([lost, this.#stopping.signal]);
    while (!end.aborted) {
      try {
        await this.#serve(epoch, lost, end);
      } catch (error) {
        this.deps.log.warn(`${this.flow}: its events are not taken`, { error: messageOf(error) });
        await pause(this.deps.clock, AGAIN_MS, end);
      }
    }
  }

  async #serve(epoch: number, lost: AbortSignal, end: AbortSignal): Promise<void> {
    const { store, bus, log, clock, newer } = this.deps;
    const ownership = await this.#claim(end);
    if (!ownership) return;
    const restarting = stopController();
    const restart = (reason: string) => {
      if (restarting.signal.aborted) return;
      log.warn(`${this.flow}: its events are taken anew, to keep their order`, { reason });
      restarting.abort();
    };
    const owner = await store.lanes.open({ flow: this.flow, epoch }).catch(async (error: unknown) => {
      await ownership.release();
      throw error;
    });
    if (!owner) return ownership.release();
    const writer = new LaneWriter(owner, {
      store: store.lanes,
      log,
      clock,
      lost: () => restart('another host owns its lanes'),
    });
    const { flow, mode, runs, prefetch: maxStarts } = this;
    const table = new LaneTable({ flow, mode, runs, writer, bus, newer, log, clock, maxStarts, maxHops: maxStarts, restart });
    try {
      await this.#restore(table);
      const lanePrefetch = { prefetch: Math.max(MIN_LANE_PREFETCH, this.prefetch) };
      const consumers = [await ownership.consume(queues.lane(flow), lanePrefetch, (delivery) => table.take(delivery))];
      const gone = AbortSignal.any([lost, restarting.signal, ownership.ended]);
      const over = AbortSignal.any([gone, end]);
      await this.#takeEvents(ownership, table, consumers, over, restart);
      if (gone.aborted) return;
      // a graceful stop: the events in hand return in their order when the right is released
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await Promise.race([table.drain(), aborted(gone)]);
    } finally {
      table.close();
      await ownership.release();
    }
  }

  /** Continues the lanes that an earlier owner has left. */
  async #restore(table: LaneTable): Promise<void> {
    let last: LaneRow | undefined;
    do {
      const page = { limit: MAX_LANES_READ, ...(last && { after: last.key }) };
      const rows = await this.deps.store.lanes.read(this.flow, page);
      table.restore(rows);
      last = rows.length < MAX_LANES_READ ? undefined : rows.at(-1);
    } while (last);
  }

  /** Consumes events until the flow is removed or the signal fires. Pauses while runs that are away have all places. */
  async #takeEvents(
    ownership: QueueOwnership,
    table: LaneTable,
    consumers: Consumer[],
    over: AbortSignal,
    restart: (reason: string) => void,
  ): Promise<void> {
    const { signal: retired } = this.#retired;
    const events = this.#heldEvents(consumers, restart);
    const take = (delivery: Delivery) => table.take(delivery);
    const handle = events ? (delivery: Delivery) => events.take(delivery, take) : take;
    const consume = () => ownership.consume(queues.flow(this.flow), { prefetch: this.prefetch }, handle);
    if (retired.aborted) return aborted(over);
    consumers[1] = await consume();
    const untilRetired = AbortSignal.any([over, retired]);
    await this.#takeUntil(untilRetired, table, consumers, consume);
    if (over.aborted) return;
    await consumers[1]?.stop();
    table.handBackGate();
    return aborted(over);
  }

  /** Raises the number of events that are held while they are small: one key would otherwise have all places. Undefined: it stays as it is. */
  #heldEvents(consumers: readonly Consumer[], restart: (reason: string) => void): HeldEvents | undefined {
    const { bus, clock } = this.deps;
    if (this.mode.kind !== 'key' || this.prefetch >= MAX_SMALL_EVENTS || !bus.deliversSingly) return undefined;
    return new HeldEvents({
      few: this.prefetch,
      maxBytes: this.maxHeldBytes,
      small: () => {
        if (clock.monotonic() < this.#fewUntil) return;
        // without a connection the consumer ends, and the next one begins with few
        consumers[1]?.setPrefetch(MAX_SMALL_EVENTS).catch(() => undefined);
      },
      exceeded: () => {
        this.#fewUntil = clock.monotonic() + FEW_MS;
        restart(`large events: at most ${this.prefetch} are held at once from now on`);
      },
    });
  }

  async #takeUntil(over: AbortSignal, table: LaneTable, consumers: Consumer[], consume: () => Promise<Consumer>): Promise<void> {
    const { clock } = this.deps;
    if (this.mode.kind !== 'places') return aborted(over);
    let fullSince: number | undefined;
    let paused = false;
    while (!over.aborted) {
      await pause(clock, LOOK_MS, over, { ref: false });
      fullSince = table.full ? (fullSince ?? clock.monotonic()) : undefined;
      if (paused && fullSince === undefined) {
        consumers[1] = await consume();
        paused = false;
      } else if (!paused && fullSince !== undefined && clock.monotonic() - fullSince >= PAUSE_AFTER_MS) {
        paused = true;
        await consumers[1]?.stop();
        table.handBackGate();
      }
    }
  }

  /** Tries until this host is the only consumer of the flow. */
  async #claim(end: AbortSignal): Promise<QueueOwnership | undefined> {
    const { bus, clock, log } = this.deps;
    const since = clock.monotonic();
    let reported = false;
    while (!end.aborted) {
      const ownership = await bus.own(queues.owner(this.flow), [queues.flow(this.flow), queues.lane(this.flow)]);
      if (ownership && !end.aborted) return ownership;
      await ownership?.release();
      if (!reported && clock.monotonic() - since >= REPORT_AFTER_MS) {
        reported = true;
        log.warn(`${this.flow}: its events wait: another host still consumes ${queues.flow(this.flow)}`, {
          cure: 'stop the hosts that run the flow without deliver.key and deliver.concurrency, or that are frozen',
        });
      }
      await pause(clock, OWN_AGAIN_MS, end, { ref: false });
    }
    return undefined;
  }
}
