import { viewError, type Log } from '@sluice/plugin-api';
import { pause } from '../coordination/lease.js';
import { queues, type Bus, type Consumer, type Delivery, type Outgoing } from '../ports/bus.js';
import { PUSH_CLASSES, type PushClass } from '../ports/pacer.js';
import { publishLost } from '../coordination/publish-lost.js';
import type { Readiness } from '../coordination/readiness.js';
import { SUSPECT_AFTER, type PoisonGuard } from '../coordination/poison-guard.js';
import { WeightedChoice } from './weighted-choice.js';

const MAX_HELD_MS = 10 * 60_000;
const CONSUME_AGAIN_MS = 1_000;
/** Results that are published and not yet confirmed: past so many no new call begins. */
const MAX_UNCONFIRMED = 200;

/** A push that waits in memory for a slot or is being called, with every copy of its message that this host holds. */
export class BufferedPush {
  readonly since = Date.now();
  /** Handed out so often that it may be what kills its host. */
  readonly suspect: boolean;
  /** Run, step and try; known once the state has been read. */
  key = '';
  readonly #copies: Delivery[];
  #done = false;

  constructor(
    delivery: Delivery,
    readonly priority: PushClass,
    /** It was tried before and has come back: its turn alternates with that of fresh ones. */
    readonly again: boolean,
  ) {
    this.#copies = [delivery];
    this.suspect = delivery.redelivered >= SUSPECT_AFTER;
  }

  /** The copy that can be settled, if there is one. */
  get delivery(): Delivery {
    return this.#copies.find(({ lost }) => !lost) ?? (this.#copies[0] as Delivery);
  }

  get lost(): boolean {
    return this.#copies.every(({ lost }) => lost);
  }

  get redelivered(): number {
    return this.delivery.redelivered;
  }

  /** The broker has handed the same message out again while the call is open. */
  add(copy: Delivery): void {
    if (this.#done) copy.settle([]);
    else this.#copies.push(copy);
  }

  /** Publishes the outputs with one copy; the others then have nothing left to do. `lost`: that copy was lost before the confirm. */
  settle(outputs: readonly Outgoing[], settled: (done: boolean, lost: boolean) => void): void {
    const first = this.delivery;
    first.settle(outputs, (done) => {
      if (done) this.#dropOthers(first);
      settled(done, first.lost);
    });
  }

  /** Its outputs are published already. */
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
  /** Graceful stop: nothing is consumed any more. */
  readonly signal: AbortSignal;
  readonly shares: Readonly<Record<PushClass, number>>;
  readonly limit: number;
  readonly suspects: PoisonGuard;
  readonly readiness: Readiness;
  /** How long the broker lets a delivery be unacknowledged, in milliseconds. */
  readonly consumerTimeoutMs: number;
  /** Something waits, or may be called now that could not before. */
  readonly changed: () => void;
}

/**
 * The deliveries of one connection's queues that this host holds: takes them in while the connection is open, gives out which is
 * called next, hands back what cannot be called here, and knows which results are not confirmed yet.
 */
export class PushBuffer {
  readonly #held: BufferedPush[] = [];
  /** By queue: each class has one for fresh pushes and one for those that come back. */
  readonly #consumers = new Map<string, Promise<Consumer>>();
  readonly #choice: WeightedChoice<PushClass>;
  readonly #allConfirmed: (() => void)[] = [];
  /** Classes whose last call was one that had come back. */
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

  /** How many could be called now, in these classes. */
  waiting(open: readonly PushClass[]): number {
    this.#forgetLost();
    // past so many unconfirmed results nothing begins: the broker is slower than the other side
    if (this.#unconfirmed >= MAX_UNCONFIRMED) return 0;
    const callable = this.#held.filter((held) => open.includes(held.priority) && this.#mayGo(held));
    const suspects = callable.filter(({ suspect }) => suspect).length;
    return callable.length - suspects + (suspects > 0 && !this.deps.suspects.taken ? 1 : 0);
  }

  /** The one that goes next: by class, then in turn one that is fresh and one that has come back, then in order. */
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

  /** Takes back one that was not called, to the end: while the breaker is open one and the same push must not be every probe. */
  keep(held: BufferedPush): void {
    // closed while the call was open: nobody would ever take it from here
    if (this.#consumers.size === 0) held.release();
    else this.#held.push(held);
  }

  /**
   * Publishes what came of it and acknowledges it after the confirm. When its delivery was lost meanwhile (a connection broke, or the call
   * outlived the broker's patience) the result is published by itself.
   *
   * @param ended called once, with true when the outputs are confirmed; otherwise the push comes again
   */
  settle(held: BufferedPush, outputs: readonly Outgoing[], ended: (done: boolean) => void): void {
    this.#unconfirmed++;
    held.settle(outputs, (done, lost) => {
      // another copy may have come meanwhile: it is settled once the result is published
      if (!done && lost) void this.#publishLost(held, outputs).then((published) => this.#ended(published, ended));
      else this.#ended(done, ended);
    });
  }

  #ended(done: boolean, ended: (done: boolean) => void): void {
    this.#unconfirmed--;
    ended(done);
    this.deps.changed();
    if (this.#unconfirmed === 0) for (const tell of this.#allConfirmed.splice(0)) tell();
  }

  async #publishLost(held: BufferedPush, outputs: readonly Outgoing[]): Promise<boolean> {
    const { bus, log, signal } = this.deps;
    const published = await publishLost(outputs, { what: `the call ${held.key}`, sinceMs: held.since, bus, log, signal });
    if (published) held.drop();
    else held.release();
    return published;
  }

  /** Sets the limit. Of each queue at most twice as many are held; the rest is handed back. */
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

  /** Cancels the consumers, and only then hands back what is held: an open consumer would get it again at once. */
  async close(): Promise<void> {
    const consumers = [...this.#consumers.values()];
    this.#consumers.clear();
    const held = this.#held.splice(0);
    await Promise.allSettled(consumers.map(async (consumer) => (await consumer).stop()));
    for (const one of held) one.release();
  }

  /** Hands back what the broker would soon take for lost. To be called now and then. */
  handBackOld(): void {
    // a third: a call that begins at the last moment still has as long again
    const longest = Math.min(MAX_HELD_MS, this.deps.consumerTimeoutMs / 3);
    this.#handBack((held) => Date.now() - held.since > longest);
  }

  /** Resolves when every result is confirmed. */
  confirmed(): Promise<void> {
    if (this.#unconfirmed === 0) return Promise.resolve();
    return new Promise((resolve) => this.#allConfirmed.push(resolve));
  }

  get #prefetch(): number {
    return 2 * this.#limit;
  }

  #consume(priority: PushClass, queue: string, again: boolean): void {
    if (this.#consumers.has(queue)) return;
    const consumer = this.deps.bus.consume(queue, { prefetch: this.#prefetch }, (delivery) => {
      // cancelled meanwhile: another host may be the owner already
      if (this.#consumers.get(queue) !== consumer) return delivery.release();
      this.#held.push(new BufferedPush(delivery, priority, again));
      this.deps.changed();
    });
    this.#consumers.set(queue, consumer);
    consumer.catch(async (error: unknown) => {
      this.deps.log.warn(`${this.connection}: the pushes cannot be consumed, trying again`, { error: viewError(error).message });
      await pause(CONSUME_AGAIN_MS, this.deps.signal);
      // the pacer says once that the connection is open, and not again
      if (this.#consumers.get(queue) !== consumer || this.deps.signal.aborted) return;
      this.#consumers.delete(queue);
      this.#consume(priority, queue, again);
    });
  }

  /** A push that was handed out before may be what killed a host: it waits until this one can be reached, so that people can act. */
  #mayGo(held: BufferedPush): boolean {
    return held.redelivered === 0 || this.deps.readiness.ready;
  }

  /** Deliveries of a connection that is gone come again: called from here as well, each of them would be called twice. */
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
