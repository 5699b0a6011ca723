import {
  PUSH_CLASSES,
  holdLease,
  pause,
  stopController,
  type CallEnd,
  type HeldLease,
  type LeaseStore,
  type Pace,
  type PaceState,
  type PushOwner,
} from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import type { Log } from '@sluice/plugin-api';
import { Admission, type Next } from './admission.js';
import type { Clock, Instant } from './clock.js';
import { OwnerNews } from './owner-news.js';
import type { OpenSlots, Slots } from './slots.js';

/** A slot serves calls one after another for so long: the back end's round trip is paid once for it, and not once a call. */
export const SLOT_MS = 1_000;
const TICK_MS = 500;
/** The limit is set again every so many ticks: a flushed or restarted back end has forgotten it. */
const TICKS_PER_LIMIT = 2;
/** Nothing began for so long although something waits and might begin: the slots that were asked for are gone. */
const STUCK_MS = 1_500;
/** Calls in flight may take so long to end after the signal. */
const DRAIN_MS = 8_000;
/** Slots whose calls have ended need one round trip to be given back. */
const FREE_SLOTS_MS = 500;

export interface PaceParts {
  readonly leases: LeaseStore;
  readonly hostId: string;
  readonly openSlots: OpenSlots;
  readonly log: Log;
  readonly clock: Clock;
}

/** The time for which this host holds the lease. */
interface Tenure {
  readonly slots: Slots;
  /** Fires when it is over: nothing more begins. */
  readonly over: AbortController;
  readonly ticking: NodeJS.Timeout;
  /** Slots asked for that have not been granted yet, as far as we know. */
  asked: number;
  adding: boolean;
  /** Slots that wait for their turn by the rate. */
  resting: number;
  /** When a call last began, or slots were last asked for. */
  lastMove: number;
  backEnd: 'set-up' | 'up' | 'down';
  ticks: number;
}

/**
 * The pace of one connection on this host. While the lease is held it asks for slots as long as deliveries wait, and in each slot makes
 * calls one after another. The limit is kept three times: here for calls of this host, whatever the back end has forgotten; by the
 * slots over all hosts, also for those of a dead one; and by the lease, which lets one host begin calls at a time.
 */
export class ConnectionPace implements Pace {
  readonly ended: Promise<void>;
  private readonly admission: Admission;
  private readonly news: OwnerNews;
  private readonly lease: HeldLease;
  private readonly closing = new Set<Promise<void>>();
  /** Fires when slots that are still served are given up. */
  private readonly giveUp = new AbortController();
  /** Fires when this pace has let go of everything. */
  private readonly gone = stopController();
  private tenure: Tenure | undefined;
  private looking = false;
  private alarm: NodeJS.Timeout | undefined;
  private callEnded: (() => void) | undefined;

  constructor(
    private readonly connection: string,
    private readonly config: PaceConfig,
    private readonly owner: PushOwner,
    private readonly signal: AbortSignal,
    private readonly parts: PaceParts,
  ) {
    this.admission = new Admission(config);
    this.news = new OwnerNews(owner, this.admission);
    this.lease = holdLease(parts.leases, `pace.${connection}`, parts.hostId, {
      gained: (epoch) => this.gained(epoch),
      lost: () => this.lost(),
      signal,
      info: () => this.state(),
      draining: () => this.drain(),
    });
    this.ended = this.lease.ended.then(() => this.finish());
  }

  wake(): void {
    if (this.looking || !this.tenure) return;
    this.looking = true;
    // deliveries come in bunches: look once for all that came in this turn of the event loop
    setImmediate(() => {
      this.looking = false;
      this.addSlots();
    });
  }

  state(): PaceState {
    const at = this.now();
    const closedBecause = this.closedBecause(at);
    const limitedBecause = this.admission.limitedBecause(at);
    return {
      owner: this.mayBegin(),
      limit: this.admission.limit(at),
      max: this.config.concurrency.max,
      inFlight: this.admission.inFlight,
      lingering: this.admission.lingering,
      breaker: this.admission.breakerState,
      ...(closedBecause === undefined ? {} : { closedBecause }),
      ...(limitedBecause === undefined ? {} : { limitedBecause }),
    };
  }

  private closedBecause(at: Instant): string | undefined {
    if (!this.tenure) return 'another host has the pace of this connection, or the database that says so is away';
    if (this.tenure.backEnd === 'down') return 'the back end of the pacer cannot be reached';
    return (
      this.admission.closedBecause(at) ??
      (this.tenure.backEnd === 'set-up' ? 'the back end of the pacer is being set up' : undefined)
    );
  }

  private now(): Instant {
    return this.parts.clock.now();
  }

  private mayBegin(): boolean {
    return this.tenure !== undefined && !this.signal.aborted && this.lease.held();
  }

  private gained(epoch: number): void {
    this.parts.log.info(`pace of ${this.connection}: this host has it now`, { epoch });
    const over = stopController();
    const tenure: Tenure = {
      slots: this.parts.openSlots({
        connection: this.connection,
        serve: () => this.serve(tenure),
        crashGraceMs: this.config.crashGraceMs,
      }),
      over,
      ticking: setInterval(() => this.tick(tenure), TICK_MS),
      asked: 0,
      adding: false,
      resting: 0,
      lastMove: this.now().monotonic,
      backEnd: 'set-up',
      ticks: 0,
    };
    this.tenure = tenure;
    this.news.begin();
    this.tick(tenure);
  }

  private lost(): void {
    if (!this.tenure) return;
    this.parts.log.info(`pace of ${this.connection}: this host no longer has it`);
    this.endTenure(this.tenure);
  }

  /** Slots whose calls are still running stay taken until these end: a successor must not exceed the limit with them. */
  private endTenure(tenure: Tenure): void {
    this.tenure = undefined;
    clearInterval(tenure.ticking);
    clearTimeout(this.alarm);
    tenure.over.abort();
    const closed = tenure.slots.close(this.giveUp.signal).finally(() => this.closing.delete(closed));
    this.closing.add(closed);
    this.news.tellLost();
  }

  private async drain(): Promise<void> {
    this.tenure?.over.abort();
    await this.callsInFlight();
    if (this.admission.inFlight > 0) {
      this.parts.log.warn(
        `pace of ${this.connection}: ${this.admission.inFlight} calls did not end within ${DRAIN_MS / 1_000} s; they will be repeated under their own ids`,
      );
    }
    if (this.tenure) this.endTenure(this.tenure);
    // slots that are free by now are given back before the lease is, so that the next owner finds them
    setTimeout(() => this.giveUp.abort(), FREE_SLOTS_MS);
    await Promise.all(this.closing);
  }

  private async finish(): Promise<void> {
    this.giveUp.abort();
    await Promise.all(this.closing);
    this.gone.abort();
  }

  /** Waits for them to end, for as long as a drain may take. */
  private async callsInFlight(): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), DRAIN_MS);
    while (this.admission.inFlight > 0 && !late.signal.aborted) await this.nextEnd(late.signal);
    clearTimeout(timer);
  }

  private nextEnd(limit: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        limit.removeEventListener('abort', done);
        resolve();
      };
      this.callEnded = done;
      limit.addEventListener('abort', done, { once: true });
    });
  }

  private tick(tenure: Tenure): void {
    if (tenure.ticks++ % TICKS_PER_LIMIT === 0) this.setLimit(tenure);
    const at = this.now();
    if (this.mayBegin() && this.admission.probeDue(at)) this.probe();
    this.tellOwner(at);
    this.addSlots();
  }

  private setLimit(tenure: Tenure): void {
    const limit = Math.max(1, this.admission.limit(this.now()));
    tenure.slots.setLimit(limit).then(
      () => this.backEndIs(tenure, 'up'),
      (cause: unknown) => this.backEndIs(tenure, 'down', cause),
    );
  }

  private backEndIs(tenure: Tenure, state: 'up' | 'down', cause?: unknown): void {
    if (tenure !== this.tenure || tenure.backEnd === state) return;
    if (state === 'down') {
      this.parts.log.warn(`pace of ${this.connection}: the back end cannot be used, pushes wait`, { cause: String(cause) });
    } else if (tenure.backEnd === 'down') this.parts.log.info(`pace of ${this.connection}: the back end is there again`);
    tenure.backEnd = state;
    if (state === 'up') this.wake();
  }

  /** Asks whether the other side is back: by the connector if it can, else the next call tells. */
  private probe(): void {
    if (!this.owner.probe) return this.admission.beginProbe('call');
    this.admission.beginProbe('owner');
    const ended = (back: boolean) => {
      this.admission.endProbe(this.now(), back);
      this.news.tellBreaker();
      if (this.tenure) this.tick(this.tenure);
    };
    this.owner.probe().then(
      () => ended(true),
      () => ended(false),
    );
  }

  private tellOwner(at: Instant): void {
    if (!this.mayBegin()) return;
    if (this.news.tellLimit(at) && this.tenure) this.setLimit(this.tenure);
    this.news.tellWhetherToConsume(at);
  }

  /** Asks for slots as long as something waits. Some lie ready while all are in use, so that a slot follows another at once. */
  private addSlots(): void {
    const tenure = this.tenure;
    if (!tenure || tenure.adding || !this.mayBegin()) return;
    const at = this.now();
    const next = this.admission.next(at);
    if (next.kind === 'closed') return;
    if (next.kind === 'wait') return this.lookIn(next.ms);
    const waiting = this.owner.waiting(next.kind === 'call' ? next.open : PUSH_CLASSES);
    if (next.kind === 'call' && waiting > 0 && at.monotonic - tenure.lastMove > STUCK_MS) tenure.asked = 0;
    const usable = Math.min(waiting, this.admission.limit(at), this.admission.turns(at, SLOT_MS));
    const count = usable - tenure.asked - tenure.resting;
    if (count > 0) this.add(tenure, count, at);
    else if (waiting === 0 && next.kind === 'call' && next.laterMs !== undefined) this.lookIn(next.laterMs);
  }

  private add(tenure: Tenure, count: number, at: Instant): void {
    tenure.asked += count;
    tenure.adding = true;
    tenure.lastMove = at.monotonic;
    tenure.slots
      .add(count)
      .then(
        () => this.wake(),
        // the back end is away: the next tick asks again
        () => (tenure.asked = Math.max(0, tenure.asked - count)),
      )
      .finally(() => (tenure.adding = false));
  }

  private lookIn(ms: number): void {
    clearTimeout(this.alarm);
    this.alarm = setTimeout(() => this.addSlots(), Math.ceil(ms));
  }

  /** One slot: makes calls one after another until its time is over or there is nothing to do. */
  private async serve(tenure: Tenure): Promise<void> {
    tenure.asked = Math.max(0, tenure.asked - 1);
    this.wake();
    const until = this.now().monotonic + SLOT_MS;
    const { limit } = this.news;
    for (;;) {
      const at = this.now();
      const next = this.nextIn(tenure, at);
      if (next.kind === 'wait' && at.monotonic + next.ms < until) await this.rest(tenure, next.ms);
      else if (next.kind !== 'call' || this.owner.waiting(next.open) === 0 || !(await this.call(tenure, next, at))) break;
      // the back end looks at a new limit only between slots
      if (this.now().monotonic >= until || this.news.limit !== limit) break;
    }
    this.wake();
  }

  private nextIn(tenure: Tenure, at: Instant): Next {
    return tenure === this.tenure && this.mayBegin() ? this.admission.next(at) : { kind: 'closed' };
  }

  private async rest(tenure: Tenure, ms: number): Promise<void> {
    tenure.resting += 1;
    await pause(Math.ceil(ms), tenure.over.signal);
    tenure.resting -= 1;
  }

  /** Makes one call; false when there was none to make. */
  private async call(tenure: Tenure, next: Extract<Next, { kind: 'call' }>, at: Instant): Promise<boolean> {
    const ticket = this.admission.begin(at, next.open);
    tenure.lastMove = at.monotonic;
    let end: CallEnd | 'idle' = 'idle';
    try {
      end = await this.owner.start(next.open);
    } finally {
      this.admission.end(this.now(), ticket, end);
      this.news.tellBreaker();
      this.callEnded?.();
    }
    if (end === 'idle') return false;
    this.tellOwner(this.now());
    if (end.lingerMs !== undefined) await this.linger(end.lingerMs);
    return true;
  }

  /** Keeps this slot taken, also over a change of owner: it ends by itself or with its host. */
  private async linger(ms: number): Promise<void> {
    this.admission.linger();
    await pause(ms, this.gone.signal);
    this.admission.lingered();
    this.wake();
  }
}
