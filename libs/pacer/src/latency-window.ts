/** Minimum number of calls for a judgement. */
const MIN_CALLS = 12;
/** Maximum number of calls that are kept, and needed. */
const MAX_CALLS = 96;
/** Calls needed per squared relative spread: the error of a median shrinks with the square root of the number of calls. */
const CALLS_PER_SPREAD = 120;
/** A first look needs this share of the calls of a judgement. */
const FIRST_LOOK = 0.25;
/** After this time fewer calls are enough. */
const MAX_MS = 15_000;
const MIN_CALLS_IN_TIME = 4;
/** Interquartile range of a normal distribution, in standard deviations. */
const QUARTILES = 1.35;

/**
 * Latencies of the latest calls that ran at one limit, in milliseconds. The more they differ from each other, the more calls are needed
 * before their median is reliable.
 */
export class LatencyWindow {
  private readonly latest: number[] = [];
  private sorted: readonly number[] | undefined;
  private count = 0;
  private since = 0;

  reset(now: number): void {
    this.latest.length = 0;
    this.sorted = undefined;
    this.count = 0;
    this.since = now;
  }

  add(ms: number): void {
    this.latest[this.count % MAX_CALLS] = ms;
    this.sorted = undefined;
    this.count += 1;
  }

  /** The median of the latest calls; NaN without calls. */
  get median(): number {
    return this.quantile(0.5);
  }

  /** Whether there are enough calls for a first look. */
  get hasFirstLook(): boolean {
    return this.count >= MIN_CALLS_IN_TIME && this.count >= FIRST_LOOK * this.needed();
  }

  /** Returns whether there are enough calls for a judgement. */
  full(now: number, limit: number): boolean {
    if (this.count < MIN_CALLS_IN_TIME) return false;
    return now - this.since >= MAX_MS || this.count >= Math.max(Math.min(limit, MAX_CALLS), this.needed());
  }

  private needed(): number {
    const spread = (this.quantile(0.75) - this.quantile(0.25)) / QUARTILES / this.median;
    return Math.min(MAX_CALLS, Math.max(MIN_CALLS, CALLS_PER_SPREAD * spread * spread));
  }

  private quantile(share: number): number {
    this.sorted ??= this.latest.toSorted((one, other) => one - other);
    const at = share * (this.sorted.length - 1);
    const [low, high] = [this.sorted[Math.floor(at)] ?? NaN, this.sorted[Math.ceil(at)] ?? NaN];
    return low + (high - low) * (at - Math.floor(at));
  }
}
