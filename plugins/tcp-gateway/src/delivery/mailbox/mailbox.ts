import type { Bearer, Recipients } from '@sluice/plugin-api';
import type { EventContent, MailboxEvent } from './mailbox-event.js';

/** An event to be put into the mailbox of a user. */
export interface NewMailboxEvent {
  readonly user: string;
  readonly content: EventContent;
  readonly keepForMs: number;
  readonly workplace?: string;
  /** The event replaces events that wait under the same key. */
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

/** Maximum bytes of bodies that one read returns. The event that exceeds the limit is the last one, so that a larger event is read too. */
export const MAX_READ_BYTES = 64 * 1024;

export interface ReadRequest {
  readonly user: string;
  /** Events after this position are returned. */
  readonly after: number;
  readonly limit: number;
  /** Events for another workplace are left out. */
  readonly workplace: string | undefined;
}

export interface ReadResult {
  /** In order, at most `limit` events and {@link MAX_READ_BYTES}. The due ones among them count as sent from now on. */
  readonly events: readonly MailboxEvent[];
  /** More events may wait after these. */
  readonly more: boolean;
  /** The highest position of the user at the time of the read. */
  readonly highestSeq: number;
}

/** `shown`: an acknowledgement of the event continues the run. `reply`: an answer of its user does. */
export type WaitKind = 'shown' | 'reply';

/** A run that waits for the user of an event. */
export interface WaitingRun {
  readonly user: string;
  /** Id of the event. */
  readonly id: string;
  readonly kind: WaitKind;
  /** Token that continues the run. */
  readonly token: Buffer;
  /** Milliseconds since 1970. After this time the run waits no longer. */
  readonly until: number;
}

/** An event that was removed because its mailbox was full. */
export interface DroppedEvent {
  readonly user: string;
  readonly id: string;
}

/** The mailbox of a user as the routes for operators show it. */
export interface MailboxSummary {
  readonly user: string;
  /** From the last token. Absent for a user who has never connected. */
  readonly extension?: string;
  readonly groups: readonly string[];
  /** Number of events that are neither acknowledged nor expired. */
  readonly waiting: number;
  /** When the first of them was put in, milliseconds since 1970. */
  readonly oldest?: number;
}

/** All mailboxes together. */
export interface MailboxTotals {
  /** Number of events that are neither acknowledged nor expired. */
  readonly events: number;
  /** Number of users in whose mailboxes they are. */
  readonly users: number;
  /** When the first of them was put in, milliseconds since 1970. */
  readonly oldest?: number;
}

/** Events that a session has received and not acknowledged. */
export interface UnacknowledgedEvents {
  readonly user: string;
  /** At least one. */
  readonly seqs: readonly number[];
}

/**
 * How long the id of an event stays known after the event has left its mailbox for any reason; a repeat of the event changes nothing during
 * this time. It is much longer than the time until the last repeat of a hop, except for a hop that was held back: a client recognises that
 * repeat by the id.
 */
export const ID_KEPT_MS = 600_000;

/**
 * The record of events that desktop users have not acknowledged. It does not depend on who is connected. Calls that come at the same time
 * are joined into one statement. Every method rejects with `STORE_UNAVAILABLE` while the database is away.
 */
export interface Mailbox {
  /**
   * Puts events into mailboxes and resolves after the commit.
   *
   * @returns the events that were put. Left out are repeats (an event that waits already, or that left the mailbox less than {@link
   *   ID_KEPT_MS} ago, is not put again and changes nothing) and events that a newer one has replaced meanwhile.
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
  /** Notes that a client could not handle the events. Returns for each how often that has happened, 0 for an event that does not wait. */
  reject(positions: readonly MailboxPosition[]): Promise<readonly number[]>;
  /** Returns the highest position of each user. Users without a position are left out. */
  highestSeqs(users: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Stores a run that waits. Changes nothing when a run waits for this event already. */
  addWaitingRun(waiting: WaitingRun): Promise<void>;
  /** Returns the run that waits for an event of the user, unless its time has passed. */
  findWaitingRun(user: string, id: string): Promise<WaitingRun | undefined>;
  /** Removes a run that waits no longer. */
  removeWaitingRun(user: string, id: string): Promise<void>;
  /** Returns the users that the recipients mean, according to their last tokens. */
  resolve(recipients: Recipients): Promise<readonly string[]>;
  /** Remembers extension, groups and workplace of a user. Writes only changes, and does not wait for the write. */
  recordLogin(bearer: Bearer, workplace: string | undefined): void;
  /** Removes the oldest events beyond `cap` of each user for whom this host has put an event since the last call. */
  trim(cap: number): Promise<readonly DroppedEvent[]>;
  /** Returns the mailboxes of these users. Users who have never connected and never received an event are left out. */
  summaries(users: readonly string[]): Promise<readonly MailboxSummary[]>;
  /** Counts all events, which is slow. */
  totals(): Promise<MailboxTotals>;
  /**
   * Removes expired events, ids that were kept long enough, and workplaces that were not seen for 30 days.
   *
   * @returns the number of events that had expired.
   */
  sweep(): Promise<number>;
}
