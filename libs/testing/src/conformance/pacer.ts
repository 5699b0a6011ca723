import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnd, Pace, Pacer, PushClass, PushOwner } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { until } from './inbox.js';

/** One back end, and the pacers that use it. */
export interface PacerHarness {
  /** Opens the pacer of one more host. The suite closes it. */
  open(): Promise<Pacer>;
  /** Stops the back end. */
  close(): Promise<void>;
}

/** Capabilities of a pacer, on which some tests depend. */
export interface PacerTraits {
  /** Whether several hosts can compete for a connection. */
  readonly hosts: boolean;
  /** Whether the pacer itself adapts the limit, keeps a rate, opens a breaker and applies the calendar. */
  readonly policy: boolean;
}

const LIMIT = 3;
const ok: CallEnd = { result: 'ok', ms: 1 };

/**
 * Registers the tests that every `Pacer` must pass while its hosts live. Tests with dying hosts need processes and are elsewhere.
 *
 * @param name the adapter, for the title of the suite.
 * @param start starts the back end.
 */
export function pacerConformance(name: string, traits: PacerTraits, start: () => Promise<PacerHarness>): void {
  describe(`Pacer: ${name}`, () => {
    let harness: PacerHarness;
    let pacers: Pacer[];
    let pushes: Pushes;
    let stop: AbortController;
    let connection: string;

    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness?.close());
    beforeEach(() => {
      pacers = [];
      pushes = new Pushes();
      stop = new AbortController();
      connection = `c${randomUUID().slice(0, 8)}`;
    });
    afterEach(async () => {
      pushes.endAll();
      await Promise.all(pacers.map((pacer) => pacer.close()));
    });

    async function own(
      config: Partial<PaceConfig> = {},
      signal = stop.signal,
    ): Promise<{ pacer: Pacer; pace: Pace; host: Host }> {
      const pacer = await harness.open();
      pacers.push(pacer);
      const host = new Host(pushes);
      const pace = pacer.own(connection, paceOf(config), host, signal);
      host.wake = () => pace.wake();
      return { pacer, pace, host };
    }
    const opened = (host: Host) => until('the host to own the connection', () => host.consuming);
    const done = (count: number) => until(`${count} calls to be made`, () => pushes.done === count);

    it('resolves check when it can be used', async () => {
      const { pacer } = await own();
      await expect(pacer.check()).resolves.toBeUndefined();
    });

    it('makes every waiting call, and never more at once than the limit', async () => {
      pushes.endBy = () => ok;
      pushes.add(60);
      const { host } = await own();
      await opened(host);
      await done(60);
      expect(pushes.peak).toBe(LIMIT);
    });

    it('makes calls that are added later', async () => {
      pushes.endBy = () => ok;
      const { host } = await own();
      await opened(host);
      for (let count = 1; count <= 5; count++) {
        pushes.add(1);
        await done(count);
      }
    });

    it('reports the limit before it lets the owner consume', async () => {
      const { host } = await own();
      await opened(host);
      expect(host.told.slice(0, 2)).toEqual([`limit ${LIMIT}`, 'opened']);
    });

    it('returns the calls in flight in its state', async () => {
      pushes.add(2);
      const { host, pace } = await own();
      await opened(host);
      await until('two calls to run', () => pushes.open === 2);
      expect(pace.state()).toEqual({ owner: true, limit: LIMIT, max: LIMIT, inFlight: 2, lingering: 0, breaker: 'closed' });
    });

    it('begins no call before the end of Retry-After', async () => {
      let askedAt = Infinity;
      pushes.endBy = () => {
        if (askedAt < Infinity) return ok;
        askedAt = performance.now();
        return { result: 'overload', ms: 1, retryAfterMs: 400 };
      };
      const { host } = await own();
      await opened(host);
      pushes.add(1);
      await done(1);
      pushes.add(1);
      await done(2);
      expect(pushes.lastStart - askedAt).toBeGreaterThanOrEqual(400);
    });

    it('keeps the slot of a call that may still run in the remote system', async () => {
      pushes.add(LIMIT + 1);
      const { host, pace } = await own();
      await opened(host);
      await until('all slots to be in use', () => pushes.open === LIMIT);
      pushes.end({ result: 'other', ms: 1, lingerMs: 500 });
      await until('the slot to linger', () => pace.state().lingering === 1);
      expect(pace.state().inFlight).toBe(LIMIT - 1);
      await until('the next call', () => pushes.open === LIMIT);
      expect(pace.state().lingering).toBe(0);
    });

    it('makes no call after the signal, waits for calls in flight, and lets the owner return its deliveries', async () => {
      pushes.add(10);
      const { host, pace } = await own();
      await opened(host);
      await until('all slots to be in use', () => pushes.open === LIMIT);
      stop.abort();
      let ended = false;
      void pace.ended.then(() => (ended = true));
      pushes.end(ok);
      await until('one call to be done', () => pushes.done === 1);
      expect([ended, pushes.open]).toEqual([false, LIMIT - 1]);
      pushes.end(ok);
      pushes.end(ok);
      await pace.ended;
      expect(host.consuming).toBe(false);
      expect([pushes.started, pace.state().owner]).toEqual([LIMIT, false]);
    });

    it('stops every pace when it is closed', async () => {
      const { host, pacer, pace } = await own();
      await opened(host);
      await pacer.close();
      await pace.ended;
      expect(host.consuming).toBe(false);
    });

    if (traits.hosts) {
      it('lets one host own a connection, and the next host when it stops, without losing a push', async () => {
        pushes.endBy = () => ok;
        const first = await own();
        await opened(first.host);
        const second = await own({}, new AbortController().signal);
        pushes.add(30);
        await done(30);
        expect(second.host.consuming).toBe(false);
        stop.abort();
        await first.pace.ended;
        pushes.add(30);
        await opened(second.host);
        await done(60);
        expect(pushes.peak).toBeLessThanOrEqual(LIMIT);
      });
    }

    if (traits.policy) {
      it('cuts an adaptive limit on overload, and reports it', async () => {
        pushes.add(1);
        const { host, pace } = await own({ concurrency: { start: 4, max: 4, adaptive: true } });
        await opened(host);
        await until('the call', () => pushes.open === 1);
        pushes.end({ result: 'overload', ms: 1 });
        await until('the limit to be reported', () => host.told.at(-1) === 'limit 1');
        expect(pace.state().limit).toBe(1);
      });

      it('keeps the rate', async () => {
        pushes.endBy = () => ok;
        pushes.add(6);
        const { host } = await own({ rate: { count: 10, perMs: 1_000 } });
        await opened(host);
        await done(6);
        // five times 100 ms, less the slack for late timers
        expect(pushes.lastStart - pushes.firstStart).toBeGreaterThanOrEqual(470);
      });

      it('begins no call while the breaker is open, and continues when the remote system is back', async () => {
        let back = false;
        pushes.endBy = () => (back ? ok : { result: 'unavailable', ms: 1 });
        pushes.add(20);
        const { host, pace } = await own({ breaker: { failures: 2, withinMs: 30_000, probeMs: 300 } });
        host.probe = () => (back ? Promise.resolve() : Promise.reject(new Error('still away')));
        await opened(host);
        await until('the breaker to open', () => pace.state().breaker !== 'closed');
        await until('calls in flight to end', () => pushes.open === 0);
        const { started } = pushes;
        expect(pace.state().closedBecause).toContain('could not be reached');
        back = true;
        await done(20);
        expect(started).toBeLessThanOrEqual(1 + LIMIT);
      });

      it('begins no call in a window that closes the connection, and reports the reason', async () => {
        const window = { from: 0, to: 1_440, concurrency: 0, reason: 'closing of the month' };
        pushes.add(1);
        const { host, pace } = await own({ calendar: [window], timezone: 'UTC' });
        await until('the owner to be notified', () => host.told.includes('closed calendar'));
        expect(pace.state().closedBecause).toBe('closing of the month');
        expect([host.consuming, pushes.started]).toEqual([false, 0]);
      });

      it('does not offer a class that a window closes', async () => {
        pushes.endBy = () => ok;
        const { host } = await own({ calendar: [{ from: 0, to: 1_440, priority: 'bulk', concurrency: 0 }], timezone: 'UTC' });
        await opened(host);
        pushes.add(1);
        await done(1);
        expect(pushes.offered).toEqual(['interactive', 'normal']);
      });
    }
  });
}

function paceOf(config: Partial<PaceConfig>): PaceConfig {
  return {
    concurrency: { start: LIMIT, max: LIMIT, adaptive: false },
    latencyTargetMs: 1_000,
    shares: { interactive: 60, normal: 30, bulk: 10 },
    breaker: { failures: 100, withinMs: 30_000, probeMs: 5_000 },
    crashGraceMs: 10_000,
    calendar: [],
    ...config,
  };
}

/** The pushes of one connection and the remote system, which all hosts of a test share. */
class Pushes {
  /** Ends calls automatically; without it the test calls `end`. */
  endBy: (() => CallEnd) | undefined;
  waiting = 0;
  done = 0;
  started = 0;
  peak = 0;
  firstStart = 0;
  lastStart = 0;
  offered: readonly PushClass[] = [];
  readonly hosts: Host[] = [];
  private readonly calls: ((end: CallEnd) => void)[] = [];

  get open(): number {
    return this.calls.length;
  }

  add(count: number): void {
    this.waiting += count;
    for (const host of this.hosts) host.wake();
  }

  async call(offered: readonly PushClass[]): Promise<CallEnd> {
    this.waiting -= 1;
    this.started += 1;
    this.offered = offered;
    this.lastStart = performance.now();
    this.firstStart ||= this.lastStart;
    const ended = new Promise<CallEnd>((resolve) => this.calls.push(resolve));
    this.peak = Math.max(this.peak, this.open);
    if (this.endBy) setTimeout(() => this.end(this.endBy?.() ?? ok), 2);
    const end = await ended;
    if (end.result === 'unavailable') this.waiting += 1;
    else this.done += 1;
    return end;
  }

  /** Ends the oldest call. */
  end(how: CallEnd): void {
    this.calls.shift()?.(how);
  }

  endAll(): void {
    this.endBy = () => ok;
    while (this.open > 0) this.end(ok);
  }
}

class Host implements PushOwner {
  readonly told: string[] = [];
  consuming = false;
  wake: () => void = () => undefined;
  probe?: () => Promise<void>;

  constructor(private readonly pushes: Pushes) {
    pushes.hosts.push(this);
  }

  waiting(open: readonly PushClass[]): number {
    return this.consuming && open.includes('normal') ? this.pushes.waiting : 0;
  }

  start(open: readonly PushClass[]): Promise<CallEnd | 'idle'> {
    return this.waiting(open) > 0 ? this.pushes.call(open) : Promise.resolve('idle');
  }

  onLimitChanged(limit: number): void {
    this.told.push(`limit ${limit}`);
  }

  onOpened(): void {
    this.consuming = true;
    this.told.push('opened');
    this.wake();
  }

  onClosed(reason: string): void {
    this.consuming = false;
    this.told.push(`closed ${reason}`);
  }
}
