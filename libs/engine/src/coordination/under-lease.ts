import type { Clock } from '@sluice/plugin-api';
import { holdLease } from './lease.js';
import type { LeaseStore } from '../ports/store.js';

/**
 * Runs `work` while this host holds the lease: only one of all hosts works, and another one continues when it ends. Resolves after the
 * signal, when the work has ended. `work` must end at its own signal, which also fires when the lease is lost.
 */
export async function underLease(
  leases: LeaseStore,
  holder: string,
  name: string,
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let generation: AbortController | undefined;
  let running: Promise<void> = Promise.resolve();
  const lease = holdLease(leases, name, holder, {
    clock,
    signal,
    gained: () => {
      const own = new AbortController();
      generation = own;
      running = running.then(() => work(AbortSignal.any([own.signal, signal])));
    },
    lost: () => generation?.abort(),
    draining: () => running,
  });
  await lease.ended;
}
