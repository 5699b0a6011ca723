import type { Bearer, Recipients } from '@sluice/plugin-api';
import type { EventContent, MailboxEvent } from './mailbox-event.js';

/** An event to be put into the mailbox of a user. */
export interface NewMailboxEvent {
  readonly user: string;
  readonly content: EventContent;
  readonly keepForMs: number;
  readonly workplace?: string;
  /** The event replaces waiting events of the user with the same key. */
  readonly collapseKey?: string;
  readonly due?: number;
  /** The user is connected, so the event may be sent as soon as it is committed. */
  readonly sent: boolean;
}

/** A position in the mailbox of a user. */
export interface MailboxPosition {
  readonly user: string;
  readonly seq: number;
}

/** Maximum bytes of bodies in one read. The event that exceeds the limit is still returned, as the last one, so that no event is too large. */
export const MAX_READ_BYTES = 64 * 1024;

export interface ReadRequest {
  readonly user: string;
  /** Events after this position are returned. */
  readonly after: number;
  readonly limit: number;
  /** Events for other workplaces are not returned. */
  readonly workplace: string | undefined;
}

export interface ReadResult {
  /** In order, at most `limit` events and {@link MAX_READ_BYTES}. The mailbox has marked those of them that are due as sent. */
  readonly events: readonly MailboxEvent[];
  /** More events may wait after these. */
  readonly more: boolean;
  /** The highest position of the user at the time of the read. */
  readonly highestSeq: number;
}

/** `shown`: the acknowledgement of the event continues the run. `reply`: the answer of the user continues it. */
export type WaitKind = 'shown' | 'reply';

/** A run that waits for the user of an event. */
export interface WaitingRun {
  readonly user: string;
  /** Id of the event. */
  readonly id: string;
  readonly kind: WaitKind;
  /** Token that continues the run. */
  readonly token: Buffer;
  /** Milliseconds since 1970. After this time the run does not wait any more. */
  readonly until: number;
}

/** An event that was removed because its mailbox was full. */
export interface DroppedEvent {
  readonly user: string;
  readonly id: string;
}

/** The mailbox of a user, as the routes for operators return it. */
export interface MailboxSummary {
  readonly user: string;
  /** From the last token. Absent for a user that has never connected. */
  readonly extension?: string;
  readonly groups: readonly string[];
  /** Number of events that are neither acknowledged nor expired. */
  readonly waiting: number;
  /** When the oldest of them was put into its mailbox, milliseconds since 1970. */
  readonly oldest?: number;
}

/** The totals of all mailboxes. */
export interface MailboxTotals {
  /** Number of events that are neither acknowledged nor expired. */
  readonly events: number;
  /** Number of users with such events. */
  readonly users: number;
  /** When the oldest of them was put into its mailbox, milliseconds since 1970. */
  readonly oldest?: number;
}

/** Events that a session has received and not acknowledged. */
export interface UnacknowledgedEvents {
  readonly user: string;
  /** At least one position. */
  readonly seqs: readonly number[];
}

/**
 * Milliseconds for which the mailbox keeps the id of an event that has left it. A repeat of the event changes nothing during this time. It is
 * much longer than the time until the last repeat of a hop. Only a hop that was delayed longer may repeat an event after it; the client
 * recognises that repeat by its id.
 */
export const ID_KEPT_MS = 600_000;

/**
 * The record of events that desktop users have not acknowledged. It does not depend on presence. Concurrent calls of a method are
 * joined into one statement. Every method rejects with `STORE_UNAVAILABLE` while the database is unavailable.
 */
export interface Mailbox {
  /**
   * Puts events into mailboxes and resolves after the commit.
   *
   * @returns the events that were put, without repeats and without events that a newer one has already replaced. A repeat is an event that
   *   waits already, or that left the mailbox less than {@link ID_KEPT_MS} ago. It is not put again and changes nothing.
   */
  put(events: readonly NewMailboxEvent[]): Promise<readonly MailboxEvent[]>;
  /** Returns the next events of a user. */
  read(request: ReadRequest): Promise<ReadResult>;
  /** Returns the events at these positions that still wait. */
  readAt(positions: readonly MailboxPosition[]): Promise<readonly MailboxEvent[]>;
  /** Returns the positions of unacknowledged events that still wait: not acknowledged by any session, not replaced, dropped or expired. */
  stillWaiting(events: UnacknowledgedEvents): Promise<ReadonlySet<number>>;
  /** Removes the events from the mailbox. Resolves after the commit. */
  acknowledge(positions: readonly MailboxPosition[]): Promise<void>;
  /** Counts a rejection of each event. Returns the number of rejections of each event so far, and 0 for an event that does not wait. */
  reject(positions: readonly MailboxPosition[]): Promise<readonly number[]>;
  /** Returns the highest position of each user. Users without a position are not in the result. */
  highestSeqs(users: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Stores a waiting run. Changes nothing when a run already waits for this event. */
  addWaitingRun(waiting: WaitingRun): Promise<void>;
  /** Returns the run that waits for an event of the user, or undefined when there is none or its time has passed. */
  findWaitingRun(user: string, id: string): Promise<WaitingRun | undefined>;
  /** Removes a run that has stopped waiting. */
  removeWaitingRun(user: string, id: string): Promise<void>;
  /** Returns the users that match the recipients, according to the last token of each user. */
  resolve(recipients: Recipients): Promise<readonly string[]>;
  /** Records extension, groups and workplace of a user. Writes only changes, and returns before the write. */
  recordLogin(bearer: Bearer, workplace: string | undefined): void;
  /** Removes the oldest events beyond `cap` of each user for whom this host has put an event since the last call. */
  trim(cap: number): Promise<readonly DroppedEvent[]>;
  /** Returns the mailboxes of these users. Users that have never connected and never received an event are not in the result. */
  summaries(users: readonly string[]): Promise<readonly MailboxSummary[]>;
  /** Counts all events, which is slow. */
  totals(): Promise<MailboxTotals>;
  /**
   * Removes expired events, ids older than {@link ID_KEPT_MS}, and workplaces that were not used for 30 days.
   *
   * @returns the number of events that had expired.
   */
  sweep(): Promise<number>;
}
