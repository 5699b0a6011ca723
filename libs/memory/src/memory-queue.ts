import type { QueueStatus, UnroutedStatus } from '@sluice/engine';
import { typeMatches, type Clock, type EventMessage, type Timer } from '@sluice/plugin-api';

/** A message in a queue. */
export interface Entry {
  /** Position in the queue; kept when the entry returns. */
  readonly place: number;
  readonly message: EventMessage;
  deliveries: number;
}

/** A consumer from the view of the queue. */
export interface Taker {
  /** The connection of the consumer. */
  readonly bus: object;
  /** True: it takes only while its connection owns the queue. False: only while no connection owns it. */
  readonly owns: boolean;
  prefetch: number;
  readonly held: Set<Entry>;
  /** Returns whether its connection is up. */
  connected(): boolean;
  take(entry: Entry): void;
}

/** A message that enters the queue at a time. */
interface Delayed {
  readonly message: EventMessage;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  timer: Timer;
}

/** One queue of a memory broker. It delivers in a later turn of the event loop, so that a consumer is never called within its own call. */
export class MemoryQueue {
  readonly patterns = new Set<string>();
  /** The only connection that may take messages; undefined: every connection. */
  only: object | undefined;
  readonly #takers = new Set<Taker>();
  readonly #delayed = new Set<Delayed>();
  #ready: Entry[] = [];
  #held = 0;
  #places = 0;
  #awake = false;

  constructor(
    readonly name: string,
    private readonly clock: Clock,
    /** The connection to which an exclusive queue belongs. */
    readonly owner?: object,
    /** Whether the queue receives messages for all peers. */
    readonly peers = false,
  ) {}

  wants(type: string): boolean {
    for (const pattern of this.patterns) if (typeMatches(pattern, type)) return true;
    return false;
  }

  /** Number of messages that are delayed. */
  get delayed(): number {
    return this.#delayed.size;
  }

  put(message: EventMessage, notBefore = 0): void {
    if (notBefore > this.clock.now()) return this.#delay(message, notBefore);
    this.#ready.push({ place: this.#places++, message, deliveries: 0 });
    this.wake();
  }

  attach(taker: Taker): void {
    this.#takers.add(taker);
    this.wake();
  }

  detach(taker: Taker): void {
    this.#takers.delete(taker);
  }

  finish(taker: Taker, entry: Entry): void {
    if (!taker.held.delete(entry)) return;
    this.#held -= 1;
    this.wake();
  }

  giveBack(taker: Taker, entry: Entry): void {
    if (!taker.held.delete(entry)) return;
    this.#held -= 1;
    const at = this.#ready.findIndex((other) => other.place > entry.place);
    this.#ready.splice(at < 0 ? this.#ready.length : at, 0, entry);
    this.wake();
  }

  /** Stops the timers of delayed messages: a broker without connections must not keep the process. */
  suspend(): void {
    for (const { timer } of this.#delayed) timer.cancel();
  }

  /** Starts the timers again after `suspend`. */
  resume(): void {
    const delayed = [...this.#delayed];
    this.#delayed.clear();
    for (const { message, notBefore } of delayed) this.#delay(message, notBefore);
  }

  wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.clock.after(0, () => {
      this.#awake = false;
      this.#handOut();
    });
  }

  /** Removes the waiting entries and returns their number. */
  clear(): number {
    return this.#ready.splice(0).length;
  }

  /** Removes and returns the messages whose types match one of the patterns. */
  extract(patterns: readonly string[]): EventMessage[] {
    const fits = (entry: Entry) => patterns.some((pattern) => typeMatches(pattern, entry.message.attributes.type));
    const taken = this.#ready.filter(fits);
    this.#ready = this.#ready.filter((entry) => !fits(entry));
    return taken.map((entry) => entry.message);
  }

  status(): QueueStatus {
    return { queue: this.name, waiting: this.#ready.length, held: this.#held, consumers: this.#takers.size };
  }

  countByType(): UnroutedStatus[] {
    const counts = new Map<string, number>();
    for (const { message } of this.#ready) counts.set(message.attributes.type, (counts.get(message.attributes.type) ?? 0) + 1);
    return [...counts].map(([type, count]) => ({ type, count }));
  }

  #delay(message: EventMessage, notBefore: number): void {
    const timer = this.clock.after(notBefore - this.clock.now(), () => {
      this.#delayed.delete(delayed);
      this.put(message, notBefore);
    });
    const delayed = { message, notBefore, timer };
    this.#delayed.add(delayed);
  }

  /**
   * Delivers one entry to each consumer with room, in turns. Entries that return in the meantime wait for the next turn of the event loop.
   */
  #handOut(): void {
    let left = this.#ready.length;
    for (let given = true; given;) {
      given = false;
      for (const taker of [...this.#takers]) {
        if (left === 0) return;
        if (!this.#hasRoom(taker)) continue;
        given = true;
        left -= 1;
        this.#give(taker);
      }
    }
  }

  #hasRoom(taker: Taker): boolean {
    if (taker.owns ? this.only !== taker.bus : this.only !== undefined) return false;
    return this.#takers.has(taker) && taker.connected() && taker.held.size < taker.prefetch;
  }

  #give(taker: Taker): void {
    const entry = this.#ready.shift();
    if (!entry) return;
    entry.deliveries += 1;
    taker.held.add(entry);
    this.#held += 1;
    taker.take(entry);
  }
}
