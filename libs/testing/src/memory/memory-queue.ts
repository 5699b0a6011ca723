import type { QueueStatus, UnroutedStatus } from '@sluice/engine';
import { typeMatches, type EventMessage } from '@sluice/plugin-api';

/** Time as a memory broker sees it: a virtual clock makes delays instant. */
export interface BrokerClock {
  now(): number;
  after(ms: number, run: () => void): void;
}

/** A message in a queue. */
export interface Entry {
  /** Its place: kept when it is handed back. */
  readonly place: number;
  readonly message: EventMessage;
  deliveries: number;
}

/** A consumer, as the queue sees it. */
export interface Taker {
  prefetch: number;
  readonly held: Set<Entry>;
  /** Is its connection up? */
  connected(): boolean;
  take(entry: Entry): void;
}

/** One queue of a memory broker. Hands out in a later turn, so that a consumer is never called from within its own call. */
export class MemoryQueue {
  readonly patterns = new Set<string>();
  /** How many messages wait for their time. */
  delayed = 0;
  readonly #takers = new Set<Taker>();
  #ready: Entry[] = [];
  #held = 0;
  #places = 0;
  #awake = false;

  constructor(
    readonly name: string,
    /** Whose exclusive queue it is. */
    readonly owner?: object,
    /** Gets what hosts say to all hosts. */
    readonly peers = false,
  ) {}

  wants(type: string): boolean {
    for (const pattern of this.patterns) if (typeMatches(pattern, type)) return true;
    return false;
  }

  put(message: EventMessage, notBefore: number | undefined, clock: BrokerClock): void {
    const early = notBefore === undefined ? 0 : notBefore - clock.now();
    if (early > 0) {
      this.delayed += 1;
      clock.after(early, () => {
        this.delayed -= 1;
        this.put(message, notBefore, clock);
      });
      return;
    }
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

  wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    setImmediate(() => {
      this.#awake = false;
      this.#handOut();
    });
  }

  /** Throws away what is ready; gives how many. */
  clear(): number {
    return this.#ready.splice(0).length;
  }

  /** Takes out what fits one of the patterns. */
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

  /** One entry to each consumer with room, round and round. What is handed back meanwhile waits for the next turn. */
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
