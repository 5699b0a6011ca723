import { PUSH_CLASSES, type Pace, type Pacer, type PaceState, type PushOwner } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { systemClock, type Clock, type Timer } from '@sluice/plugin-api';

/**
 * An in-memory pacer of one host: at most `max` calls at once, with Retry-After and lingering slots. The test closes or limits a connection
 * (breaker, calendar, lease, overload) with the methods of {@link MemoryPace}.
 */
export class MemoryPacer implements Pacer {
  readonly engine = 'memory';
  private readonly paces = new Map<string, MemoryPace>();

  constructor(private readonly clock: Clock = systemClock) {}

  own(connection: string, config: PaceConfig, owner: PushOwner, signal: AbortSignal): Pace {
    const pace = new MemoryPace(config, owner, signal, this.clock);
    this.paces.set(connection, pace);
    return pace;
  }

  /** Returns the pace of a connection. Throws if the connection has no owner. */
  of(connection: string): MemoryPace {
    const pace = this.paces.get(connection);
    if (!pace) throw new Error(`the pace of ${connection} has no owner`);
    return pace;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.all([...this.paces.values()].map((pace) => pace.stop()));
  }
}

/** The pace of one connection, which the test controls. */
export class MemoryPace implements Pace {
  readonly ended: Promise<void>;
  private readonly max: number;
  private limit: number;
  private open = false;
  private inFlight = 0;
  private lingering = 0;
  private closedUntil = 0;
  private reason: string | undefined;
  private stopped = false;
  private readonly timers = new Set<Timer>();
  private resolveEnded: () => void = () => undefined;

  constructor(
    config: PaceConfig,
    private readonly owner: PushOwner,
    signal: AbortSignal,
    private readonly clock: Clock,
  ) {
    this.max = config.concurrency.max;
    this.limit = this.max;
    this.ended = new Promise((resolve) => (this.resolveEnded = resolve));
    signal.addEventListener('abort', () => void this.stop(), { once: true });
    if (signal.aborted) void this.stop();
    // an owner may be unprepared until `own` has returned
    clock.after(0, () => {
      owner.onLimitChanged(this.limit);
      this.reopen();
    });
  }

  wake(): void {
    this.clock.after(0, () => this.look());
  }

  state(): PaceState {
    const { limit, max, inFlight, lingering, reason } = this;
    const breaker = reason === 'breaker' ? 'open' : 'closed';
    return {
      owner: !this.stopped,
      limit,
      max,
      inFlight,
      lingering,
      breaker,
      ...(reason === undefined ? {} : { closedBecause: reason }),
    };
  }

  /** Sets how many calls at once the remote system accepts now. */
  setLimit(limit: number): void {
    this.limit = limit;
    this.owner.onLimitChanged(limit);
    this.look();
  }

  /** Closes the connection: no call begins, and the owner returns its deliveries. */
  shut(reason: 'breaker' | 'calendar' | 'lease', until?: Date): void {
    this.open = false;
    this.reason = reason;
    this.owner.onClosed(reason, until);
  }

  /** Opens the connection after `shut`. */
  reopen(): void {
    if (this.stopped) return;
    this.open = true;
    this.reason = undefined;
    this.owner.onOpened();
    this.look();
  }

  /** Stops the pace and resolves when the calls in flight have ended. */
  stop(): Promise<void> {
    if (!this.stopped) {
      this.stopped = true;
      for (const timer of this.timers) timer.cancel();
      this.end();
    }
    return this.ended;
  }

  private look(): void {
    const wait = this.closedUntil - this.clock.monotonic();
    if (wait > 0) return;
    while (this.open && !this.stopped && this.inFlight + this.lingering < this.limit && this.owner.waiting(PUSH_CLASSES) > 0) {
      const before = this.owner.waiting(PUSH_CLASSES);
      void this.call();
      // the owner had no call to make after all
      if (this.owner.waiting(PUSH_CLASSES) === before) return;
    }
  }

  /** Checks the calls again once Retry-After has passed. A timer of Node may fire up to a millisecond before its time, and no other event follows then. */
  private checkAfterPause(): void {
    const wait = this.closedUntil - this.clock.monotonic();
    if (wait > 0) this.later(Math.ceil(wait), () => this.checkAfterPause());
    else this.look();
  }

  private async call(): Promise<void> {
    this.inFlight += 1;
    const end = await this.owner.start(PUSH_CLASSES);
    this.inFlight -= 1;
    if (end !== 'idle' && end.retryAfterMs !== undefined) {
      this.closedUntil = this.clock.monotonic() + end.retryAfterMs;
      this.checkAfterPause();
    }
    if (end !== 'idle' && end.lingerMs !== undefined) this.linger(end.lingerMs);
    this.end();
    if (end !== 'idle') this.look();
  }

  private linger(ms: number): void {
    this.lingering += 1;
    this.later(ms, () => {
      this.lingering -= 1;
      this.look();
    });
  }

  /** Sets a timer that ends with the pace. */
  private later(ms: number, run: () => void): void {
    const timer = this.clock.after(ms, () => {
      this.timers.delete(timer);
      run();
    });
    this.timers.add(timer);
  }

  private end(): void {
    if (!this.stopped || this.inFlight > 0) return;
    if (this.open) this.shut('lease');
    this.resolveEnded();
  }
}
