/**
 * Runs flows: takes events from queues, executes steps, makes calls, and parks failed runs. It declares the ports `Bus`, `Pacer` and
 * `Store` that adapters implement. Read `ports/bus.ts` first, then `runs/flow-runner.ts`, `runs/steps.ts`, `calls/call-executor.ts` and
 * `pushes/push-runner.ts`. Each folder has a README of one paragraph.
 */
export {
  queues,
  type Bus,
  type BusState,
  type ConsumeOptions,
  type Consumer,
  type Delivery,
  type Outgoing,
  type QueueOwnership,
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
export { CLOSED_LOOP_KEPT_MS, OPEN_LOOP_KEPT_MS, type ItemEnd, type LoopKey, type LoopStore } from './ports/loops.js';
export { HEARTBEAT_MS, MAX_HEARTBEAT_AGE_MS, type HostReport, type HostRow, type HostStore } from './ports/hosts.js';
export {
  MAX_TURN_BYTES,
  type HeldEvent,
  type HeldStart,
  type LaneCount,
  type LaneOwner,
  type LaneRow,
  type LaneRun,
  type LaneStore,
  type LaneTurn,
  type LaneWait,
  type LaneWrites,
  type RunPass,
} from './ports/lanes.js';
export {
  MAX_RECORDED_BYTES,
  RECORD_BYTES,
  type RecordKind,
  type RecordStore,
  type StepRecord,
  type TrimmedRecords,
} from './ports/records.js';
export {
  REVISION_KEPT_MS,
  type FlowRevision,
  type RevisionStore,
  type RevisionSummary,
  type StoredRevision,
} from './ports/revisions.js';
export { MAX_PLANNED_AHEAD_MS, type ScheduleRow, type ScheduleSpec, type ScheduleStore } from './ports/schedules.js';
export { END_KINDS, MAX_AUDIT_TEXT_LENGTH, MIN_PARKED_BYTES, STATE_KINDS } from './ports/store.js';
export { accountOf, parkedBytes, type ParkedAccountUsage } from './parking/parked-quota.js';
export type {
  AuditAction,
  AuditRow,
  AuditStore,
  Claim,
  ClaimStore,
  Journal,
  JournalEntry,
  JournalKind,
  JournalPosition,
  LeaseRow,
  LeaseStore,
  ParkedAccount,
  ParkedFilter,
  ParkedGroup,
  ParkedPage,
  ParkedPosition,
  ParkedRun,
  ParkedState,
  ParkedStore,
  ParkedSummary,
  Replay,
  Revocation,
  RevocationStore,
  RunFilter,
  RunStateKind,
  Store,
  StoreRetention,
  WaitingFor,
} from './ports/store.js';
export { holdLease, LEASE_TIMES, type HeldLease, type LeaseTimes } from './coordination/lease.js';
export { laneOf } from './lanes/lane-key.js';
export { stopController } from './coordination/stop-controller.js';
export { Engine, ROLES, type EngineOptions, type EngineStatus, type Role, type WorkspaceChanges } from './engine.js';
export type { FlowChanges } from './deployment/host-flows.js';
export type { CompileRevision } from './runs/programs.js';
export { Connection, UNPACED_LIMIT, type ConnectionHealth } from './calls/connection.js';
export { Connections } from './calls/connections.js';
export { EventIngress } from './ingress/event-ingress.js';
export type { CallReport, EndedRun, Observer, StepChange, StepReport } from './observer.js';
export type { HostCapabilities } from './services.js';
export { Parking, readParkedRun, type ReplayOptions } from './parking/parking.js';
export { handlerAttemptOf, withHandlerAttempt, type HandlerAttempt } from './parking/handler-attempt.js';
export { sourceOfParked, type ParkedSource } from './parking/parked-source.js';
export { decodeRun, encodeRun, RUN_STATE_VERSION, RUN_TYPE } from './runs/run-codec.js';
export { type RunMessage, type RunState } from './runs/run-state.js';
export { noteMatches, parseNoteQuery, searchWordsOf, type NoteQueryTerm } from './runs/note-search.js';
export { compareStates, isStateKind, lastState } from './runs/last-state.js';
export { returnMessage } from './runs/called-runs.js';
export { stepIdOf, type StepPath } from './runs/step-path.js';
export { readData } from './runs/event-data.js';
export { maskedError } from './masked-error.js';
export { chain, type MaybePromise } from './maybe-promise.js';
export { SecretFields } from './recording/secret-fields.js';
