const FIRST_MS = 100;
const MAX_MS = 2_000;

/**
 * A pause after each refusal, which grows with each refusal in a row. A refusal takes a millisecond, whether it is an answer or a
 * connection that is cut, and a slot that tried again at once would cause hundreds of them. Times are monotonic milliseconds.
 */
export class OverloadPause {
  private nextMs = FIRST_MS;
  private until = -Infinity;

  /** Registers a refusal. Calls that were refused together count once. */
  refused(now: number): void {
    if (now < this.until) return;
    this.until = now + this.nextMs;
    this.nextMs = Math.min(MAX_MS, 2 * this.nextMs);
  }

  answered(now: number): void {
    if (now >= this.until) this.nextMs = FIRST_MS;
  }

  /** Returns the milliseconds until a call may begin. */
  delay(now: number): number {
    return Math.max(0, this.until - now);
  }
}
