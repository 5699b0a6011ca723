import {
  PUSH_CLASSES,
  holdLease,
  stopController,
  type CallEnd,
  type HeldLease,
  type LeaseStore,
  type Pace,
  type PaceState,
  type PushOwner,
} from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { type Log, pause, type Clock, type Timer } from '@sluice/plugin-api';
import { Admission, type Next } from './admission.js';
import { instantOf, type Instant } from './instant.js';
import { OwnerNotifier } from './owner-notifier.js';
import type { OpenSlots, Slots } from './slots.js';

/**
 * For this long one slot serves calls one after another, so that the round trip to the back end is paid once per slot and not once per
 * call.
 */
export const SLOT_MS = 1_000;
const TICK_MS = 500;
/** The limit is set again every this many ticks, because a flushed or restarted back end has lost it. */
const TICKS_PER_LIMIT = 2;
/** If no call began for this long although a delivery waits and may begin, the requested slots are lost. */
const STUCK_MS = 1_500;
/** Maximum time for calls in flight to end after the signal. */
const DRAIN_MS = 8_000;
/** Time for slots whose calls have ended to be released, which takes one round trip. */
const FREE_SLOTS_MS = 500;

/** Collaborators of a {@link ConnectionPace}. */
export interface PaceParts {
  readonly leases: LeaseStore;
  readonly hostId: string;
  readonly openSlots: OpenSlots;
  readonly log: Log;
  readonly clock: Clock;
}

/** The time during which this host holds the lease. */
interface Tenure {
  readonly slots: Slots;
  /** Fires at the end of the tenure: no more calls begin. */
  readonly over: AbortController;
  readonly ticking: Timer;
  /** Requested slots that have not been granted yet, as far as this host knows. */
  asked: number;
  adding: boolean;
  /** Slots that wait for the interval of the rate. */
  resting: number;
  /** When a call last began, or slots were last requested. */
  lastMove: number;
  backEnd: 'set-up' | 'up' | 'down';
  ticks: number;
}

/**
 * The pace of one connection on this host. While it holds the lease it requests slots as long as deliveries wait, and makes calls one after
 * another in each slot. The limit is enforced three times: here for calls of this host, whatever the back end has lost; by the slots over
 * all hosts, including dead ones; and by the lease, which lets one host at a time begin calls.
 */
export class ConnectionPace implements Pace {
  readonly ended: Promise<void>;
  private readonly admission: Admission;
  private readonly notifier: OwnerNotifier;
  private readonly lease: HeldLease;
  private readonly closing = new Set<Promise<void>>();
  /** Fires when slots that are still being served are abandoned. */
  private readonly giveUp = new AbortController();
  /** Fires when this pace has released everything. */
  private readonly gone = stopController();
  private tenure: Tenure | undefined;
  private looking = false;
  private alarm: Timer | undefined;
  private callEnded: (() => void) | undefined;

  constructor(
    private readonly connection: string,
    private readonly config: PaceConfig,
    private readonly owner: PushOwner,
    private readonly signal: AbortSignal,
    private readonly parts: PaceParts,
  ) {
    this.admission = new Admission(config);
    this.notifier = new OwnerNotifier(owner, this.admission);
    this.lease = holdLease(parts.leases, `pace.${connection}`, parts.hostId, {
      clock: parts.clock,
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
    // deliveries come in bunches: check once for all that arrived in this turn of the event loop
    this.parts.clock.after(0, () => {
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
      ...this.admission.opening(at),
    };
  }

  private closedBecause(at: Instant): string | undefined {
    if (!this.tenure) return 'another host owns the pace of this connection, or the database of the leases is unavailable';
    if (this.tenure.backEnd === 'down') return 'the back end of the pacer cannot be reached';
    return (
      this.admission.closedBecause(at) ??
      (this.tenure.backEnd === 'set-up' ? 'the back end of the pacer is being set up' : undefined)
    );
  }

  private now(): Instant {
    return instantOf(this.parts.clock);
  }

  private mayBegin(): boolean {
    return this.tenure !== undefined && !this.signal.aborted && this.lease.held();
  }

  private gained(epoch: number): void {
    this.parts.log.info(`pace of ${this.connection}: this host owns it now`, { epoch });
    const over = stopController();
    const tenure: Tenure = {
      slots: this.parts.openSlots({
        connection: this.connection,
        serve: () => this.serve(tenure),
        crashGraceMs: this.config.crashGraceMs,
      }),
      over,
      ticking: this.parts.clock.every(TICK_MS, () => this.tick(tenure)).unref(),
      asked: 0,
      adding: false,
      resting: 0,
      lastMove: this.now().monotonic,
      backEnd: 'set-up',
      ticks: 0,
    };
    this.tenure = tenure;
    this.notifier.begin();
    this.tick(tenure);
  }

  private lost(): void {
    if (!this.tenure) return;
    this.parts.log.info(`pace of ${this.connection}: this host no longer owns it`);
    this.endTenure(this.tenure);
  }

  /** Ends the tenure. Slots whose calls are still running stay taken until the calls end, so that a successor does not exceed the limit. */
  private endTenure(tenure: Tenure): void {
    this.tenure = undefined;
    tenure.ticking.cancel();
    this.alarm?.cancel();
    tenure.over.abort();
    const closed = tenure.slots.close(this.giveUp.signal).finally(() => this.closing.delete(closed));
    this.closing.add(closed);
    this.notifier.notifyLost();
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
    // release free slots before the lease, so that the next owner finds them
    this.parts.clock.after(FREE_SLOTS_MS, () => this.giveUp.abort());
    await Promise.all(this.closing);
  }

  private async finish(): Promise<void> {
    this.giveUp.abort();
    await Promise.all(this.closing);
    this.gone.abort();
  }

  /** Waits until the calls in flight have ended, at most `DRAIN_MS`. */
  private async callsInFlight(): Promise<void> {
    const late = new AbortController();
    const timer = this.parts.clock.after(DRAIN_MS, () => late.abort());
    while (this.admission.inFlight > 0 && !late.signal.aborted) await this.nextEnd(late.signal);
    timer.cancel();
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
    } else if (tenure.backEnd === 'down') this.parts.log.info(`pace of ${this.connection}: the back end is available again`);
    tenure.backEnd = state;
    if (state === 'up') this.wake();
  }

  /** Probes the remote system: with the connector's probe if it has one, otherwise with the next call. */
  private probe(): void {
    if (!this.owner.probe) return this.admission.beginProbe('call');
    this.admission.beginProbe('owner');
    const ended = (back: boolean) => {
      this.admission.endProbe(this.now(), back);
      this.notifier.notifyBreaker();
      if (this.tenure) this.tick(this.tenure);
    };
    this.owner.probe().then(
      () => ended(true),
      () => ended(false),
    );
  }

  private tellOwner(at: Instant): void {
    if (!this.mayBegin()) return;
    if (this.notifier.notifyLimit(at) && this.tenure) this.setLimit(this.tenure);
    this.notifier.notifyConsumption(at);
  }

  /** Requests slots as long as deliveries wait. Some slots stay ready while all are in use, so that one follows another at once. */
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
        // the back end is unavailable: the next tick requests the slots again
        () => (tenure.asked = Math.max(0, tenure.asked - count)),
      )
      .finally(() => (tenure.adding = false));
  }

  private lookIn(ms: number): void {
    this.alarm?.cancel();
    this.alarm = this.parts.clock.after(Math.ceil(ms), () => this.addSlots());
  }

  /** Serves one slot: makes calls one after another until the time of the slot is over or no call may begin. */
  private async serve(tenure: Tenure): Promise<void> {
    tenure.asked = Math.max(0, tenure.asked - 1);
    this.wake();
    const until = this.now().monotonic + SLOT_MS;
    const { limit } = this.notifier;
    for (;;) {
      const at = this.now();
      const next = this.nextIn(tenure, at);
      if (next.kind === 'wait' && at.monotonic + next.ms < until) await this.rest(tenure, next.ms);
      else if (next.kind !== 'call' || this.owner.waiting(next.open) === 0 || !(await this.call(tenure, next, at))) break;
      // the back end applies a new limit only between slots
      if (this.now().monotonic >= until || this.notifier.limit !== limit) break;
    }
    this.wake();
  }

  private nextIn(tenure: Tenure, at: Instant): Next {
    return tenure === this.tenure && this.mayBegin() ? this.admission.next(at) : { kind: 'closed' };
  }

  private async rest(tenure: Tenure, ms: number): Promise<void> {
    tenure.resting += 1;
    await pause(this.parts.clock, Math.ceil(ms), tenure.over.signal);
    tenure.resting -= 1;
  }

  /** Makes one call. Resolves with false when the owner had no call to make. */
  private async call(tenure: Tenure, next: Extract<Next, { kind: 'call' }>, at: Instant): Promise<boolean> {
    const ticket = this.admission.begin(at, next.open);
    tenure.lastMove = at.monotonic;
    let end: CallEnd | 'idle' = 'idle';
    try {
      end = await this.owner.start(next.open);
    } finally {
      this.admission.end(this.now(), ticket, end);
      this.notifier.notifyBreaker();
      this.callEnded?.();
    }
    if (end === 'idle') return false;
    this.tellOwner(this.now());
    if (end.lingerMs !== undefined) await this.linger(end.lingerMs);
    return true;
  }

  /** Keeps this slot taken after its call, also over a change of owner, until the time is over or the host ends. */
  private async linger(ms: number): Promise<void> {
    this.admission.linger();
    await pause(this.parts.clock, ms, this.gone.signal);
    this.admission.lingered();
    this.wake();
  }
}
