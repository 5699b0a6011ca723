import type { EventMessage, SluiceError } from '@sluice/plugin-api';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import { queues, type Bus, type Delivery, type Outgoing } from '../ports/bus.js';
import type { HeldStart } from '../ports/lanes.js';
import type { Hop } from '../runs/hop.js';
import type { Arrival, Lane } from './lane.js';

/** A delivery of a flow with lanes. When it is settled, its run has ended, unless {@link LanePass.keep} was called before. */
export interface LaneDelivery extends Delivery {
  readonly lane: LanePass;
}

/** The hop of a run that has a lane. */
export interface LanePass {
  /** The lane. Absent: the run has none, because its key has no value, or because the flow has no order any more. */
  readonly key?: string | undefined;
  /** The reason why the run must fail before its first step. */
  readonly refused?: SluiceError | undefined;
  /** The hop that was opened to evaluate the key. Absent when the event has waited since then. */
  readonly hop?: Hop | undefined;
  /**
   * Keeps the lane when the run goes away. Resolves when the row of the lane is committed; the caller publishes the outputs of the hop afterwards.
   *
   * @throws STORE_UNAVAILABLE when another host owns the lanes: nothing of the hop may be published
   */
  keep(): MaybePromise<void>;
  /**
   * Closes the lane to new waiters because the run ends.
   *
   * @param repeatable true when the hop may be repeated a while after its end: it has made no call and has written no rows
   * @returns the messages to publish with the outputs of the hop
   */
  close(repeatable: boolean): readonly Outgoing[];
  /**
   * True when no output of the hop may be published after the delivery was lost: the next owner begins the event again, and cannot know
   * whether its run has ended or has gone away.
   */
  readonly repeats: boolean;
  /** Leaves the lane as it is, because the delivery is a copy of one whose outputs are published. */
  leave(): void;
  /** Ends the pass of a lost delivery, which is not settled. */
  abandon(): void;
}

/** Returns the pass of a delivery; undefined when the delivery has no lane here, such as the continuation of a run. */
export function passOf(delivery: Delivery): LanePass | undefined {
  return (delivery as Partial<LaneDelivery>).lane;
}

/**
 * How a pass has ended. `left`: the lane stays as it was. `unsettled`: the outputs are not published. `abandoned`: the delivery was lost, and
 * its copy follows.
 */
export type PassEnd = 'ended' | 'kept' | 'left' | 'unsettled' | 'abandoned';

/** What a pass needs from the table of lanes. */
export interface PassTies {
  run(pass: Pass): void;
  /** Commits the row of the lane. */
  keep(lane: Lane): Promise<void>;
  /** Returns the message about the end of the run that has the lane. */
  released(lane: Lane): Outgoing;
  /** Runs the hop again, which was handed back. */
  again(pass: Pass): void;
  ended(pass: Pass, how: PassEnd): void;
}

/** One hop of a run that was begun from its queue or from a row. */
export class Pass implements LaneDelivery, LanePass {
  readonly queue: string;
  readonly message: EventMessage;
  readonly redelivered: number;
  #how: 'open' | 'ended' | 'kept' | 'left' = 'open';
  #repeatable = false;

  /**
   * @param busy the lane; undefined for a run without one
   * @param rejoins true when the run had the lane before this delivery arrived
   */
  constructor(
    private readonly ties: PassTies,
    readonly arrival: Arrival,
    readonly busy: Lane | undefined,
    readonly rejoins: boolean,
    readonly refused?: SluiceError,
  ) {
    this.queue = arrival.delivery.queue;
    this.message = arrival.message;
    this.redelivered = arrival.delivery.redelivered;
  }

  get lane(): LanePass {
    return this;
  }

  get key(): string | undefined {
    return this.busy?.key;
  }

  get repeats(): boolean {
    return this.arrival.start !== undefined;
  }

  get hop(): Hop | undefined {
    return this.arrival.hop;
  }

  get lost(): boolean {
    return this.arrival.delivery.lost;
  }

  /** True when the hop has ended its run and may be repeated a while later. */
  get repeatable(): boolean {
    return this.#repeatable;
  }

  begin(): void {
    this.ties.run(this);
  }

  keep(): MaybePromise<void> {
    this.#how = 'kept';
    const { busy } = this;
    if (!busy || busy.committed) return;
    busy.rows = true;
    return this.ties.keep(busy).then(() => void (busy.committed = true));
  }

  close(repeatable: boolean): readonly Outgoing[] {
    this.#how = 'ended';
    this.#repeatable = repeatable;
    const { busy } = this;
    if (!busy) return [];
    busy.state = 'closing';
    // the owner itself ends the turn of an event from a row: until then the row stays
    return busy.rows && !this.arrival.start ? [this.ties.released(busy)] : [];
  }

  leave(): void {
    if (this.rejoins) this.#how = 'left';
  }

  abandon(): void {
    this.ties.ended(this, 'abandoned');
  }

  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void {
    const all = this.#how === 'open' ? [...outputs, ...this.close(true)] : outputs;
    const how = this.#how === 'open' ? 'ended' : this.#how;
    this.arrival.delivery.settle(all, (done) => {
      settled?.(done);
      this.ties.ended(this, done ? how : 'unsettled');
    });
  }

  release(): void {
    this.ties.again(this);
  }
}

/** An event that was held in a row. Its row is its only copy, so nothing is acknowledged; the owner removes the row after the hop. */
export class RowDelivery implements Delivery {
  readonly queue: string;
  readonly redelivered: number;

  /** @param isOver returns true when another host may own the lanes: it begins the event again */
  constructor(
    readonly message: EventMessage,
    { begun }: HeldStart,
    flow: string,
    private readonly bus: Bus,
    private readonly isOver: () => boolean,
  ) {
    this.queue = queues.lane(flow);
    this.redelivered = begun - 1;
  }

  get lost(): boolean {
    return this.isOver();
  }

  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void {
    const published = this.isOver() ? Promise.reject(new Error('not owned')) : this.#publish(outputs);
    if (!isPromise(published)) return void queueMicrotask(() => settled?.(true));
    published.then(
      () => settled?.(!this.isOver()),
      () => settled?.(false),
    );
  }

  /** Has no effect: the row stays. */
  release(): void {}

  #publish(outputs: readonly Outgoing[]): MaybePromise<void> {
    return outputs.length === 0 ? undefined : this.bus.publish(outputs);
  }
}
