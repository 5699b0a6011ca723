import type { Rate } from '@sluice/flow';

/** Maximum lateness of a timer that later calls may catch up, so that the rate is reached. It is the only burst that is allowed. */
const TIMER_SLACK_MS = 20;

/**
 * Spaces calls evenly with the generic cell rate algorithm (ITU-T I.371). It has no window at whose edge twice the rate could pass.
 * Times are monotonic milliseconds.
 */
export class RateBucket {
  private intervalMs = 0;
  /** When the rate allows the next call. */
  private due = -Infinity;
  private closedUntil = -Infinity;

  constructor(rate?: Rate) {
    this.setRate(rate);
  }

  setRate(rate: Rate | undefined): void {
    this.intervalMs = rate ? rate.perMs / rate.count : 0;
  }

  /** Blocks all calls before this moment (Retry-After). */
  closeUntil(moment: number): void {
    this.closedUntil = Math.max(this.closedUntil, moment);
  }

  closed(now: number): boolean {
    return now < this.closedUntil;
  }

  /** Returns the milliseconds until a call may begin; 0 if one may begin now. */
  delay(now: number): number {
    const byRate = this.intervalMs > 0 ? this.due - Math.min(TIMER_SLACK_MS, this.intervalMs) - now : 0;
    return Math.max(0, byRate, this.closedUntil - now);
  }

  /** Registers the beginning of a call. */
  take(now: number): void {
    this.due = Math.max(this.due, now) + this.intervalMs;
  }

  /** Returns how many calls may begin within the next `ms`. */
  turns(now: number, ms: number): number {
    const left = ms - this.delay(now);
    if (left < 0) return 0;
    return this.intervalMs > 0 ? 1 + Math.floor(left / this.intervalMs) : Infinity;
  }
}
