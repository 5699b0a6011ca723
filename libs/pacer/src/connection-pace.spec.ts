import { systemClock } from '@sluice/plugin-api';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CallEnd, LeaseStore, PushClass, PushOwner } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { ConnectionPace } from './connection-pace.js';
import type { OpenSlots, SlotOptions } from './slots.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const ok: CallEnd = { result: 'ok', ms: 10 };
const away: CallEnd = { result: 'unavailable', ms: 1 };

/** A lease that the test can transfer to another host. */
class FakeLeases implements LeaseStore {
  other = false;
  released = 0;
  take = () => Promise.resolve(this.other ? undefined : 1);
  release = () => Promise.resolve(void this.released++);
  list = () => Promise.resolve([]);
}

/** A back end that grants every slot at once, up to the current limit. */
class FakeSlots {
  limit = 0;
  asked = 0;
  limitsSet = 0;
  down = false;
  lossy = false;
  closed = 0;
  private ready = 0;
  private served = 0;

  readonly open: OpenSlots = (options) => ({
    setLimit: async (limit) => {
      if (this.down) throw new Error('away');
      this.limit = limit;
      this.limitsSet += 1;
      this.grant(options);
    },
    add: async (count) => {
      if (this.down) throw new Error('away');
      this.asked += count;
      if (!this.lossy) this.ready += count;
      this.grant(options);
    },
    close: async () => void this.closed++,
  });

  private grant(options: SlotOptions): void {
    while (this.ready > 0 && this.served < this.limit) {
      this.ready -= 1;
      this.served += 1;
      void options.serve().then(() => {
        this.served -= 1;
        this.grant(options);
      });
    }
  }
}

/** An owner with deliveries of one class each, whose calls end when the test ends them. */
class FakeOwner implements PushOwner {
  held: PushClass[] = [];
  readonly calls: ((end: CallEnd) => void)[] = [];
  readonly told: string[] = [];
  started = 0;
  probe?: () => Promise<void>;

  waiting(open: readonly PushClass[]): number {
    return this.held.filter((name) => open.includes(name)).length;
  }

  start(open: readonly PushClass[]): Promise<CallEnd | 'idle'> {
    const next = this.held.findIndex((name) => open.includes(name));
    if (next < 0) return Promise.resolve('idle');
    this.held.splice(next, 1);
    this.started += 1;
    return new Promise((resolve) => this.calls.push(resolve));
  }

  onLimitChanged = (limit: number) => void this.told.push(`limit ${limit}`);
  onOpened = () => void this.told.push('opened');
  onClosed = (reason: string) => void this.told.push(`closed ${reason}`);
  readonly breaker: boolean[] = [];
  onBreakerChanged = (open: boolean) => void this.breaker.push(open);
}

const paceOf = (config: Partial<PaceConfig> = {}): PaceConfig => ({
  concurrency: { start: 2, max: 2, adaptive: false },
  latencyTargetMs: 1_000,
  shares: { interactive: 60, normal: 30, bulk: 10 },
  breaker: { failures: 1, withinMs: 30_000, probeMs: 5_000 },
  crashGraceMs: 10_000,
  calendar: [],
  timezone: 'UTC',
  ...config,
});

describe('ConnectionPace', () => {
  let leases: FakeLeases;
  let slots: FakeSlots;
  let owner: FakeOwner;
  let stop: AbortController;
  let pace: ConnectionPace;

  beforeEach(() => {
    jest.useFakeTimers({ now: Date.parse('2026-03-02T12:00Z') });
    leases = new FakeLeases();
    slots = new FakeSlots();
    owner = new FakeOwner();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    owner.calls.forEach((end) => end(ok));
    await pass(9_000);
    jest.useRealTimers();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  async function own(config?: Partial<PaceConfig>): Promise<void> {
    pace = new ConnectionPace('erp', paceOf(config), owner, stop.signal, {
      leases,
      hostId: 'one',
      openSlots: slots.open,
      log: silent,
      clock: systemClock,
    });
    await pass(10);
  }

  async function hold(count: number, name: PushClass = 'normal'): Promise<void> {
    owner.held.push(...Array<PushClass>(count).fill(name));
    pace.wake();
    await pass(1);
  }

  /** Ends the oldest open call. */
  async function end(how: CallEnd = ok): Promise<void> {
    owner.calls.shift()?.(how);
    await pass(1);
  }

  it('reports the limit and consumes once the lease is held', async () => {
    leases.other = true;
    await own();
    expect(owner.told).toEqual([]);
    expect(pace.state()).toMatchObject({ owner: false, inFlight: 0 });
    leases.other = false;
    await pass(1_500);
    expect(owner.told).toEqual(['limit 2', 'opened']);
    expect(pace.state()).toEqual({ owner: true, limit: 2, max: 2, inFlight: 0, lingering: 0, breaker: 'closed' });
  });

  it('keeps at most the limit of calls open, and begins the next one when one ends', async () => {
    await own();
    await hold(5);
    expect(owner.started).toBe(2);
    await end();
    expect(owner.started).toBe(3);
    expect(pace.state().inFlight).toBe(2);
  });

  it('serves many calls in one slot', async () => {
    await own({ concurrency: { start: 1, max: 1, adaptive: false } });
    await hold(50);
    for (let n = 0; n < 50; n++) await end();
    expect(owner.started).toBe(50);
    expect(slots.asked).toBeLessThanOrEqual(3);
  });

  it('requests no slot while no delivery waits', async () => {
    await own();
    await pass(10_000);
    expect(slots.asked).toBe(0);
  });

  it('sets the limit again every second, for a back end that was flushed', async () => {
    await own();
    const before = slots.limitsSet;
    await pass(10_000);
    expect(slots.limitsSet - before).toBe(10);
  });

  it('requests lost slots again', async () => {
    await own();
    slots.lossy = true;
    await hold(2);
    expect([slots.asked, owner.started]).toEqual([2, 0]);
    slots.lossy = false;
    await pass(2_500);
    expect(owner.started).toBe(2);
  });

  it('does not mistake long calls for lost slots', async () => {
    await own();
    await hold(10);
    const { asked } = slots;
    await pass(60_000);
    expect(slots.asked).toBe(asked);
  });

  it('continues when the back end is available again, and reports in the meantime why it stands still', async () => {
    await own();
    slots.down = true;
    await hold(1);
    await pass(2_000);
    expect(owner.started).toBe(0);
    expect(pace.state().closedBecause).toBe('the back end of the pacer cannot be reached');
    slots.down = false;
    await pass(2_000);
    expect(owner.started).toBe(1);
    expect(pace.state().closedBecause).toBeUndefined();
  });

  it('begins no call after another host took the lease, and counts running calls when it has the lease again', async () => {
    await own();
    await hold(5);
    leases.other = true;
    await pass(1_500);
    expect(owner.told.at(-1)).toBe('closed lease');
    expect(slots.closed).toBe(1);
    await end();
    expect(owner.started).toBe(2);
    leases.other = false;
    await pass(2_000);
    expect(owner.started).toBe(3);
    expect(pace.state().inFlight).toBe(2);
  });

  it('begins no call when the lease could not be renewed in time', async () => {
    await own();
    leases.take = () => Promise.reject(new Error('the database is unavailable'));
    await pass(5_600);
    await hold(1);
    expect(owner.started).toBe(0);
  });

  it('keeps the slot of a call that may still run in the remote system', async () => {
    await own();
    await hold(3);
    await end({ result: 'unknown', ms: 10, lingerMs: 5_000 });
    expect(pace.state()).toMatchObject({ inFlight: 1, lingering: 1 });
    await pass(4_900);
    expect(owner.started).toBe(2);
    await pass(200);
    expect(owner.started).toBe(3);
  });

  it('reports a changed limit to the owner and to the back end', async () => {
    await own({ concurrency: { start: 4, max: 4, adaptive: true } });
    await hold(4);
    await end({ result: 'overload', ms: 10 });
    expect(owner.told.at(-1)).toBe('limit 1');
    expect(slots.limit).toBe(1);
    await hold(4);
    expect(owner.started).toBe(4);
  });

  it('spaces calls by the rate', async () => {
    await own({ rate: { count: 1, perMs: 3_000 } });
    await hold(3);
    expect(owner.started).toBe(1);
    await pass(2_900);
    expect(owner.started).toBe(1);
    await pass(200);
    expect(owner.started).toBe(2);
  });

  it('wakes up for a class that its own rate held back', async () => {
    const bulk = { from: 0, to: 1_440, priority: 'bulk', rate: { count: 1, perMs: 10_000 } } as const;
    await own({ calendar: [bulk] });
    await hold(2, 'bulk');
    expect(owner.started).toBe(1);
    await pass(9_900);
    expect(owner.started).toBe(1);
    await pass(100);
    expect(owner.started).toBe(2);
  });

  it('begins no call before the end of Retry-After', async () => {
    await own();
    await hold(1);
    await end({ result: 'overload', ms: 1, retryAfterMs: 20_000 });
    await hold(2);
    await pass(19_500);
    expect(owner.started).toBe(1);
    await pass(600);
    expect(owner.started).toBe(3);
  });

  it('returns deliveries when the breaker has been open for 60 s, and not before', async () => {
    owner.probe = () => Promise.reject(new Error('still away'));
    await own();
    await hold(4);
    await end(away);
    await end(away);
    expect(pace.state().breaker).toBe('open');
    await pass(59_000);
    expect(owner.told).toEqual(['limit 2', 'opened']);
    expect(owner.started).toBe(2);
    await pass(1_500);
    expect(owner.told.at(-1)).toBe('closed breaker');
  });

  it('consumes and calls again when the probe of the connector succeeds', async () => {
    let back = false;
    owner.probe = () => (back ? Promise.resolve() : Promise.reject(new Error('still away')));
    await own();
    await hold(3);
    await end(away);
    await end(away);
    await pass(70_000);
    back = true;
    await pass(5_500);
    expect(owner.told.slice(-2)).toEqual(['closed breaker', 'opened']);
    expect(owner.breaker).toEqual([true, false]);
    expect(owner.started).toBe(3);
  });

  it('admits one call per probe interval when the connector has no probe', async () => {
    await own();
    await hold(6);
    await end(away);
    await end(away);
    expect(owner.started).toBe(2);
    await pass(5_500);
    expect(owner.started).toBe(3);
    await end(away);
    await pass(5_500);
    expect(owner.started).toBe(4);
    await end(ok);
    await pass(1_000);
    expect([owner.started, pace.state().breaker]).toEqual([6, 'closed']);
    // reported once for each change, not for each probe
    expect(owner.breaker).toEqual([true, false]);
  });

  it('consumes for the single call of a probe after all deliveries were returned', async () => {
    await own();
    await hold(50);
    await end(away);
    for (let probes = 0; probes < 12; probes++) {
      await end(away);
      await pass(5_500);
    }
    await end(away);
    expect(owner.told.at(-1)).toBe('closed breaker');
    await pass(5_500);
    expect(owner.told.at(-1)).toBe('opened');
    await end(away);
    expect(owner.told.at(-1)).toBe('closed breaker');
  });

  it('returns deliveries when a window closes the connection, lets calls end, and consumes when it opens', async () => {
    const window = { from: 12 * 60 + 1, to: 12 * 60 + 2, concurrency: 0, reason: 'exchange' };
    await own({ calendar: [window] });
    await hold(3);
    await pass(60_000);
    expect(owner.told.at(-1)).toBe('closed calendar');
    expect(pace.state()).toMatchObject({ limit: 0, inFlight: 2, closedBecause: 'exchange, until 2026-03-02T12:02:00.000Z' });
    await end();
    expect(owner.started).toBe(2);
    await pass(60_000);
    expect(owner.told.at(-1)).toBe('opened');
    expect(owner.started).toBe(3);
  });

  it('waits at a stop for calls in flight, begins no more, returns deliveries and releases the lease', async () => {
    await own();
    await hold(3);
    stop.abort();
    await pass(3_000);
    expect([owner.started, leases.released, pace.state().owner]).toEqual([2, 0, false]);
    await end();
    await end();
    expect(owner.told.at(-1)).toBe('closed lease');
    expect(leases.released).toBe(1);
    await pace.ended;
  });

  it('releases the lease 8 s after the stop even if calls have not ended', async () => {
    await own();
    await hold(1);
    stop.abort();
    await pass(7_900);
    expect(leases.released).toBe(0);
    await pass(700);
    expect(leases.released).toBe(1);
  });
});
