/** Acknowledges a delivery of one channel. `upTo`: all earlier deliveries are acknowledged with it. */
export type Acknowledge = (tag: number, upTo: boolean) => void;

const MAX_BATCH = 50;
const TICK_MS = 5;
/**
 * Milliseconds that finished deliveries wait behind a held one before they are acknowledged one by one. Single acknowledgements are
 * expensive for the broker, so this is longer than a confirm takes.
 */
const LATE_MS = 100;
/** Used in place of `LATE_MS` when the waiting deliveries fill half of the prefetch, because the consumer is about to starve. */
const STARVED_MS = 25;

const enum Tag {
  held,
  finished,
  /** Acknowledged alone, or returned to the queue. The broker closes the channel if its tag is named again. */
  gone,
}

/**
 * Deliveries of one channel in the order of their tags, acknowledged in batches: one frame acknowledges all up to the first held
 * delivery, as soon as there are 50, or after 5 ms. Each frame costs as much as a publish, and is an entry in the log of a quorum queue.
 * Deliveries that finished behind a held one are therefore acknowledged one by one only when the held one has blocked them for a while.
 */
export class AckWindow {
  readonly #acknowledge: Acknowledge;
  #batch = 1;
  /** Number of finished deliveries behind a held one at which the consumer starves. */
  #maxBatch = 1;
  /** States of the tags, beginning with `#first`. */
  #tags: Tag[] = [];
  #first = 1;
  /** Number of tags before the first held one, and the number of finished ones among them. */
  #ahead = 0;
  #ready = 0;
  /** Number of finished deliveries that are not acknowledged yet. */
  #unflushed = 0;
  #held = 0;
  /** Milliseconds for which the first held delivery has kept others waiting. */
  #stuckMs = 0;
  #tick: NodeJS.Timeout | undefined;

  constructor(prefetch: number, acknowledge: Acknowledge) {
    this.#acknowledge = acknowledge;
    this.setPrefetch(prefetch);
  }

  setPrefetch(count: number): void {
    // a batch is smaller than the prefetch: otherwise every batch would wait for the timer
    this.#maxBatch = Math.max(1, Math.floor(count / 2));
    this.#batch = Math.min(MAX_BATCH, this.#maxBatch);
  }

  /** Number of deliveries that are neither finished nor returned. */
  get held(): number {
    return this.#held;
  }

  /** Adds the next delivery. Tags are counted from 1 without gaps. */
  add(): void {
    this.#tags.push(Tag.held);
    this.#held += 1;
  }

  /** Marks a delivery as finished. It is acknowledged with its batch. */
  finish(tag: number): void {
    this.#tags[tag - this.#first] = Tag.finished;
    this.#held -= 1;
    this.#unflushed += 1;
    this.#lookAhead();
    if (this.#ready >= this.#batch) this.#advance();
    if (this.#unflushed > 0) this.#tick ??= setTimeout(() => this.#onTick(), TICK_MS);
  }

  /** Marks a delivery as returned to its queue. It is not acknowledged. */
  skip(tag: number): void {
    this.#tags[tag - this.#first] = Tag.gone;
    this.#held -= 1;
    this.#lookAhead();
  }

  /** Acknowledges all finished deliveries. */
  flush(): void {
    this.close();
    this.#advance();
    for (let at = 0; this.#unflushed > 0 && at < this.#tags.length; at++) {
      if (this.#tags[at] !== Tag.finished) continue;
      this.#tags[at] = Tag.gone;
      this.#unflushed -= 1;
      this.#acknowledge(this.#first + at, false);
    }
  }

  /** Stops the timer. Called when the channel is lost. */
  close(): void {
    clearTimeout(this.#tick);
    this.#tick = undefined;
    this.#stuckMs = 0;
  }

  #onTick(): void {
    this.#tick = undefined;
    this.#stuckMs += TICK_MS;
    this.#advance();
    if (this.#unflushed === 0) return;
    if (this.#stuckMs >= (this.#unflushed >= this.#maxBatch ? STARVED_MS : LATE_MS)) this.flush();
    else this.#tick = setTimeout(() => this.#onTick(), TICK_MS);
  }

  /** Moves `#ahead` forward to the first held tag. */
  #lookAhead(): void {
    for (; this.#ahead < this.#tags.length && this.#tags[this.#ahead] !== Tag.held; this.#ahead++) {
      if (this.#tags[this.#ahead] === Tag.finished) this.#ready += 1;
    }
  }

  /** Acknowledges the finished deliveries before the first held one. */
  #advance(): void {
    if (this.#ahead === 0) return;
    const last = this.#first + this.#tags.lastIndexOf(Tag.finished, this.#ahead - 1);
    if (this.#ready > 0) this.#acknowledge(last, true);
    this.#tags.splice(0, this.#ahead);
    this.#first += this.#ahead;
    this.#unflushed -= this.#ready;
    this.#ahead = 0;
    this.#ready = 0;
    this.#stuckMs = 0;
  }
}
