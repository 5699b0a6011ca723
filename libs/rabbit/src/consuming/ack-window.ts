/** Acknowledges deliveries of one channel: `upTo` says whether all before it are meant too. */
export type Acknowledge = (tag: number, upTo: boolean) => void;

const MAX_BATCH = 50;
const TICK_MS = 5;
/** Behind one that is held longer than a confirm takes, deliveries are acknowledged one by one: dear for the broker, so not at once. */
const LATE_MS = 100;
/** As `LATE_MS`, when what waits fills half of the prefetch: the consumer is about to starve. */
const STARVED_MS = 25;

const enum Tag {
  held,
  finished,
  /** Acknowledged by itself, or handed back: it must not be named again, the broker would close the channel. */
  gone,
}

/**
 * Deliveries of one channel in the order of their tags, acknowledged in batches: all up to the first that is still held in one frame,
 * as soon as there are 50, or after 5 ms. Each frame costs as much as a publish, and is an entry in the log of a quorum queue. So what is
 * finished behind one that is held is acknowledged by itself only when that one has not moved on for a while.
 */
export class AckWindow {
  readonly #acknowledge: Acknowledge;
  #batch = 1;
  /** So many finished behind a held one starve the consumer. */
  #maxBatch = 1;
  /** State of the tags from `#first` on. */
  #tags: Tag[] = [];
  #first = 1;
  /** How many of the tags come before the first that is held, and how many of those are finished. */
  #ahead = 0;
  #ready = 0;
  /** Finished and not acknowledged yet. */
  #unflushed = 0;
  #held = 0;
  /** How long the first that is held has kept others waiting. */
  #stuckMs = 0;
  #tick: NodeJS.Timeout | undefined;

  constructor(prefetch: number, acknowledge: Acknowledge) {
    this.#acknowledge = acknowledge;
    this.setPrefetch(prefetch);
  }

  setPrefetch(count: number): void {
    // a batch must not be all that the consumer may hold, or it would wait for the timer each time
    this.#maxBatch = Math.max(1, Math.floor(count / 2));
    this.#batch = Math.min(MAX_BATCH, this.#maxBatch);
  }

  /** How many are neither finished nor handed back. */
  get held(): number {
    return this.#held;
  }

  /** The next delivery has come; tags are counted from 1 without gaps. */
  add(): void {
    this.#tags.push(Tag.held);
    this.#held += 1;
  }

  finish(tag: number): void {
    this.#tags[tag - this.#first] = Tag.finished;
    this.#held -= 1;
    this.#unflushed += 1;
    this.#lookAhead();
    if (this.#ready >= this.#batch) this.#advance();
    if (this.#unflushed > 0) this.#tick ??= setTimeout(() => this.#onTick(), TICK_MS);
  }

  /** It was handed back: nothing is to be acknowledged. */
  skip(tag: number): void {
    this.#tags[tag - this.#first] = Tag.gone;
    this.#held -= 1;
    this.#lookAhead();
  }

  /** Acknowledges everything that is finished. */
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

  /** The channel is gone. */
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

  /** Counts on from the last known tag that is not held to the first that is. */
  #lookAhead(): void {
    for (; this.#ahead < this.#tags.length && this.#tags[this.#ahead] !== Tag.held; this.#ahead++) {
      if (this.#tags[this.#ahead] === Tag.finished) this.#ready += 1;
    }
  }

  /** Acknowledges up to the first that is held. */
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
