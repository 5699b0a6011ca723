import type { EncodedMessage } from '../stomp/message.js';
import type { OutgoingFrame } from '../stomp/output.js';
import type { ServerContext } from './context.js';
import type { Flushable } from './flusher.js';
import type { Transport } from './transport.js';

export interface OutboxOwner {
  /** Something was written. */
  written(): void;
  /** The system has taken the messages at these places of the mailbox, or will not. */
  sentAll(seqs: readonly number[], error?: Error | null): void;
}

/** What one client is sent: collected during a turn of the event loop, written at its end, and bounded by what the client reads. */
export class Outbox implements Flushable {
  /** MESSAGE frames taken for sending. */
  delivered = 0;
  /** Deliveries that found no room. */
  refused = 0;
  readonly #owner: OutboxOwner;
  readonly #transport: Transport;
  readonly #context: Pick<ServerContext, 'flusher' | 'limits'>;
  #frames: OutgoingFrame[] | undefined;
  #bytes = 0;
  #sentAutomatically: number[] | undefined;
  #refusing = false;

  constructor(owner: OutboxOwner, transport: Transport, context: Pick<ServerContext, 'flusher' | 'limits'>) {
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

  /** False is noted: see {@link takeRefusal}. */
  hasRoom(): boolean {
    if (this.waiting < this.#context.limits.buffer) return true;
    this.refused++;
    this.#refusing = true;
    return false;
  }

  /** Was room refused since the last time? */
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
    if (!this.#frames) {
      this.#frames = [];
      this.#context.flusher.add(this);
    }
    this.#frames.push(frame);
    this.#bytes += frame.start.length + (frame.message?.bytes ?? 0);
  }

  /** For the messages added in this turn that need no answer: `sentAll` is told when they have left. */
  noteSent(seq: number): void {
    (this.#sentAutomatically ??= []).push(seq);
  }

  flush(): void {
    const frames = this.#frames;
    if (!frames) return;
    const seqs = this.#sentAutomatically;
    this.clear();
    this.#transport.send(frames, seqs && ((error) => this.#owner.sentAll(seqs, error)));
    this.#owner.written();
  }

  /** Forgets what was not written. */
  clear(): void {
    this.#frames = this.#sentAutomatically = undefined;
    this.#bytes = 0;
  }
}
