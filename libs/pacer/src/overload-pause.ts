const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/**
 * After a refusal nothing begins for a moment, longer with each refusal in a row: a refusal takes a millisecond, be it an answer or a
 * connection that is cut, and a slot that tries again at once makes hundreds of them. Times are monotonic milliseconds.
 */
export class OverloadPause {
  private nextMs = FIRST_MS;
  private until = -Infinity;

  /** Calls that were refused together are one piece of news. */
  refused(now: number): void {
    if (now < this.until) return;
    this.until = now + this.nextMs;
    this.nextMs = Math.min(LONGEST_MS, 2 * this.nextMs);
  }

  answered(now: number): void {
    if (now >= this.until) this.nextMs = FIRST_MS;
  }

  /** Milliseconds until a call may begin. */
  delay(now: number): number {
    return Math.max(0, this.until - now);
  }
}
