import { viewError, type Log, pause, type Clock } from '@sluice/plugin-api';
import type { PreparedCall, RefusedCall } from '../calls/prepared-call.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from '../ports/bus.js';
import { PUSH_CLASSES, type PushClass } from '../ports/pacer.js';
import { publishAfterRequeue } from '../coordination/publish-after-requeue.js';
import type { Readiness } from '../coordination/readiness.js';
import { SUSPECT_AFTER, type PoisonGuard } from '../coordination/poison-guard.js';
import type { Push } from './push-messages.js';
import { WeightedChoice } from './weighted-choice.js';

const MAX_HELD_MS = 10 * 60_000;
/**
 * Minimum pushes of a queue that are held. After an outage the limit is one and most pushes may be stale: each needs a round trip to the
 * broker to be settled, so with two at a time fresh calls would wait long behind them.
 */
const MIN_PREFETCH = 16;
const CONSUME_AGAIN_MS = 1_000;
/** Maximum results that are published and not yet confirmed. Above it no new call begins. */
const MAX_UNCONFIRMED = 200;

/** The content of a push. */
export interface ReadPush {
  readonly run: Push;
  readonly prepared: PreparedCall | RefusedCall;
}

/** A push that waits in memory for a slot or is being called, with all copies of its message that this host holds. */
export class BufferedPush {
  /** True after `SUSPECT_AFTER` redeliveries: the push is suspected of killing its host. */
  readonly suspect: boolean;
  /** Run, step and try. Empty until the state has been read. */
  key = '';
  /** The content of the message. Undefined until it has been read, which happens once. */
  read: ReadPush | undefined;
  readonly #copies: Delivery[];
  #done = false;

  constructor(
    delivery: Delivery,
    readonly priority: PushClass,
    /** True for a retry. Retries and new pushes take turns. */
    readonly again: boolean,
    /** Monotonic time at which this host received the push, in milliseconds. */
    readonly since: number,
  ) {
    this.#copies = [delivery];
    this.suspect = delivery.redelivered >= SUSPECT_AFTER;
  }

  /** The copy that can still be settled; undefined when all are lost. */
  get delivery(): Delivery {
    return this.#copies.find(({ lost }) => !lost) ?? (this.#copies[0] as Delivery);
  }

  get lost(): boolean {
    return this.#copies.every(({ lost }) => lost);
  }

  get redelivered(): number {
    return this.delivery.redelivered;
  }

  /** Adds a copy that the broker redelivered while the call is open. */
  add(copy: Delivery): void {
    if (this.#done) copy.settle([]);
    else this.#copies.push(copy);
  }

  /** Settles one copy with the outputs; the other copies are dropped then. `lost`: that copy was lost before the confirm. */
  settle(outputs: readonly Outgoing[], settled: (done: boolean, lost: boolean) => void): void {
    const first = this.delivery;
    first.settle(outputs, (done) => {
      if (done) this.#dropOthers(first);
      settled(done, first.lost);
    });
  }

  /** Drops the push: its outputs are published already. */
  drop(): void {
    this.#dropOthers(undefined);
  }

  release(): void {
    for (const copy of this.#copies) copy.release();
  }

  #dropOthers(but: Delivery | undefined): void {
    this.#done = true;
    for (const copy of this.#copies) if (copy !== but && !copy.lost) copy.settle([]);
  }
}

export interface PushBufferDeps {
  readonly bus: Bus;
  readonly log: Log;
  readonly clock: Clock;
  /** Fires at a graceful stop: consuming ends. */
  readonly signal: AbortSignal;
  readonly shares: Readonly<Record<PushClass, number>>;
  readonly limit: number;
  readonly suspects: PoisonGuard;
  readonly readiness: Readiness;
  /** Milliseconds for which the broker leaves a delivery unacknowledged. */
  readonly consumerTimeoutMs: number;
  /** Called when a push begins to wait or becomes callable. */
  readonly changed: () => void;
  /** Called when a push has arrived, before `changed`. */
  readonly arrived: () => void;
}

/**
 * Holds the deliveries of one connection's queues: consumes while the connection is open, returns the push to call next, returns deliveries
 * to the broker that cannot be called here, and counts the results that are not confirmed yet.
 */
export class PushBuffer {
  readonly #held: BufferedPush[] = [];
  /** By queue. Each class has one queue for new pushes and one for retries. */
  readonly #consumers = new Map<string, Promise<Consumer>>();
  readonly #choice: WeightedChoice<PushClass>;
  readonly #allConfirmed: (() => void)[] = [];
  /** Classes whose last call was a retry. */
  readonly #lastAgain = new Set<PushClass>();
  #limit: number;
  #unconfirmed = 0;

  constructor(
    private readonly connection: string,
    private readonly deps: PushBufferDeps,
  ) {
    this.#choice = new WeightedChoice(deps.shares);
    this.#limit = deps.limit;
    deps.suspects.onFree(deps.changed);
    deps.readiness.onReady(deps.changed);
  }

  /** Returns the number of pushes in these classes that could be called now. */
  waiting(open: readonly PushClass[]): number {
    this.#forgetLost();
    // with too many unconfirmed results no call begins: the broker is slower than the remote system
    if (this.#unconfirmed >= MAX_UNCONFIRMED) return 0;
    const callable = this.#held.filter((held) => open.includes(held.priority) && this.#mayGo(held));
    const suspects = callable.filter(({ suspect }) => suspect).length;
    return callable.length - suspects + (suspects > 0 && !this.deps.suspects.taken ? 1 : 0);
  }

  /** Returns the next push: by class, then new pushes and retries in turn, then in order of arrival. */
  take(open: readonly PushClass[]): BufferedPush | undefined {
    this.#forgetLost();
    const { suspects } = this.deps;
    const first = (priority: PushClass, again?: boolean) =>
      this.#held.findIndex(
        (held) =>
          held.priority === priority &&
          (again === undefined || held.again === again) &&
          this.#mayGo(held) &&
          !(held.suspect && suspects.taken),
      );
    const priority = this.#choice.next(open.filter((one) => first(one) >= 0));
    if (priority === undefined) return undefined;
    const inTurn = first(priority, !this.#lastAgain.has(priority));
    const [held] = this.#held.splice(inTurn >= 0 ? inTurn : first(priority), 1);
    if (held?.again) this.#lastAgain.add(priority);
    else this.#lastAgain.delete(priority);
    return held;
  }

  /** Removes and returns the pushes that satisfy the condition. */
  takeEach(which: (held: BufferedPush) => boolean): readonly BufferedPush[] {
    this.#forgetLost();
    const taken = this.#held.filter(which);
    if (taken.length > 0) this.#held.splice(0, this.#held.length, ...this.#held.filter((held) => !taken.includes(held)));
    return taken;
  }

  /** The pushes that are held and not called. */
  get held(): readonly BufferedPush[] {
    return this.#held;
  }

  /** Appends a push that was not called. At the end of the line, because one push must not serve as every probe of an open breaker. */
  keep(held: BufferedPush): void {
    // the connection closed during the call, so no consumer would ever take the push from here
    if (this.#consumers.size === 0) held.release();
    else this.#held.push(held);
  }

  /**
   * Publishes the result of the call and acknowledges the push after the confirm. When the delivery was lost during the call (a broken
   * connection, or a call longer than `consumer_timeout`), the result is published without an acknowledgement.
   *
   * @param ended called once: with true when the outputs are confirmed, otherwise the broker redelivers the push
   */
  settle(held: BufferedPush, outputs: readonly Outgoing[], ended: (done: boolean) => void): void {
    this.#unconfirmed++;
    held.settle(outputs, (done, lost) => {
      // another copy may have arrived: it is settled once the result is published
      if (!done && lost) void this.#publishAfterRequeue(held, outputs).then((published) => this.#ended(published, ended));
      else this.#ended(done, ended);
    });
  }

  #ended(done: boolean, ended: (done: boolean) => void): void {
    this.#unconfirmed--;
    ended(done);
    this.deps.changed();
    if (this.#unconfirmed === 0) for (const tell of this.#allConfirmed.splice(0)) tell();
  }

  async #publishAfterRequeue(held: BufferedPush, outputs: readonly Outgoing[]): Promise<boolean> {
    const { bus, log, clock, signal } = this.deps;
    const published = await publishAfterRequeue(outputs, {
      what: `the call ${held.key}`,
      since: held.since,
      bus,
      log,
      clock,
      signal,
    });
    if (published) held.drop();
    else held.release();
    return published;
  }

  /** Sets the limit. Twice as many pushes of each queue are held, at least 16; the others return to the broker. */
  onLimitChanged(limit: number): void {
    this.#limit = limit;
    for (const consumer of this.#consumers.values())
      void consumer.then((one) => one.setPrefetch(this.#prefetch)).catch(() => undefined);
    const kept = new Map<string, number>();
    this.#handBack((held) => {
      const count = (kept.get(held.delivery.queue) ?? 0) + 1;
      kept.set(held.delivery.queue, count);
      return count > this.#prefetch;
    });
  }

  open(): void {
    for (const priority of PUSH_CLASSES) {
      this.#consume(priority, queues.push(this.connection, priority), false);
      this.#consume(priority, queues.pushAgain(this.connection, priority), true);
    }
  }

  /** Cancels the consumers and then returns the held pushes. In the other order an open consumer would receive them again at once. */
  async close(): Promise<void> {
    const consumers = [...this.#consumers.values()];
    this.#consumers.clear();
    const held = this.#held.splice(0);
    await Promise.allSettled(consumers.map(async (consumer) => (await consumer).stop()));
    for (const one of held) one.release();
  }

  /** Returns pushes to the broker before `consumer_timeout` expires. Call it periodically. */
  handBackOld(): void {
    // one third, so that a call that begins at the last moment still has twice that time
    const longest = Math.min(MAX_HELD_MS, this.deps.consumerTimeoutMs / 3);
    this.#handBack((held) => this.deps.clock.monotonic() - held.since > longest);
  }

  /** Resolves when all results are confirmed. */
  confirmed(): Promise<void> {
    if (this.#unconfirmed === 0) return Promise.resolve();
    return new Promise((resolve) => this.#allConfirmed.push(resolve));
  }

  get #prefetch(): number {
    return Math.max(MIN_PREFETCH, 2 * this.#limit);
  }

  #consume(priority: PushClass, queue: string, again: boolean): void {
    if (this.#consumers.has(queue)) return;
    const consumer = this.deps.bus.consume(queue, { prefetch: this.#prefetch }, (delivery) => {
      // the consumers were cancelled: another host may own the connection already
      if (this.#consumers.get(queue) !== consumer) return delivery.release();
      this.#held.push(new BufferedPush(delivery, priority, again, this.deps.clock.monotonic()));
      this.deps.arrived();
      this.deps.changed();
    });
    this.#consumers.set(queue, consumer);
    consumer.catch(async (error: unknown) => {
      this.deps.log.warn(`${this.connection}: the pushes cannot be consumed, trying again`, { error: viewError(error).message });
      await pause(this.deps.clock, CONSUME_AGAIN_MS, this.deps.signal);
      // the pacer reports only once that the connection is open
      if (this.#consumers.get(queue) !== consumer || this.deps.signal.aborted) return;
      this.#consumers.delete(queue);
      this.#consume(priority, queue, again);
    });
  }

  /** A redelivered push may have killed a host. It waits until this host accepts requests, so that people can act. */
  #mayGo(held: BufferedPush): boolean {
    return held.redelivered === 0 || this.deps.readiness.ready;
  }

  /** Removes deliveries of a lost connection. The broker redelivers them, so calling them from here would call them twice. */
  #forgetLost(): void {
    if (this.#held.some(({ lost }) => lost)) this.#held.splice(0, this.#held.length, ...this.#held.filter(({ lost }) => !lost));
  }

  #handBack(which: (held: BufferedPush) => boolean): void {
    const kept = this.#held.filter((held) => {
      if (!which(held)) return true;
      held.release();
      return false;
    });
    this.#held.splice(0, this.#held.length, ...kept);
  }
}
