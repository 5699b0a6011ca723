import type { PaceConfig } from '@sluice/flow';

/** After a refusal the limit grows by one for every so long without another. */
const CLEAN_MS = 30_000;
/** One burst of refusals is one piece of news: halve once for it. */
const HALVE_EVERY_MS = 1_000;
/** A level that was refused is not tried again for so long. */
const REFUSED_FOR_MS = 5 * 60_000;
/** Weight of the newest call in the smoothed latency: about the last ten calls count. */
const SMOOTHING = 0.2;

/** Refusals with no answered call between them. */
interface Row {
  /** The limit before the first of them, and what was known of refused levels. */
  readonly limit: number;
  readonly refused: Refused;
  lastAt: number;
  /** A single call was refused as well, or the other side was away: it was not the number of calls. */
  outage: boolean;
}

interface Refused {
  readonly level: number;
  readonly until: number;
}

/**
 * How many calls at once the other side seems to bear: additive increase, multiplicative decrease and slow start, as TCP does (RFC 5681).
 * The first slow start ends with the first refusal. After an outage another leads back to the limit before it, for an outage says nothing
 * about how many calls are too many. Times are monotonic milliseconds.
 */
export class AdaptiveLimit {
  private limit: number;
  private latencyMs: number | undefined;
  /** Up to here it grows by one per success. */
  private slowStartTo = Infinity;
  private cleanSince = 0;
  private halvedAt = -Infinity;
  private refused: Refused = { level: Infinity, until: -Infinity };
  private row: Row | undefined;

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
    this.endRow(now - ms);
    if (!full || this.latencyMs > this.latencyTargetMs || this.limit >= this.highest(now)) return;
    if (this.limit >= this.slowStartTo && now - this.cleanSince < CLEAN_MS) return;
    this.limit += 1;
    this.cleanSince = now;
  }

  /** A call was refused for overload, or nobody knows how it ended. */
  refusedAt(now: number): void {
    if (!this.concurrency.adaptive) return;
    this.cleanSince = now;
    this.row ??= { limit: this.limit, refused: this.refused, lastAt: now, outage: false };
    this.row.lastAt = now;
    if (now - this.halvedAt < HALVE_EVERY_MS) return;
    this.halvedAt = now;
    if (this.limit === 1) this.row.outage = true;
    this.refused = { level: this.limit, until: now + REFUSED_FOR_MS };
    this.limit = Math.max(1, Math.floor(this.limit / 2));
    this.slowStartTo = this.limit;
  }

  /** The other side is away altogether: what it refused before was the beginning of that. */
  away(): void {
    if (this.row) this.row.outage = true;
  }

  /** A call that began after the last refusal was answered: now it is known what the refusals meant. */
  private endRow(began: number): void {
    if (!this.row || began < this.row.lastAt) return;
    if (this.row.outage) {
      this.refused = this.row.refused;
      this.slowStartTo = this.row.limit;
    }
    this.row = undefined;
  }

  private highest(now: number): number {
    return now < this.refused.until ? Math.min(this.concurrency.max, this.refused.level - 1) : this.concurrency.max;
  }
}
