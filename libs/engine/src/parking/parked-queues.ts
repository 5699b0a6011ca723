import { engineFail, isSluiceError, pause, type Clock, type EventMessage, type Log } from '@sluice/plugin-api';
import { OUTAGE_PAUSE_MS } from '@sluice/runtime';
import { laneBeside, releasedMessage } from '../lanes/lane-messages.js';
import { messageOf } from '../message-of.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from '../ports/bus.js';
import type { Store } from '../ports/store.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import { isRun, readRun } from '../runs/run-codec.js';
import { readParked, unreadableRow, type ParkedRow } from './parked-rows.js';

const PREFETCH = 100;

export interface ParkedQueuesDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly newer: Pick<NewerStateQueues, 'handBack'>;
  /** Fires at a graceful stop. */
  readonly signal: AbortSignal;
}

interface Parked {
  readonly delivery: Delivery;
  readonly row: ParkedRow;
  /** Published once the row is committed. */
  readonly answer?: Outgoing;
  /** Releases the lane of a run that ends here, published likewise. */
  readonly released?: Outgoing;
  /** True when the database has refused the row of the state. */
  readonly refused?: boolean;
}

/**
 * Writes failed runs into the store. A run is parked by a message to the queue `parked`, so that PostgreSQL may be unavailable; the message is
 * acknowledged once the row is committed. Messages that the broker no longer delivers arrive in the queue `poison`.
 */
export class ParkedQueues {
  readonly #consumers: Consumer[] = [];
  #batch: Delivery[] = [];
  #writing: Promise<void> | undefined;

  constructor(private readonly deps: ParkedQueuesDeps) {}

  async start(): Promise<void> {
    for (const queue of [queues.parked, queues.poison]) {
      await this.deps.bus.declare({ queue });
      this.#consumers.push(
        await this.deps.bus.consume(queue, { prefetch: PREFETCH }, (delivery) => {
          this.#batch.push(delivery);
          this.#startWriting();
        }),
      );
    }
  }

  /** Stops consuming. Resolves when the rows that are being written are committed or back in their queue. */
  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await this.#writing;
  }

  /** One write at a time. Runs that arrive during a write are in the next one. */
  #startWriting(): void {
    if (this.#writing || this.#batch.length === 0) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      this.#startWriting();
    });
  }

  async #write(): Promise<void> {
    while (this.#batch.length > 0) {
      const batch = this.#readable(this.#batch.splice(0));
      if (batch.length > 0) await this.#park(batch);
    }
  }

  /** Returns states of a newer release to the queue: a host of that release adds them. */
  #readable(deliveries: readonly Delivery[]): Parked[] {
    const batch: Parked[] = [];
    for (const delivery of deliveries) {
      const read = readParked(delivery, this.deps.clock.now());
      const released = delivery.queue === queues.poison ? releaseOfPoison(delivery.message, this.deps.clock.now()) : undefined;
      if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
      else batch.push({ delivery, row: read.row, ...(read.answer && { answer: read.answer }), ...(released && { released }) });
    }
    return batch;
  }

  /** Waits while the database is unavailable. Returns the runs to the queue when the host stops during the wait. */
  async #park(batch: readonly Parked[]): Promise<void> {
    for (;;) {
      try {
        await this.deps.store.parked.add(batch.map(({ row }) => row));
        for (const { delivery, answer, released } of batch)
          delivery.settle([answer, released].filter((one) => one !== undefined));
        return;
      } catch (error) {
        if (!isSluiceError(error) && batch.some(({ refused }) => refused !== true)) return this.#parkEach(batch, error);
        this.deps.log.warn('parked runs wait in their queue: the database does not take them', { error: messageOf(error) });
      }
      if (this.deps.signal.aborted) {
        for (const { delivery } of batch) delivery.release();
        return;
      }
      await pause(this.deps.clock, OUTAGE_PAUSE_MS, this.deps.signal);
    }
  }

  /** Handles a row that the database refuses. It must not block other rows, so its message is parked as unreadable. */
  async #parkEach(batch: readonly Parked[], error: unknown): Promise<void> {
    if (batch.length > 1) {
      for (const parked of batch) await this.#park([parked]);
      return;
    }
    for (const { delivery, row, answer, released } of batch) {
      const reason = messageOf(error);
      this.deps.log.error('the database refuses a parked run: its message is parked as one that cannot be read', {
        queue: delivery.queue,
        run: row.run,
        reason,
      });
      const refusal = engineFail.POISON(`the database refuses the state of the run: ${reason}`);
      const unreadable = unreadableRow(delivery.message, refusal, this.deps.clock.now());
      await this.#park([{ delivery, row: unreadable, refused: true, ...(answer && { answer }), ...(released && { released }) }]);
    }
  }
}

/**
 * Returns the message that releases the lane of a run that has ended as poison; undefined when it has none, or when it keeps its lane while
 * it is parked. A state that cannot be read keeps no lane, because it cannot be replayed.
 */
function releaseOfPoison(message: EventMessage, now: number): Outgoing | undefined {
  const lane = isRun(message) ? laneBeside(message.attributes) : undefined;
  const flow = /^\/flows\/(.+)$/.exec(message.attributes.source)?.[1];
  if (!lane || flow === undefined) return undefined;
  const read = readRun(message.body);
  if (read.kind === 'newer' || (read.kind === 'run' && read.run.state.lane?.hold)) return undefined;
  return { ...releasedMessage(flow, lane, now), droppable: true };
}
