/** Acknowledges deliveries of one channel: `upTo` says whether all before it are meant too. */
export type Acknowledge = (tag: number, upTo: boolean) => void;

const MAX_BATCH = 50;
const MAX_WAIT_MS = 5;
/** Behind one that is held longer than a confirm takes, deliveries are acknowledged one by one: dear for the broker, so not at once. */
const LATE_MS = 100;

const enum Tag {
  held,
  finished,
  /** Acknowledged by itself, or handed back: it must not be named again, the broker would close the channel. */
  gone,
}

/**
 * Deliveries of one channel in the order of their tags, acknowledged in batches: all up to the first that is still held in one frame,
 * every 50 messages or 5 ms. What is finished behind one that is held long is acknowledged by itself, after 100 ms or when it fills half
 * of the prefetch: each such frame is an entry in the log of a quorum queue.
 */
export class AckWindow {
  readonly #acknowledge: Acknowledge;
  #batch = 1;
  /** So many finished behind a held one starve the consumer. */
  #most = 1;
  /** State of the tags from `#first` on. */
  #tags: Tag[] = [];
  #first = 1;
  #unflushed = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(prefetch: number, acknowledge: Acknowledge) {
    this.#acknowledge = acknowledge;
    this.setPrefetch(prefetch);
  }

  setPrefetch(count: number): void {
    // a batch must not be all that the consumer may hold, or it would wait for the timer each time
    this.#most = Math.max(1, Math.floor(count / 2));
    this.#batch = Math.min(MAX_BATCH, this.#most);
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
    if (this.#unflushed >= this.#batch) this.#advance();
    if (this.#unflushed >= this.#most) return this.flush();
    if (this.#unflushed > 0) this.#timer ??= setTimeout(() => this.#soon(), MAX_WAIT_MS);
  }

  #soon(): void {
    this.#timer = undefined;
    this.#advance();
    if (this.#unflushed > 0) this.#late ??= setTimeout(() => this.flush(), LATE_MS);
  }

  /** It was handed back: nothing is to be acknowledged. */
  skip(tag: number): void {
    this.#tags[tag - this.#first] = Tag.gone;
    this.#held -= 1;
  }

  /** Acknowledges everything that is finished. */
  flush(): void {
    this.#stopTimers();
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
    this.#stopTimers();
  }

  #stopTimers(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#late);
    this.#timer = undefined;
    this.#late = undefined;
  }

  /** Acknowledges up to the first that is held. */
  #advance(): void {
    let last = 0;
    let at = 0;
    for (; at < this.#tags.length && this.#tags[at] !== Tag.held; at++) {
      if (this.#tags[at] !== Tag.finished) continue;
      last = this.#first + at;
      this.#unflushed -= 1;
    }
    if (at === 0) return;
    this.#tags.splice(0, at);
    this.#first += at;
    if (last > 0) this.#acknowledge(last, true);
  }
}
