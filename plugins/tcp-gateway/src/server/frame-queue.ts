import type { EncodedMessage } from '../stomp/message-frame.js';
import type { OutgoingFrame } from '../stomp/output.js';
import type { ServerContext } from './context.js';
import type { Flushable } from './flusher.js';
import type { Transport } from './transport.js';

export interface FrameQueueOwner {
  /** Called after each write. */
  written(): void;
  /** Called once the operating system has taken the messages at these places of the mailbox, or with the error of the write. */
  acknowledgeSent(seqs: readonly number[], error?: Error | null): void;
}

/**
 * Collects the frames for one client during a turn of the event loop, writes them at its end, and bounds the bytes that wait to be read.
 */
export class FrameQueue implements Flushable {
  /** Number of MESSAGE frames accepted for sending. */
  delivered = 0;
  /** Number of deliveries that were rejected because the buffer was full. */
  refused = 0;
  readonly #owner: FrameQueueOwner;
  readonly #transport: Transport;
  readonly #context: Pick<ServerContext, 'flusher' | 'limits'>;
  #frames: OutgoingFrame[] | undefined;
  #bytes = 0;
  #sentAutomatically: number[] | undefined;
  #refusing = false;

  constructor(owner: FrameQueueOwner, transport: Transport, context: Pick<ServerContext, 'flusher' | 'limits'>) {
    this.#owner = owner;
    this.#transport = transport;
    this.#context = context;
  }

  /** Bytes that wait for the client to read. */
  get waiting(): number {
    return this.#bytes + this.#transport.buffered;
  }

  get isOverfull(): boolean {
    return this.waiting > this.#context.limits.buffer;
  }

  /** Returns whether the buffer has room, and remembers a false: see {@link takeRefusal}. */
  hasRoom(): boolean {
    if (this.waiting < this.#context.limits.buffer) return true;
    this.refused++;
    this.#refusing = true;
    return false;
  }

  /** Returns whether {@link hasRoom} has returned false since the last call. */
  takeRefusal(): boolean {
    const refusing = this.#refusing;
    this.#refusing = false;
    return refusing;
  }

  addMessage(start: string, message: EncodedMessage): void {
    this.delivered++;
    this.add({ start, message });
  }

  add(frame: OutgoingFrame): void {
    if (this.#frames) this.#frames.push(frame);
    else {
      // most writes have one frame: `push` into an empty array would allocate room for seventeen
      this.#frames = [frame];
      this.#context.flusher.add(this);
    }
    this.#bytes += frame.start.length + (frame.message?.bytes ?? 0);
  }

  /** Passes the event to `acknowledgeSent` after the write of this turn: its message needs no ACK of the client. */
  acknowledgeWhenSent(seq: number): void {
    (this.#sentAutomatically ??= []).push(seq);
  }

  flush(): void {
    const frames = this.#frames;
    if (!frames) return;
    const seqs = this.#sentAutomatically;
    this.clear();
    this.#transport.send(frames, seqs && ((error) => this.#owner.acknowledgeSent(seqs, error)));
    this.#owner.written();
  }

  /** Drops frames that were not written yet. */
  clear(): void {
    this.#frames = this.#sentAutomatically = undefined;
    this.#bytes = 0;
  }
}
