import type { PaceConfig } from '@sluice/flow';

/** After a refusal the limit grows by one for every so long without another. */
const CLEAN_MS = 30_000;
/** One burst of refusals is one piece of news: halve once for it. */
const HALVE_EVERY_MS = 1_000;
/** A level that was refused is not tried again for so long. */
const REFUSED_FOR_MS = 5 * 60_000;
/** Weight of the newest call in the smoothed latency: about the last ten calls count. */
const SMOOTHING = 0.2;

/**
 * How many calls at once the other side seems to bear: additive increase, multiplicative decrease, as TCP does (RFC 5681), with a slow
 * start until the first refusal. Times are monotonic milliseconds.
 */
export class AdaptiveLimit {
  private limit: number;
  private latencyMs: number | undefined;
  private refusedOnce = false;
  private cleanSince = 0;
  private halvedAt = -Infinity;
  private refused = { level: Infinity, until: -Infinity };

  constructor(
    private readonly concurrency: PaceConfig['concurrency'],
    private readonly latencyTargetMs: number,
  ) {
    this.limit = concurrency.adaptive ? concurrency.start : concurrency.max;
  }

  get current(): number {
    return this.limit;
  }

  /** A call was answered. `full`: every slot was in use while it ran; a limit that is not used proves nothing about the next one. */
  succeeded(now: number, ms: number, full: boolean): void {
    this.latencyMs = this.latencyMs === undefined ? ms : this.latencyMs + SMOOTHING * (ms - this.latencyMs);
    if (!full || this.latencyMs > this.latencyTargetMs || this.limit >= this.highest(now)) return;
    if (this.refusedOnce && now - this.cleanSince < CLEAN_MS) return;
    this.limit += 1;
    this.cleanSince = now;
  }

  /** A call was refused for overload, or nobody knows how it ended. */
  refusedAt(now: number): void {
    if (!this.concurrency.adaptive) return;
    this.refusedOnce = true;
    this.cleanSince = now;
    if (now - this.halvedAt < HALVE_EVERY_MS) return;
    this.halvedAt = now;
    this.refused = { level: this.limit, until: now + REFUSED_FOR_MS };
    this.limit = Math.max(1, Math.floor(this.limit / 2));
  }

  private highest(now: number): number {
    return now < this.refused.until ? Math.min(this.concurrency.max, this.refused.level - 1) : this.concurrency.max;
  }
}
