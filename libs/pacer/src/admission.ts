import { PUSH_CLASSES, type CallEnd, type PaceState, type PushClass } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { AdaptiveLimit, type CallResult, type LimitedCall } from './adaptive-limit.js';
import { Breaker } from './breaker.js';
import { Calendar, slowest, type CalendarView } from './calendar.js';
import type { Instant } from './instant.js';
import { OverloadPause } from './overload-pause.js';
import { RateBucket } from './rate-bucket.js';

/** The decision of {@link Admission.next}. */
export type Next =
  /** One call of one of these classes may begin. `laterMs`: after this time another class opens too. */
  | { readonly kind: 'call'; readonly open: readonly PushClass[]; readonly laterMs?: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** All slots are in use until a call ends. */
  | { readonly kind: 'full' }
  /** Breaker or calendar admit no call. */
  | { readonly kind: 'closed' };

/** A call that has begun, to be passed to {@link Admission.end}. */
export interface Ticket {
  readonly offered: readonly PushClass[];
  readonly probe: boolean;
  readonly limited: LimitedCall;
}

/**
 * Decides whether one more call may begin: limit, rate, breaker and calendar of one connection, on one host. It has no timers.
 *
 * A class that the calendar restricts is charged for every call that was offered to it, because the owner chooses the class of a call.
 * Such a class never exceeds its limit, and may stay below it while other classes take calls that were offered to it.
 */
export class Admission {
  private readonly adaptive: AdaptiveLimit;
  private readonly breaker: Breaker;
  private readonly calendar: Calendar;
  private readonly bucket: RateBucket;
  private readonly pause = new OverloadPause();
  private readonly classBuckets = new Map<PushClass, RateBucket>(PUSH_CLASSES.map((name) => [name, new RateBucket()]));
  private readonly offered = new Map<PushClass, number>(PUSH_CLASSES.map((name) => [name, 0]));
  private running = 0;
  private held = 0;
  /** The breaker admits one call as a probe: the call is awaited, or it is running. */
  private callProbe: 'awaited' | 'running' | undefined;
  /** The view whose rates the buckets have. */
  private applied: CalendarView | undefined;

  constructor(private readonly config: PaceConfig) {
    this.adaptive = new AdaptiveLimit(config.concurrency, config.latencyTargetMs);
    this.breaker = new Breaker(config.breaker);
    this.calendar = new Calendar(config.calendar, config.timezone);
    this.bucket = new RateBucket(config.rate);
  }

  get inFlight(): number {
    return this.running;
  }

  get lingering(): number {
    return this.held;
  }

  /** Returns how many calls at once are allowed now. */
  limit(at: Instant): number {
    const { all } = this.view(at);
    return Math.min(this.adaptive.current, all.concurrency ?? Infinity);
  }

  /** Returns how many calls the rate allows to begin within the next `ms`. */
  turns(at: Instant, ms: number): number {
    return this.callProbe ? 1 : this.bucket.turns(at.monotonic, ms);
  }

  next(at: Instant): Next {
    const view = this.view(at);
    if (view.closed || (this.breaker.state !== 'closed' && this.callProbe !== 'awaited')) return { kind: 'closed' };
    if (this.full(at)) return { kind: 'full' };
    const ms = Math.max(this.bucket.delay(at.monotonic), this.pause.delay(at.monotonic));
    if (ms > 0) return { kind: 'wait', ms };

    const open: PushClass[] = [];
    let laterMs = Infinity;
    for (const name of PUSH_CLASSES) {
      const own = view.classes[name];
      if (own?.concurrency !== undefined && count(this.offered, name) >= own.concurrency) continue;
      const classMs = this.classBuckets.get(name)?.delay(at.monotonic) ?? 0;
      if (classMs > 0) laterMs = Math.min(laterMs, classMs);
      else open.push(name);
    }
    if (open.length > 0) return { kind: 'call', open, ...(laterMs < Infinity ? { laterMs } : {}) };
    return laterMs < Infinity ? { kind: 'wait', ms: laterMs } : { kind: 'full' };
  }

  /** Registers the beginning of a call that `next` admitted. */
  begin(at: Instant, offered: readonly PushClass[]): Ticket {
    this.running += 1;
    this.bucket.take(at.monotonic);
    for (const name of offered) {
      this.classBuckets.get(name)?.take(at.monotonic);
      this.offered.set(name, count(this.offered, name) + 1);
    }
    const probe = this.callProbe === 'awaited';
    if (probe) this.callProbe = 'running';
    return { offered, probe, limited: this.adaptive.begin(this.running + this.held) };
  }

  /** Registers the end of a call. `idle`: the owner had no call to make. */
  end(at: Instant, ticket: Ticket, end: CallEnd | 'idle'): void {
    this.running -= 1;
    for (const name of ticket.offered) this.offered.set(name, count(this.offered, name) - 1);
    const now = at.monotonic;
    this.adaptive.end(now, ticket.limited, resultOf(end));
    if (end === 'idle') {
      if (ticket.probe) this.callProbe = 'awaited';
      return;
    }
    if (ticket.probe) this.callProbe = undefined;
    if (end.retryAfterMs !== undefined) this.bucket.closeUntil(now + end.retryAfterMs);
    if (end.result === 'overload' || end.result === 'unknown') this.pause.refused(now);
    if (end.result === 'ok') this.pause.answered(now);
    if (ticket.probe) this.breaker.endProbe(now, end.result !== 'unavailable' && end.result !== 'unknown');
    else if (end.result === 'unavailable') this.breaker.unreachable(now);
    else if (end.result === 'ok') this.breaker.answered();
    if (this.breaker.state === 'open') this.adaptive.away();
  }

  /** Keeps a slot taken after the end of its call, until `lingered`. */
  linger(): void {
    this.held += 1;
  }

  lingered(): void {
    this.held -= 1;
  }

  get breakerState(): PaceState['breaker'] {
    return this.breaker.state;
  }

  /** Returns for how many milliseconds the breaker has blocked every call; 0 while at least one call may begin. */
  breakerMs(at: Instant): number {
    return this.callProbe ? 0 : this.breaker.awayMs(at.monotonic);
  }

  probeDue(at: Instant): boolean {
    return this.breaker.probeDue(at.monotonic);
  }

  /** Begins a probe. `by: 'call'`: the next call is the probe. `by: 'owner'`: the owner probes and reports the result to `endProbe`. */
  beginProbe(by: 'call' | 'owner'): void {
    this.breaker.beginProbe();
    if (by === 'call') this.callProbe = 'awaited';
  }

  endProbe(at: Instant, back: boolean): void {
    this.breaker.endProbe(at.monotonic, back);
  }

  /** Returns the opening time if the calendar closes the connection, otherwise undefined. */
  closedByCalendar(at: Instant): { readonly until?: Date } | undefined {
    const { closed, opensAt } = this.view(at);
    if (!closed) return undefined;
    return opensAt ? { until: opensAt } : {};
  }

  /** Returns when calls may begin again, as far as the calendar or the breaker determine it, in milliseconds since 1970. */
  opening(at: Instant): Pick<PaceState, 'opensAt' | 'probeAt'> {
    const opensAt = this.closedByCalendar(at)?.until?.getTime();
    const probeInMs = this.breaker.probeInMs(at.monotonic);
    return {
      ...(opensAt !== undefined && { opensAt }),
      ...(probeInMs !== undefined && { probeAt: at.wall + probeInMs }),
    };
  }

  /** Returns the reason why no call may begin now, for people. */
  closedBecause(at: Instant): string | undefined {
    const view = this.view(at);
    if (view.closed) {
      const until = view.opensAt ? `, until ${view.opensAt.toISOString()}` : '';
      return `${view.reason ?? 'closed by the calendar'}${until}`;
    }
    if (this.breaker.state !== 'closed') {
      return `the remote system could not be reached ${this.config.breaker.failures} times in a row; the next attempts follow every ${this.config.breaker.probeMs / 1_000} s`;
    }
    if (!this.bucket.closed(at.monotonic)) return undefined;
    return `the remote system requested a pause: ${Math.ceil(this.bucket.delay(at.monotonic) / 1_000)} s remain`;
  }

  /** Returns the reason why fewer calls at once are allowed than `max`, for people. */
  limitedBecause(at: Instant): string | undefined {
    const { all } = this.view(at);
    if (all.concurrency !== undefined && all.concurrency < this.adaptive.current) return 'the calendar limits the connection';
    return this.adaptive.reason(at.monotonic);
  }

  private full(at: Instant): boolean {
    const used = this.running + this.held;
    return used >= this.limit(at) || !this.adaptive.allows(used + 1);
  }

  /** Returns the view of the calendar, after setting the rates that follow from it. */
  private view(at: Instant): CalendarView {
    const view = this.calendar.at(at.wall);
    if (view === this.applied) return view;
    this.applied = view;
    this.bucket.setRate(slowest([this.config.rate, view.all.rate]).rate);
    for (const name of PUSH_CLASSES) this.classBuckets.get(name)?.setRate(view.classes[name]?.rate);
    return view;
  }
}

/** Converts the end of a call to a result for the limit; undefined if it is no evidence about the limit. */
function resultOf(end: CallEnd | 'idle'): CallResult | undefined {
  if (end === 'idle') return undefined;
  if (end.result === 'ok' || end.result === 'unknown') return { result: end.result, ms: end.ms };
  return end.result === 'overload' ? { result: 'refused', ms: end.ms } : undefined;
}

function count(counts: ReadonlyMap<PushClass, number>, name: PushClass): number {
  return counts.get(name) ?? 0;
}
