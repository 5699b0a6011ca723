import { engineFail, type SluiceError } from '@sluice/plugin-api';
import type { Sender } from './publisher.js';

/** One call of `publish`. It ends when all its messages are confirmed, at the first problem, or after its timeout. */
export class PublishCall implements Sender {
  readonly done: Promise<void>;
  #left: number;
  #end!: (problem?: SluiceError) => void;

  constructor(count: number, timeoutMs: number, reason: () => string) {
    this.#left = count;
    this.done = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#end(engineFail.BUS_UNAVAILABLE(`not confirmed in ${timeoutMs} ms: ${reason()}`)),
        timeoutMs,
      );
      this.#end = (problem) => {
        clearTimeout(timer);
        this.wanted = false;
        if (problem) reject(problem);
        else resolve();
      };
    });
  }

  wanted = true;

  confirmed(problem?: SluiceError): void {
    this.#left -= 1;
    if (this.wanted && (problem || this.#left === 0)) this.#end(problem);
  }

  /** Ends the call with an error, for example because the bus closes. */
  fail(problem: SluiceError): void {
    if (this.wanted) this.#end(problem);
  }
}
