import type { PaceConfig, Priority } from '@sluice/flow';

export type PushClass = Priority;
export const PUSH_CLASSES: readonly PushClass[] = ['interactive', 'normal', 'bulk'];

/** How a call ended, as far as the pace cares. */
export interface CallEnd {
  /**
   * `ok`: answered, also when the answer was a business refusal. `overload` and `unknown` (timed out, or the connection broke after the
   * request had left) lower an adaptive limit; `unavailable` counts for the breaker; `other` changes nothing.
   */
  readonly result: 'ok' | 'overload' | 'unavailable' | 'unknown' | 'other';
  /** How long the call took. */
  readonly ms: number;
  /** What the other side asked for: nothing begins before. */
  readonly retryAfterMs?: number;
  /** Keep the slot taken for so long: the call may still run on the other side. */
  readonly lingerMs?: number;
}

/** The engine's side of a pace: it holds the deliveries of the connection. */
export interface PushOwner {
  /** Deliveries held now that could be called, in classes that are open. */
  waiting(open: readonly PushClass[]): number;
  /** Makes one call, of one of the classes that are open now; resolves when the call has ended. `idle`: there was none to make. Never rejects. */
  start(open: readonly PushClass[]): Promise<CallEnd | 'idle'>;
  /** The limit has changed: hand back what no longer fits, consume with a prefetch of 2 × `limit`. */
  onLimitChanged(limit: number): void;
  /** This host owns the connection now, and it is open: consume. */
  onOpened(): void;
  /** Breaker, calendar, or the lease went to another host: cancel the consumers, then hand back what is held. */
  onClosed(reason: 'breaker' | 'calendar' | 'lease', until?: Date): void;
  /** The breaker has opened (nothing begins but a probe now and then), or has closed again. Absent: nobody wants to know. */
  readonly onBreakerChanged?: (open: boolean) => void;
  /** Asks the other side whether it is back, when the connector can (its `check`). Rejects while it is not. Absent: one call is let through. */
  readonly probe?: () => Promise<void>;
}

export interface PaceState {
  /** Does this host own the connection's pace? */
  readonly owner: boolean;
  /** Calls at once that are allowed now. */
  readonly limit: number;
  readonly max: number;
  readonly inFlight: number;
  /** Slots kept taken by calls whose end is unknown. */
  readonly lingering: number;
  readonly breaker: 'closed' | 'open' | 'probing';
  /** Why nothing begins now, for people; absent while it is open. */
  readonly closedBecause?: string;
  /** Why `limit` is below `max`, for people; absent at `max`, and while nothing stands against more calls. */
  readonly limitedBecause?: string;
  /** Unix milliseconds since when the breaker is open, as far as the engine knows. */
  readonly closedSince?: number;
}

export interface Pace {
  /** Something began to wait: look again. */
  wake(): void;
  state(): PaceState;
  /** Resolves when the signal has fired, calls in flight have ended (or 8 s have passed) and the lease is given up. */
  readonly ended: Promise<void>;
}

/**
 * Decides when the next call into a connection may begin: owner by lease, slots, adaptive limit, rate, breaker, calendar.
 * Over all hosts the owner alone begins calls, and never more at once than the limit.
 */
export interface Pacer {
  /** One word for logs and `doctor`: `redis`, `postgresql`, `memory`. */
  readonly engine: string;
  /** Competes for the connection's lease, and while it is held calls `owner.start` whenever one more call may begin. */
  own(connection: string, pace: PaceConfig, owner: PushOwner, signal: AbortSignal): Pace;
  /** Rejects when the back end cannot be used, saying why. */
  check(): Promise<void>;
  close(): Promise<void>;
}
