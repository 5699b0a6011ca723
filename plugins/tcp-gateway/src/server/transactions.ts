import type { Frame } from '../stomp/frame.js';
import { stompFail } from './stomp-failures.js';
import type { Limits } from './limits.js';

/** Frames that a session holds back until COMMIT. */
export class Transactions {
  readonly #limits: Limits;
  #open: Map<string, Frame[]> | undefined;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  begin(name: string): void {
    this.#open ??= new Map();
    if (this.#open.has(name)) throw stompFail.STOMP_TRANSACTION('a transaction with this name is already open');
    if (this.#open.size === this.#limits.transactions) {
      throw stompFail.STOMP_LIMIT(`a session has at most ${this.#limits.transactions} transactions at once`);
    }
    this.#open.set(name, []);
  }

  add(name: string, frame: Frame): void {
    const frames = this.#frames(name);
    this.#bytes += sizeOf(frame);
    if (frames.length === this.#limits.transactionFrames || this.#bytes > this.#limits.maxFrame) {
      const { transactionFrames, maxFrame } = this.#limits;
      throw stompFail.STOMP_LIMIT(
        `a transaction has at most ${transactionFrames} frames, and the transactions of a session have at most ${maxFrame} bytes`,
      );
    }
    frames.push(frame);
  }

  /** Ends the transaction and returns its frames. */
  take(name: string): readonly Frame[] {
    const frames = this.#frames(name);
    this.#open?.delete(name);
    for (const frame of frames) this.#bytes -= sizeOf(frame);
    return frames;
  }

  #frames(name: string): Frame[] {
    const frames = this.#open?.get(name);
    if (!frames) throw stompFail.STOMP_TRANSACTION('no transaction with this name is open');
    return frames;
  }
}

function sizeOf({ headers, body }: Frame): number {
  let size = body.length;
  for (const [name, value] of headers) size += name.length + value.length;
  return size;
}
