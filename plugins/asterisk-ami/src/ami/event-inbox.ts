/** At most so much of a turn of the event loop: the rest of the host works on, and the socket is read again. */
const SLICE_MS = 20;
/** As much as a spool holds: some seconds of the worst flood. */
const LIMIT_BYTES = 64 * 1024 * 1024;

export interface InboxReader {
  /** One event. The bytes are the inbox's until this returns. */
  event(bytes: Buffer): void;
  /** So many events did not find room; they would have come between the last one and the next. */
  missed(count: number): void;
}

interface Held {
  readonly bytes: Buffer;
  next: Held | undefined;
}

/**
 * Holds the events that were read from a socket until there is time for them, in order. Reading must never wait for what becomes of an
 * event: Asterisk cuts off a reader that is slow. When more than the limit waits, all that comes is left out until there is none, so that
 * what is missing is one gap and not many.
 */
export class EventInbox {
  private oldest: Held | undefined;
  private newest: Held | undefined;
  private bytes = 0;
  private leftOut = 0;
  /** Of this turn of the event loop; nothing: it has not begun. */
  private sliceEnds: number | undefined;
  private readonly whenEmpty: (() => void)[] = [];

  constructor(
    private readonly reader: InboxReader,
    private readonly limitBytes = LIMIT_BYTES,
    private readonly now = () => performance.now(),
  ) {}

  /** The bytes are the caller's again when this returns. */
  push(bytes: Buffer): void {
    if (this.sliceEnds === undefined) this.beginSlice();
    if (!this.oldest && this.hasTime) return this.reader.event(bytes);
    if (this.leftOut > 0 || (this.oldest && this.bytes + bytes.length > this.limitBytes)) this.leftOut++;
    else this.hold({ bytes: Buffer.from(bytes), next: undefined });
  }

  /** Calls back when all that was pushed before has been handed out; at once when nothing waits. */
  afterAll(back: () => void): void {
    if (this.oldest) this.whenEmpty.push(back);
    else back();
  }

  private get hasTime(): boolean {
    return this.sliceEnds !== undefined && this.now() < this.sliceEnds;
  }

  private beginSlice(): void {
    this.sliceEnds = this.now() + SLICE_MS;
    setImmediate(() => this.turn());
  }

  private turn(): void {
    this.sliceEnds = undefined;
    if (!this.oldest) return;
    this.beginSlice();
    while (this.oldest && this.hasTime) this.handOut(this.oldest);
    if (!this.oldest) this.emptied();
  }

  private hold(held: Held): void {
    if (this.newest) this.newest.next = held;
    else this.oldest = held;
    this.newest = held;
    this.bytes += held.bytes.length;
  }

  private handOut({ bytes, next }: Held): void {
    this.oldest = next;
    if (!next) this.newest = undefined;
    this.bytes -= bytes.length;
    this.reader.event(bytes);
  }

  private emptied(): void {
    const missed = this.leftOut;
    this.leftOut = 0;
    if (missed > 0) this.reader.missed(missed);
    for (const back of this.whenEmpty.splice(0)) back();
  }
}
