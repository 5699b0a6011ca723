import { PUSH_CLASSES, type CallEnd, type PaceState, type PushClass } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { AdaptiveLimit, type CallResult, type LimitedCall } from './adaptive-limit.js';
import { Breaker } from './breaker.js';
import { Calendar, slowest, type CalendarView } from './calendar.js';
import type { Instant } from './clock.js';
import { OverloadPause } from './overload-pause.js';
import { RateBucket } from './rate-bucket.js';

/** What may happen now. */
export type Next =
  /** One call, of one of these classes. `laterMs`: then another class opens too. */
  | { readonly kind: 'call'; readonly open: readonly PushClass[]; readonly laterMs?: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** When a call ends. */
  | { readonly kind: 'full' }
  /** When breaker or calendar say so. */
  | { readonly kind: 'closed' };

/** A call that has begun. */
export interface Ticket {
  readonly offered: readonly PushClass[];
  readonly probe: boolean;
  readonly limited: LimitedCall;
}

/**
 * Decides whether one more call may begin: limit, rate, breaker and calendar of one connection, on one host. It keeps no time of its own.
 *
 * A class that the calendar restricts is counted by the calls it was offered to, since which class a call is of is the owner's choice:
 * it never gets more than its limit, and may get less while other classes take what was offered to it.
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
  /** The breaker lets one call through, to see how it fares: it waits for one to begin, or one is on its way. */
  private callProbe: 'awaited' | 'running' | undefined;
  /** The view whose rates are in the buckets. */
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

  /** Calls at once that are allowed now. */
  limit(at: Instant): number {
    const { all } = this.view(at);
    return Math.min(this.adaptive.current, all.concurrency ?? Infinity);
  }

  /** How many calls may begin within the next `ms` by the rate. */
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

  /** A call begins; `next` said that it may. */
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

  /** The call has ended, or there was none to make. */
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

  /** A slot stays taken although its call has ended here, until `lingered`. */
  linger(): void {
    this.held += 1;
  }

  lingered(): void {
    this.held -= 1;
  }

  get breakerState(): PaceState['breaker'] {
    return this.breaker.state;
  }

  /** For how long the breaker has kept everything back; 0 while calls may begin, be it a single one. */
  breakerMs(at: Instant): number {
    return this.callProbe ? 0 : this.breaker.awayMs(at.monotonic);
  }

  probeDue(at: Instant): boolean {
    return this.breaker.probeDue(at.monotonic);
  }

  /** `by: 'call'`: the next call is the probe. `by: 'owner'`: `endProbe` tells how it went. */
  beginProbe(by: 'call' | 'owner'): void {
    this.breaker.beginProbe();
    if (by === 'call') this.callProbe = 'awaited';
  }

  endProbe(at: Instant, back: boolean): void {
    this.breaker.endProbe(at.monotonic, back);
  }

  /** Is the connection closed by the calendar, and until when? */
  closedByCalendar(at: Instant): { readonly until?: Date } | undefined {
    const { closed, opensAt } = this.view(at);
    if (!closed) return undefined;
    return opensAt ? { until: opensAt } : {};
  }

  /** Why nothing begins now, for people. */
  closedBecause(at: Instant): string | undefined {
    const view = this.view(at);
    if (view.closed) {
      const until = view.opensAt ? `, until ${view.opensAt.toISOString()}` : '';
      return `${view.reason ?? 'closed by the calendar'}${until}`;
    }
    if (this.breaker.state !== 'closed') {
      return `the other side could not be reached ${this.config.breaker.failures} times in a row; it is asked again every ${this.config.breaker.probeMs / 1_000} s`;
    }
    if (!this.bucket.closed(at.monotonic)) return undefined;
    return `the other side asked to wait for ${Math.ceil(this.bucket.delay(at.monotonic) / 1_000)} s more`;
  }

  /** Why fewer calls at once are allowed than `max`, for people. */
  limitedBecause(at: Instant): string | undefined {
    const { all } = this.view(at);
    if (all.concurrency !== undefined && all.concurrency < this.adaptive.current) return 'the calendar says so';
    return this.adaptive.reason(at.monotonic);
  }

  private full(at: Instant): boolean {
    const used = this.running + this.held;
    return used >= this.limit(at) || !this.adaptive.allows(used + 1);
  }

  /** The calendar's view, with the rates that follow from it set. */
  private view(at: Instant): CalendarView {
    const view = this.calendar.at(at.wall);
    if (view === this.applied) return view;
    this.applied = view;
    this.bucket.setRate(slowest([this.config.rate, view.all.rate]).rate);
    for (const name of PUSH_CLASSES) this.classBuckets.get(name)?.setRate(view.classes[name]?.rate);
    return view;
  }
}

/** What the end of a call says about the limit; undefined: nothing. */
function resultOf(end: CallEnd | 'idle'): CallResult | undefined {
  if (end === 'idle') return undefined;
  if (end.result === 'ok' || end.result === 'unknown') return { result: end.result, ms: end.ms };
  return end.result === 'overload' ? { result: 'refused', ms: end.ms } : undefined;
}

function count(counts: ReadonlyMap<PushClass, number>, name: PushClass): number {
  return counts.get(name) ?? 0;
}
