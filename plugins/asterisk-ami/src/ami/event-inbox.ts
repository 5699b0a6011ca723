/** Maximum time in one turn of the event loop, so that the host continues and the socket is read again. */
const SLICE_MS = 20;
/** Maximum size of waiting events, like that of a spool: some seconds of the worst flood. */
const MAX_BYTES = 64 * 1024 * 1024;

export interface InboxReader {
  /** Handles one event. It must not keep the bytes. */
  event(bytes: Buffer): void;
  /** Reports the number of events that were dropped between the last one and the next. */
  missed(count: number): void;
}

interface Held {
  readonly bytes: Buffer;
  next: Held | undefined;
}

/**
 * Holds the events that were read from a socket until there is time for them, in order. Reading must never wait for the processing of
 * events, because Asterisk disconnects a slow reader. When the limit is reached, all events are dropped until no event waits, so that
 * there is one gap and not many.
 */
export class EventInbox {
  private oldest: Held | undefined;
  private newest: Held | undefined;
  private bytes = 0;
  private dropped = 0;
  /** End of the time in this turn of the event loop; undefined: it has not begun. */
  private sliceEnds: number | undefined;
  private readonly whenEmpty: (() => void)[] = [];

  constructor(
    private readonly reader: InboxReader,
    private readonly limitBytes = MAX_BYTES,
    // eslint-disable-next-line no-restricted-properties -- a slice is processor time, which does not pass on a virtual clock
    private readonly now = () => performance.now(),
  ) {}

  /** Copies the bytes when the event must wait. */
  push(bytes: Buffer): void {
    if (this.sliceEnds === undefined) this.beginSlice();
    if (!this.oldest && this.hasTime) return this.reader.event(bytes);
    if (this.dropped > 0 || (this.oldest && this.bytes + bytes.length > this.limitBytes)) this.dropped++;
    else this.hold({ bytes: Buffer.from(bytes), next: undefined });
  }

  /** Calls `back` once all events that were pushed before are handled; at once when no event waits. */
  afterAll(back: () => void): void {
    if (this.oldest) this.whenEmpty.push(back);
    else back();
  }

  private get hasTime(): boolean {
    return this.sliceEnds !== undefined && this.now() < this.sliceEnds;
  }

  private beginSlice(): void {
    this.sliceEnds = this.now() + SLICE_MS;
    // eslint-disable-next-line no-restricted-globals -- the end of a turn of the event loop, not a time
    setImmediate(() => this.turn());
  }

  private turn(): void {
    this.sliceEnds = undefined;
    if (!this.oldest) return;
    this.beginSlice();
    while (this.oldest && this.hasTime) this.handle(this.oldest);
    if (!this.oldest) this.emptied();
  }

  private hold(held: Held): void {
    if (this.newest) this.newest.next = held;
    else this.oldest = held;
    this.newest = held;
    this.bytes += held.bytes.length;
  }

  private handle({ bytes, next }: Held): void {
    this.oldest = next;
    if (!next) this.newest = undefined;
    this.bytes -= bytes.length;
    this.reader.event(bytes);
  }

  private emptied(): void {
    const missed = this.dropped;
    this.dropped = 0;
    if (missed > 0) this.reader.missed(missed);
    for (const back of this.whenEmpty.splice(0)) back();
  }
}
