import type { PaceConfig, Priority } from '@sluice/flow';

/** A class of pushes. Each class has a share of the calls. */
export type PushClass = Priority;
/** All classes. */
export const PUSH_CLASSES: readonly PushClass[] = ['interactive', 'normal', 'bulk'];

/** The end of a call as the pace uses it. */
export interface CallEnd {
  /**
   * `ok`: the remote system answered, even with a business refusal. `overload` and `unknown` (a timeout, or a connection that broke after
   * the request was sent) lower an adaptive limit; `unavailable` counts for the breaker; `other` changes nothing.
   */
  readonly result: 'ok' | 'overload' | 'unavailable' | 'unknown' | 'other';
  /** Duration of the call in milliseconds. */
  readonly ms: number;
  /** Pause that the remote system requested, in milliseconds. No call begins before it has passed. */
  readonly retryAfterMs?: number;
  /** Milliseconds for which the slot stays taken, because the call may still run in the remote system. */
  readonly lingerMs?: number;
}

/** The part of the engine that holds the deliveries of a connection and makes its calls. */
export interface PushOwner {
  /** Returns the number of held deliveries in the open classes that could be called now. */
  waiting(open: readonly PushClass[]): number;
  /** Makes one call of one of the open classes and resolves when it has ended; `idle` when no call was waiting. Never rejects. */
  start(open: readonly PushClass[]): Promise<CallEnd | 'idle'>;
  /** Called when the limit of concurrent calls has changed: return deliveries above it and consume with a prefetch of 2 × `limit`. */
  onLimitChanged(limit: number): void;
  /** Called when this host owns the connection and calls may begin: consume. */
  onOpened(): void;
  /**
   * Called when breaker, calendar or the loss of the lease forbid calls: cancel the consumers, then return the held deliveries.
   *
   * @param until time at which calls may begin again; undefined when it is not known
   */
  onClosed(reason: 'breaker' | 'calendar' | 'lease', until?: Date): void;
  /** Called when the breaker has opened (only probes begin) or closed. Absent: the owner does not need it. */
  readonly onBreakerChanged?: (open: boolean) => void;
  /** Verifies by the connector's `check` that the remote system is available; rejects while it is not. Absent: one call is the probe. */
  readonly probe?: () => Promise<void>;
}

/** The pace of one connection, as one host sees it. */
export interface PaceState {
  /** True when this host owns the connection's pace. */
  readonly owner: boolean;
  /** Maximum concurrent calls at present. */
  readonly limit: number;
  /** Maximum concurrent calls that the settings allow. */
  readonly max: number;
  /** Calls that are open now. */
  readonly inFlight: number;
  /** Slots that calls with an unknown end still take. */
  readonly lingering: number;
  /** `closed`: calls may begin. `open`: none begins. `probing`: one call or check tests whether the remote system is available. */
  readonly breaker: 'closed' | 'open' | 'probing';
  /** Reason for people why no call begins now; absent while calls may begin. */
  readonly closedBecause?: string;
  /** Reason for people why `limit` is below `max`; absent at `max`, and when nothing prevents more calls. */
  readonly limitedBecause?: string;
  /** Time at which the breaker opened, in milliseconds since 1970. */
  readonly closedSince?: number;
  /** Time at which the calendar opens the connection again, in milliseconds since 1970; absent while it does not close it. */
  readonly opensAt?: number;
  /** Time of the next probe of an open breaker, in milliseconds since 1970. */
  readonly probeAt?: number;
}

/** The pace of one connection on this host, whether it owns the connection or competes for it. */
export interface Pace {
  /** Reports that a push began to wait. Never throws. */
  wake(): void;
  /** Returns the state. Never throws. */
  state(): PaceState;
  /** Resolves after the signal, when the calls in flight have ended (at most 8 s later) and the lease is released. */
  readonly ended: Promise<void>;
}

/**
 * Decides when the next call into a connection may begin: owner by lease, slots, adaptive limit, rate, breaker, calendar.
 * Guarantee: of all hosts only the owner begins calls, and never more at once than the limit.
 */
export interface Pacer {
  /** One word for logs and `doctor`: `redis`, `postgresql`, `memory`. */
  readonly engine: string;
  /**
   * Competes for the connection's lease. While this host holds it, calls `owner.start` whenever one more call may begin.
   *
   * @param signal ends the pace: no new call begins after it fires
   */
  own(connection: string, pace: PaceConfig, owner: PushOwner, signal: AbortSignal): Pace;
  /** Rejects with the reason when the backend cannot be used. */
  check(): Promise<void>;
  /** Closes the connection to the backend. Call it after all paces have ended. */
  close(): Promise<void>;
}
