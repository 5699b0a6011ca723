import type { PaceConfig } from '@sluice/flow';
import { LatencyWindow } from './latency-window.js';

/**
 * Factor for the limit when a call within the capacity was refused. It leads far enough below most new capacities to avoid a second
 * refusal.
 */
const REFUSED_FACTOR = 0.35;
/** Factor for the limit when the outcome of a call is unknown: a single slow document must not cost as much as a refusal. */
const UNKNOWN_FACTOR = 0.5;
/** First wait before a refused level is tried again. Each further refusal of the level doubles the wait. */
const MIN_RETRY_MS = 15_000;
const MAX_RETRY_MS = 240_000;
/** The limit grows while the median latency is at most this multiple of the baseline. */
const GROW_RATIO = 1.5;
/** Above this multiple of the baseline the remote system counts as slow, and a smaller limit is tried at once. */
const SLOW_RATIO = 2.5;
/** A trial at half the limit has helped when the median latency falls to at most this share of the previous one. */
const HELPED_RATIO = 0.75;
/** A smaller limit with this share of the throughput is as good as the larger one. */
const SAME_THROUGHPUT = 0.9;
/** The limit grows by this share of itself, at least by one; during slow start by the larger share. */
const GROWTH_SHARE = 1 / 8;
const SLOW_START_SHARE = 1 / 2;
/** Minimum duration of a call, in milliseconds: shorter calls count as this long. */
const MIN_CALL_MS = 1;
/** Minimum number of calls that may try unproven levels at the same time; one in eight of the proven ones if that is more. */
const MIN_BEYOND = 2;

/** The facts about a call that the limit needs. */
export interface LimitedCall {
  /** Slots in use when the call began, its own included. */
  readonly level: number;
  /** The level is higher than every level at which a call was answered since the last cut. */
  readonly beyond: boolean;
}

/** The end of a call, for the estimate of the limit. */
export interface CallResult {
  /** `refused`: the remote system was overloaded. `unknown`: the outcome of the call is not known. */
  readonly result: 'ok' | 'refused' | 'unknown';
  /** Duration in milliseconds. */
  readonly ms: number;
}

/** A smaller limit that is being tried, to learn whether the latency depends on the number of calls. */
interface Trial {
  /** The limit before the trial. */
  readonly from: number;
  /** Median latency at that limit, in milliseconds. */
  readonly ms: number;
  /** The latency was too high before the trial: keep the smaller limit if it lowers the latency. */
  readonly slow: boolean;
}

/** A level or a check that is repeated after growing pauses. */
interface Retry {
  at: number;
  waitMs: number;
}

/** Refusals that no answered call has followed. */
interface Outage {
  /** The limit before the first refusal. */
  readonly limit: number;
  lastAt: number;
  /** A single call was refused as well, or the breaker opened: the number of calls was not the cause. */
  certain: boolean;
}

/**
 * Estimates how many calls at once the remote system can bear, from refusals and from latency. Times are monotonic milliseconds.
 *
 * - **Growth.** While every slot is in use and the median latency is close to its baseline, the limit grows by one step, and by the
 *   next one when a few calls were answered at the new level.
 * - **A refusal above the last level that worked** ends only that step: the limit returns to that level. The refused level is
 *   tried again after 15 s, then after 30 s, and so on up to 4 min. **A refusal at a level that worked** means that the
 *   capacity has fallen: the limit is cut once for all calls that were open, and grows again from there.
 * - **Latency** above the target, or far above the baseline, starts a trial at half the limit. If the latency falls, the calls were
 *   queueing inside the remote system, and the smaller limit stays. If it does not, the number of calls is not the cause: the baseline
 *   is corrected, and the limit returns, or stays at half (not below `start`) while the target is exceeded.
 * - **After an outage** the limit grows quickly to what it was, because an outage contains no information about the number of calls.
 */
export class AdaptiveLimit {
  private limit: number;
  /** Calls up to this level may begin freely; above it only a few at once. */
  private proven: number;
  /** Calls in flight that began above the proven level. */
  private beyond = 0;
  /** The limit has grown without interruption so far. */
  private slowStart = true;
  /** Level that worked before an outage. Below it the limit doubles instead of growing by one. */
  private rampTo = 0;
  private ceiling: { readonly level: number; readonly retry: Retry } | undefined;
  private baselineMs: number | undefined;
  private trial: Trial | undefined;
  /** The latest window was slow. */
  private suspect = false;
  /** When a limit that neither grows nor is slow is checked again. */
  private check: Retry | undefined;
  /**
   * Trials start only above this latency, after the remote system was slow at any number of calls and the limit stayed at half. 0: no such
   * latency.
   */
  private slowAnywayMs = 0;
  private outage: Outage | undefined;
  /** Calls that began before this moment belong to an earlier limit. */
  private changedAt = -Infinity;
  private readonly window = new LatencyWindow();

  constructor(
    private readonly concurrency: PaceConfig['concurrency'],
    private readonly latencyTargetMs: number,
  ) {
    this.limit = concurrency.adaptive ? concurrency.start : concurrency.max;
    this.proven = this.limit;
  }

  /** Calls at once that are allowed now. */
  get current(): number {
    return this.limit;
  }

  /**
   * Returns whether a call may begin that raises the number of used slots to `level`. Few calls at once try a new level, so that few are
   * refused.
   */
  allows(level: number): boolean {
    if (level <= this.proven) return true;
    return (
      level <= this.limit && this.beyond < Math.min(this.limit - this.proven, Math.max(MIN_BEYOND, this.proven * GROWTH_SHARE))
    );
  }

  /** Registers a call that raises the number of used slots to `level`. */
  begin(level: number): LimitedCall {
    const beyond = level > this.proven;
    if (beyond) this.beyond += 1;
    return { level, beyond };
  }

  /** Registers the end of a call. A call without a result has no effect on the limit. */
  end(now: number, call: LimitedCall, end?: CallResult): void {
    if (call.beyond) this.beyond -= 1;
    if (!end || !this.concurrency.adaptive) return;
    if (end.result === 'ok') this.answered(now, call, end.ms);
    else this.failed(now, call, end);
  }

  /** Marks earlier refusals as the beginning of an outage, because the breaker has opened. */
  away(): void {
    if (this.outage) this.outage.certain = true;
  }

  /** Returns the reason for a limit below `max`, for people. Undefined at `max`, and while the limit may grow. */
  reason(now: number): string | undefined {
    const { ceiling, limit } = this;
    if (limit >= this.concurrency.max) return undefined;
    if (this.outage) return 'the last calls were refused or not answered in time';
    if (ceiling && limit >= ceiling.level - 1) {
      const seconds = Math.max(0, Math.ceil((ceiling.retry.at - now) / 1_000));
      return `${ceiling.level} at once were refused, tried again in ${seconds} s`;
    }
    if (this.trial) return 'half the calls are tried, to learn whether calls become quicker';
    if (this.slowAnywayMs > 0) return 'calls take longer than latencyTarget at any number of calls';
    if (this.check) return 'more at once would only wait for each other';
    return this.window.median > this.latencyTargetMs ? 'calls take longer than latencyTarget' : undefined;
  }

  private answered(now: number, call: LimitedCall, ms: number): void {
    const began = now - ms;
    this.endOutage(began);
    // a call from before the change ran beside more calls than the limit allows now
    if (began < this.changedAt || call.level > this.limit) return;
    this.proven = Math.max(this.proven, call.level);
    if (this.ceiling && call.level >= this.ceiling.level) this.ceiling = undefined;
    // a call that left slots free is no evidence about this limit
    if (call.level < this.limit) return;
    // calls shorter than a tick of the clock have no relative spread
    this.window.add(Math.max(MIN_CALL_MS, ms));
    if (this.trial) this.judgeTrial(now, this.trial);
    else if (this.limit < this.rampTo) this.set(now, Math.min(this.highest(now), this.rampTo, 2 * this.limit));
    else this.judge(now);
  }

  /** Compares the latency at this limit with the target and the baseline. */
  private judge(now: number): void {
    const { window } = this;
    const ms = window.median;
    const enough = window.full(now, this.limit);
    if (enough && this.limit > 1 && this.isSlow(ms)) return this.suspectSlowness(now, ms);
    if (enough) this.learnBaseline(ms);
    if (!window.hasFirstLook) return;
    this.baselineMs ??= ms;
    if ((ms <= this.latencyTargetMs || this.limit < this.concurrency.start) && ms <= GROW_RATIO * this.baselineMs) {
      this.check = undefined;
      this.grow(now);
      return;
    }
    this.slowStart = false;
    if (enough && this.limit > 1 && ms <= this.latencyTargetMs) {
      this.check ??= { at: now + MIN_RETRY_MS, waitMs: MIN_RETRY_MS };
      if (now >= this.check.at) this.beginTrial(now, ms, false);
    }
  }

  /** Waits for a second slow window, because the first one may contain calls from before the change. */
  private suspectSlowness(now: number, ms: number): void {
    if (this.suspect) return this.beginTrial(now, ms, true);
    this.suspect = true;
    this.window.reset(now);
  }

  private isSlow(ms: number): boolean {
    if (ms <= this.slowAnywayMs) return false;
    return ms > this.latencyTargetMs || (this.baselineMs !== undefined && ms > SLOW_RATIO * this.baselineMs);
  }

  private learnBaseline(ms: number): void {
    this.suspect = false;
    // a single call cannot queue behind other calls of Sluice
    if (this.limit === 1) this.baselineMs = ms;
    // medians vary: a single low one must not become the baseline of all later ones
    else if (this.baselineMs !== undefined && ms < this.baselineMs) this.baselineMs = (this.baselineMs + ms) / 2;
    if (ms <= this.latencyTargetMs) this.slowAnywayMs = 0;
  }

  private grow(now: number): void {
    const highest = this.highest(now);
    if (this.limit >= highest) return;
    const share = this.slowStart ? SLOW_START_SHARE : GROWTH_SHARE;
    this.set(now, Math.min(highest, this.limit + Math.max(1, Math.floor(this.limit * share))));
  }

  /** The highest limit that may be tried now. */
  private highest(now: number): number {
    const { ceiling, concurrency } = this;
    if (!ceiling) return concurrency.max;
    return Math.min(concurrency.max, now < ceiling.retry.at ? ceiling.level - 1 : ceiling.level);
  }

  private beginTrial(now: number, ms: number, slow: boolean): void {
    this.trial = { from: this.limit, ms, slow };
    this.set(now, Math.max(1, Math.floor(this.limit / 2)));
  }

  private judgeTrial(now: number, trial: Trial): void {
    if (!this.window.full(now, this.limit)) return;
    const ms = this.window.median;
    const helped = ms <= HELPED_RATIO * trial.ms;
    this.trial = undefined;
    if (!helped) {
      this.baselineMs = ms;
      this.check = undefined;
      if (ms > this.latencyTargetMs) {
        this.slowAnywayMs = SLOW_RATIO * ms;
        this.set(now, Math.max(this.limit, Math.min(trial.from, this.concurrency.start)));
      } else this.set(now, trial.from);
      return;
    }
    if (this.baselineMs === undefined || ms < this.baselineMs) this.baselineMs = ms;
    const sameThroughput = this.limit / ms >= SAME_THROUGHPUT * (trial.from / trial.ms);
    if (trial.slow || sameThroughput) return;
    const waitMs = Math.min(MAX_RETRY_MS, 2 * (this.check?.waitMs ?? MIN_RETRY_MS));
    this.check = { at: now + waitMs, waitMs };
    this.set(now, trial.from);
  }

  private failed(now: number, call: LimitedCall, end: CallResult): void {
    this.slowStart = false;
    this.outage ??= { limit: this.limit, lastAt: now, certain: false };
    this.outage.lastAt = now;
    if (this.limit === 1) this.outage.certain = true;
    // the last change of the limit already accounts for calls that began before it
    if (now - end.ms < this.changedAt || call.level > this.limit) return;
    if (call.beyond) this.endStep(now, call.level);
    else this.cut(now, call.level, end.result === 'refused' ? REFUSED_FACTOR : UNKNOWN_FACTOR);
  }

  /** Returns to the proven level after a refusal above it. */
  private endStep(now: number, level: number): void {
    const { ceiling } = this;
    const again = ceiling !== undefined && ceiling.level === level;
    this.refuseLevel(now, level, again ? Math.min(MAX_RETRY_MS, 2 * ceiling.retry.waitMs) : MIN_RETRY_MS);
    this.rampTo = 0;
    this.set(now, this.proven);
  }

  /** Cuts the limit after a refusal at a proven level: the capacity has fallen. */
  private cut(now: number, level: number, factor: number): void {
    this.refuseLevel(now, level, MIN_RETRY_MS);
    this.rampTo = 0;
    this.trial = undefined;
    this.proven = Math.max(1, Math.floor(this.limit * factor));
    this.set(now, this.proven);
  }

  private refuseLevel(now: number, level: number, waitMs: number): void {
    this.ceiling = { level, retry: { at: now + waitMs, waitMs } };
  }

  private set(now: number, limit: number): void {
    this.limit = limit;
    this.suspect = false;
    this.proven = Math.min(this.proven, limit);
    this.changedAt = now;
    this.window.reset(now);
  }

  /**
   * Ends the outage when a call that began after the last refusal was answered. Only now is it known whether the limit caused the refusals.
   */
  private endOutage(began: number): void {
    if (!this.outage || began < this.outage.lastAt) return;
    if (this.outage.certain) {
      this.rampTo = this.outage.limit;
      this.ceiling = undefined;
    }
    this.outage = undefined;
  }
}
