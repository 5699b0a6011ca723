/**
 * Runs flows: the delivery loop, retries, pushes, parking. It declares the ports (Bus, Pacer, Store) that adapters implement.
 * Read `ports/bus.ts` first, then `flow-runner.ts` and `push-runner.ts`.
 */
export {
  queues,
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
export {
  PUSH_CLASSES,
  type CallEnd,
  type Pace,
  type Pacer,
  type PaceState,
  type PushClass,
  type PushOwner,
} from './ports/pacer.js';
export { MIN_PARKED_BYTES } from './ports/store.js';
export { accountOf, parkedBytes, type ParkedAccountState } from './parked-accounts.js';
export type {
  Claim,
  ClaimStore,
  Journal,
  JournalEntry,
  JournalKind,
  LeaseRow,
  LeaseStore,
  ParkedAccount,
  ParkedRun,
  ParkedState,
  ParkedStore,
  ParkedSummary,
  Revocation,
  RevocationStore,
  Store,
} from './ports/store.js';
export { holdLease, pause, LEASE_TIMES, type HeldLease, type LeaseTimes } from './lease.js';
export { stopController } from './stop-controller.js';
export { Engine, ROLES, type EngineOptions, type EngineStatus, type Role } from './engine.js';
export { Connections, Connection, UNPACED_LIMIT, type ConnectionHealth } from './connections.js';
export { Door } from './door.js';
export type { CallReport, Observer } from './observer.js';
export type { Lent } from './services.js';
export { Parking, type ReplayOptions } from './parking.js';
export { decodeRun, encodeRun, RUN_TYPE, type RunMessage, type RunState } from './run-state.js';
export { readData } from './event-data.js';
export { maskedError } from './masked-error.js';
