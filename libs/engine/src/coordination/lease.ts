import type { LeaseStore } from '../ports/store.js';

export interface LeaseTimes {
  readonly ttlMs: number;
  readonly renewMs: number;
  /** The holder stops starting anything this long before its lease can expire. */
  readonly marginMs: number;
}

export const LEASE_TIMES: LeaseTimes = { ttlMs: 6_000, renewMs: 1_500, marginMs: 500 };

export interface HeldLease {
  /**
   * May something be started now? False as soon as the lease could be another's, by the monotonic or the wall clock, whichever has run
   * further.
   */
  held(): boolean;
  /** Resolves when the lease has been given up after the signal. */
  readonly ended: Promise<void>;
}

/**
 * Competes for a lease until the signal fires, and renews it while it is held.
 *
 * @param gained called with the epoch when the lease is ours
 * @param lost called when it is not ours any more; what was started under it must be stopped
 * @param info shown by `status`, refreshed at every renewal
 */
export function holdLease(
  leases: LeaseStore,
  name: string,
  holder: string,
  options: {
    readonly gained: (epoch: number) => void;
    readonly lost: () => void;
    readonly signal: AbortSignal;
    readonly info?: () => unknown;
    readonly times?: LeaseTimes;
    /** Awaited between the signal and the release of the lease, which is renewed meanwhile: the last work under it. */
    readonly draining?: () => Promise<void>;
  },
): HeldLease {
  const times = options.times ?? LEASE_TIMES;
  let epoch: number | undefined;
  let mayBeOurs = false;
  let until = { monotonic: 0, wall: 0 };
  const held = () => epoch !== undefined && performance.now() < until.monotonic && Date.now() < until.wall;
  const drop = () => {
    if (epoch === undefined) return;
    epoch = undefined;
    options.lost();
  };

  const renew = async (): Promise<void> => {
    const usable = times.ttlMs - times.marginMs;
    const asked = { monotonic: performance.now() + usable, wall: Date.now() + usable };
    if (epoch !== undefined && !held()) drop();
    try {
      // whatever comes of asking: without an answer it may be ours
      mayBeOurs = true;
      const now = await leases.take(name, holder, times.ttlMs, options.info?.());
      mayBeOurs = now !== undefined;
      if (now === undefined) return drop();
      // another epoch means that the lease was another's in between: what was started under the old one is not ours
      if (epoch !== undefined && epoch !== now) drop();
      until = asked;
      if (epoch === undefined && !options.signal.aborted && performance.now() < until.monotonic) {
        epoch = now;
        options.gained(now);
      }
    } catch {
      // the database is away: the lease runs out by the clock
    }
    if (epoch !== undefined && !held()) drop();
  };

  /** Renews what is held until the work has ended: nobody else may begin before. */
  const keptDuring = async (work: Promise<void> = Promise.resolve()): Promise<void> => {
    const over = new AbortController();
    const ending = work.finally(() => over.abort());
    await pause(times.renewMs, over.signal);
    while (epoch !== undefined && !over.signal.aborted) {
      await renew();
      await pause(times.renewMs, over.signal);
    }
    await ending;
  };

  const ended = (async () => {
    while (!options.signal.aborted) {
      await renew();
      await pause(times.renewMs, options.signal);
    }
    await keptDuring(options.draining?.());
    drop();
    if (mayBeOurs) await leases.release(name, holder).catch(() => undefined);
  })();
  return { held, ended };
}

/** Resolves after the time, or at once when the signal fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
