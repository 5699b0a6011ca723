/**
 * Runs flows: the delivery loop, retries, pushes, parking. It declares the ports (Bus, Pacer, Store) that adapters implement.
 * Read `ports/bus.ts` first, then `run.ts`.
 */
export {
  queues,
  typeMatches,
  type Bus,
  type BusState,
  type ConsumeOptions,
  type Consumer,
  type Delivery,
  type Outgoing,
  type QueueSpec,
  type QueueStatus,
  type UnroutedStatus,
} from './ports/bus.js';
export { PUSH_CLASSES, type CallEnd, type Pace, type Pacer, type PaceState, type PushClass, type PushOwner } from './ports/pacer.js';
export type {
  Claim,
  ClaimStore,
  Journal,
  JournalEntry,
  JournalKind,
  LeaseRow,
  LeaseStore,
  ParkedRun,
  ParkedState,
  ParkedStore,
  ParkedSummary,
  Store,
} from './ports/store.js';
export { holdLease, pause, LEASE_TIMES, type HeldLease, type LeaseTimes } from './lease.js';
