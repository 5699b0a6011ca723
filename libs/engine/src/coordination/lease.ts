import { pause, type Clock } from '@sluice/plugin-api';
import type { LeaseStore } from '../ports/store.js';

export interface LeaseTimes {
  readonly ttlMs: number;
  readonly renewMs: number;
  /** Milliseconds before the expiry of its lease at which the holder starts no more work. */
  readonly marginMs: number;
}

export const LEASE_TIMES: LeaseTimes = { ttlMs: 6_000, renewMs: 1_500, marginMs: 500 };

export interface HeldLease {
  /**
   * True while work may start. False as soon as another holder could have the lease, by the monotonic or the wall clock, whichever is
   * ahead.
   */
  held(): boolean;
  /** Resolves when the lease is released after the signal. */
  readonly ended: Promise<void>;
}

/**
 * Competes for a lease until the signal fires, and renews it while it is held.
 *
 * @param gained called with the epoch when this host has the lease
 * @param lost called when this host no longer has the lease: all work under it must stop
 * @param info shown by `status`, refreshed at every renewal
 */
export function holdLease(
  leases: LeaseStore,
  name: string,
  holder: string,
  options: {
    readonly gained: (epoch: number) => void;
    readonly lost: () => void;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly info?: () => unknown;
    readonly times?: LeaseTimes;
    /** The last work under the lease. Awaited after the signal, before the release; the lease is renewed during it. */
    readonly draining?: () => Promise<void>;
  },
): HeldLease {
  const { clock, times = LEASE_TIMES } = options;
  let epoch: number | undefined;
  let mayBeOurs = false;
  let until = { monotonic: 0, wall: 0 };
  const held = () => epoch !== undefined && clock.monotonic() < until.monotonic && clock.now() < until.wall;
  const drop = () => {
    if (epoch === undefined) return;
    epoch = undefined;
    options.lost();
  };

  const renew = async (): Promise<void> => {
    const usable = times.ttlMs - times.marginMs;
    const asked = { monotonic: clock.monotonic() + usable, wall: clock.now() + usable };
    if (epoch !== undefined && !held()) drop();
    try {
      // also without an answer: this host may have the lease
      mayBeOurs = true;
      const now = await leases.take(name, holder, times.ttlMs, options.info?.());
      mayBeOurs = now !== undefined;
      if (now === undefined) return drop();
      // another epoch means that another holder had the lease in between: work under the old epoch must stop
      if (epoch !== undefined && epoch !== now) drop();
      until = asked;
      if (epoch === undefined && !options.signal.aborted && clock.monotonic() < until.monotonic) {
        epoch = now;
        options.gained(now);
      }
    } catch {
      // the database is unavailable: the lease expires by the clock
    }
    if (epoch !== undefined && !held()) drop();
  };

  /** Renews the lease until the work has ended: no other host may begin before. */
  const keptDuring = async (work: Promise<void> = Promise.resolve()): Promise<void> => {
    const over = new AbortController();
    const ending = work.finally(() => over.abort());
    await pause(clock, times.renewMs, over.signal, { ref: false });
    while (epoch !== undefined && !over.signal.aborted) {
      await renew();
      await pause(clock, times.renewMs, over.signal, { ref: false });
    }
    await ending;
  };

  const ended = (async () => {
    while (!options.signal.aborted) {
      await renew();
      await pause(clock, times.renewMs, options.signal, { ref: false });
    }
    await keptDuring(options.draining?.());
    drop();
    if (mayBeOurs) await leases.release(name, holder).catch(() => undefined);
  })();
  return { held, ended };
}
