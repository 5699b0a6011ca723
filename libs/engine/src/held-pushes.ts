import { viewError, type Log } from '@sluice/plugin-api';
import { pause } from './lease.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from './ports/bus.js';
import { PUSH_CLASSES, type PushClass } from './ports/pacer.js';
import { SUSPECT_AFTER, type SuspectTurn } from './suspicion.js';
import { WeightedChoice } from './weighted-choice.js';

/** RabbitMQ closes a channel whose delivery stays unacknowledged for 30 minutes. */
const LONGEST_HELD_MS = 10 * 60_000;
const CONSUME_AGAIN_MS = 1_000;
/** Results that are published and not yet confirmed: past so many no new call begins. */
const MOST_UNCONFIRMED = 200;

/** A push that waits in memory for a slot. */
export interface Held {
  readonly delivery: Delivery;
  readonly priority: PushClass;
  readonly since: number;
  /** Handed out so often that it may be what kills its host. */
  readonly suspect: boolean;
}

export interface HeldPushesDeps {
  readonly bus: Bus;
  readonly log: Log;
  /** Graceful stop: nothing is consumed any more. */
  readonly signal: AbortSignal;
  readonly shares: Readonly<Record<PushClass, number>>;
  readonly limit: number;
  readonly suspects: SuspectTurn;
  /** Something waits, or may be called now that could not before. */
  readonly changed: () => void;
}

/**
 * The deliveries of one connection's three queues that this host holds: takes them in while the connection is open, gives out which is
 * called next, hands back what cannot be called here, and knows which results are not confirmed yet.
 */
export class HeldPushes {
  readonly #held: Held[] = [];
  readonly #consumers = new Map<PushClass, Promise<Consumer>>();
  readonly #choice: WeightedChoice<PushClass>;
  readonly #allConfirmed: (() => void)[] = [];
  #limit: number;
  #unconfirmed = 0;

  constructor(
    private readonly connection: string,
    private readonly deps: HeldPushesDeps,
  ) {
    this.#choice = new WeightedChoice(deps.shares);
    this.#limit = deps.limit;
    deps.suspects.onFree(deps.changed);
  }

  /** How many could be called now, in these classes. */
  waiting(open: readonly PushClass[]): number {
    this.#forgetLost();
    // past so many unconfirmed results nothing begins: the broker is slower than the other side
    if (this.#unconfirmed >= MOST_UNCONFIRMED) return 0;
    const callable = this.#held.filter(({ priority }) => open.includes(priority));
    const suspects = callable.filter(({ suspect }) => suspect).length;
    return callable.length - suspects + (suspects > 0 && !this.deps.suspects.taken ? 1 : 0);
  }

  /** The one that goes next: by class, then in order. */
  take(open: readonly PushClass[]): Held | undefined {
    this.#forgetLost();
    const { suspects } = this.deps;
    const first = (priority: PushClass) =>
      this.#held.findIndex((held) => held.priority === priority && !(held.suspect && suspects.taken));
    const priority = this.#choice.next(open.filter((one) => first(one) >= 0));
    return priority === undefined ? undefined : this.#held.splice(first(priority), 1)[0];
  }

  /** Takes back one that was not called, to the end: while the breaker is open one and the same push must not be every probe. */
  keep(held: Held): void {
    // closed while the call was open: nobody would ever take it from here
    if (this.#consumers.size === 0) held.delivery.release();
    else this.#held.push(held);
  }

  /** Publishes what came of it and acknowledges it after the confirm. */
  settle(held: Held, outputs: readonly Outgoing[]): void {
    this.#unconfirmed++;
    held.delivery.settle(outputs, () => {
      this.#unconfirmed--;
      this.deps.changed();
      if (this.#unconfirmed === 0) for (const tell of this.#allConfirmed.splice(0)) tell();
    });
  }

  /** Holds twice the limit of each class, and hands back what is more. */
  limitIs(limit: number): void {
    this.#limit = limit;
    for (const consumer of this.#consumers.values())
      void consumer.then((one) => one.setPrefetch(this.#prefetch)).catch(() => undefined);
    const kept = { interactive: 0, normal: 0, bulk: 0 };
    this.#handBack((held) => ++kept[held.priority] > this.#prefetch);
  }

  open(): void {
    for (const priority of PUSH_CLASSES) if (!this.#consumers.has(priority)) this.#consume(priority);
  }

  /** Cancels the consumers, and only then hands back what is held: an open consumer would get it again at once. */
  async close(): Promise<void> {
    const consumers = [...this.#consumers.values()];
    this.#consumers.clear();
    const held = this.#held.splice(0);
    await Promise.allSettled(consumers.map(async (consumer) => (await consumer).stop()));
    for (const { delivery } of held) delivery.release();
  }

  /** Hands back what the broker would soon take for lost. To be called now and then. */
  handBackOld(): void {
    this.#handBack((held) => Date.now() - held.since > LONGEST_HELD_MS);
  }

  /** Resolves when every result is confirmed. */
  confirmed(): Promise<void> {
    if (this.#unconfirmed === 0) return Promise.resolve();
    return new Promise((resolve) => this.#allConfirmed.push(resolve));
  }

  get #prefetch(): number {
    return 2 * this.#limit;
  }

  #consume(priority: PushClass): void {
    const queue = queues.push(this.connection, priority);
    const consumer = this.deps.bus.consume(queue, { prefetch: this.#prefetch }, (delivery) => {
      // cancelled meanwhile: another host may be the owner already
      if (this.#consumers.get(priority) !== consumer) return delivery.release();
      this.#held.push({ delivery, priority, since: Date.now(), suspect: delivery.redelivered >= SUSPECT_AFTER });
      this.deps.changed();
    });
    this.#consumers.set(priority, consumer);
    consumer.catch(async (error: unknown) => {
      this.deps.log.warn(`${this.connection}: the pushes cannot be consumed, trying again`, { error: viewError(error).message });
      await pause(CONSUME_AGAIN_MS, this.deps.signal);
      // the pacer says once that the connection is open, and not again
      if (this.#consumers.get(priority) === consumer && !this.deps.signal.aborted) this.#consume(priority);
    });
  }

  /** Deliveries of a connection that is gone come again: called from here as well, each of them would be called twice. */
  #forgetLost(): void {
    if (this.#held.some(({ delivery }) => delivery.lost))
      this.#held.splice(0, this.#held.length, ...this.#held.filter(({ delivery }) => !delivery.lost));
  }

  #handBack(which: (held: Held) => boolean): void {
    const kept = this.#held.filter((held) => {
      if (!which(held)) return true;
      held.delivery.release();
      return false;
    });
    this.#held.splice(0, this.#held.length, ...kept);
  }
}
