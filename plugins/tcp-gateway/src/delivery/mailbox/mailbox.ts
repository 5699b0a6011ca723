import type { Bearer } from '@sluice/plugin-api';
import type { Content, Mail, Target } from './mailbox-event.js';

/** An event to be kept for a user. */
export interface NewMail {
  readonly user: string;
  readonly content: Content;
  readonly keepForMs: number;
  readonly workplace?: string;
  /** Replaces what waits under the same key. */
  readonly collapseKey?: string;
  readonly due?: number;
  /** The user is there now: it may be sent as soon as it is committed. */
  readonly sent: boolean;
}

/** A place in somebody's mailbox. */
export interface MailboxPosition {
  readonly user: string;
  readonly seq: number;
}

/** Bodies that one read returns: the mail that exceeds it is the last one, so that a larger mail comes too. */
export const MAX_READ_BYTES = 64 * 1024;

export interface ReadRequest {
  readonly user: string;
  /** What lies behind this place. */
  readonly after: number;
  readonly limit: number;
  /** What is for another workplace is left out. */
  readonly workplace: string | undefined;
}

export interface ReadResult {
  /** In order, at most `limit`, and no more than {@link MAX_READ_BYTES}. Those that are due count as sent from here on. */
  readonly mails: readonly Mail[];
  /** More may wait behind these. */
  readonly more: boolean;
  /** The highest place of the user at that moment. */
  readonly height: number;
}

/** `shown`: the run goes on when the event is acknowledged. `reply`: when its user answers. */
export type WaitKind = 'shown' | 'reply';

/** A run that waits for the user of an event. */
export interface WaitingRun {
  readonly user: string;
  /** Of the event. */
  readonly id: string;
  readonly kind: WaitKind;
  /** With which the run is resumed. */
  readonly token: Buffer;
  /** Milliseconds since 1970: nobody waits any longer then. */
  readonly until: number;
}

/** What the mailbox had to give up. */
export interface DroppedEvent {
  readonly user: string;
  readonly id: string;
}

/** A user's mailbox as an operator asks for it. */
export interface MailboxSummary {
  readonly user: string;
  /** From the last token; absent for who has never been here. */
  readonly extension?: string;
  readonly groups: readonly string[];
  /** Events that are not acknowledged and have not expired. */
  readonly waiting: number;
  /** When the first of them was put in, milliseconds since 1970. */
  readonly oldest?: number;
}

/** All mailboxes together. */
export interface MailboxTotals {
  /** Events that are not acknowledged and have not expired. */
  readonly events: number;
  /** In the mailboxes of so many users. */
  readonly users: number;
  /** When the first of them was put in, milliseconds since 1970. */
  readonly oldest?: number;
}

/** A session's events that it has in hand. */
export interface HeldEvents {
  readonly user: string;
  /** At least one. */
  readonly seqs: readonly number[];
}

/**
 * How long the id of an event stays known after the event has left its mailbox, in whatever way: a repeat of the event changes nothing
 * meanwhile. Long after the last repeat of a hop can come, except for a hop that was held back: the client recognises that by the id.
 */
export const ID_KEPT_MS = 600_000;

/**
 * The record of what desktop users have not acknowledged. Who is connected decides nothing here. Calls that come at the same time are
 * joined into one statement. All reject with `STORE_UNAVAILABLE` while the database is away.
 */
export interface Mailbox {
  /**
   * Resolves after the commit with the events that were put. Without repeats: an event that waits already, or that left the mailbox less than
   * {@link ID_KEPT_MS} ago, is not put again and changes nothing. Without events that a newer one has replaced meanwhile.
   */
  put(mails: readonly NewMail[]): Promise<readonly Mail[]>;
  read(request: ReadRequest): Promise<ReadResult>;
  /** These, if they are still there. */
  again(places: readonly MailboxPosition[]): Promise<readonly Mail[]>;
  /** Of the events in hand those that still wait: not acknowledged anywhere, not replaced, dropped or expired. */
  stillWaiting(inHand: HeldEvents): Promise<ReadonlySet<number>>;
  /** Takes them out of the mailbox. Resolves after the commit. */
  acknowledge(places: readonly MailboxPosition[]): Promise<void>;
  /** Notes that a client could not handle them; gives how often that was for each, 0 for what is not there. */
  reject(places: readonly MailboxPosition[]): Promise<readonly number[]>;
  /** The highest place of each user; users without one are left out. */
  heights(users: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Does nothing for one that is there. */
  wait(waiting: WaitingRun): Promise<void>;
  waiting(user: string, id: string): Promise<WaitingRun | undefined>;
  /** It waits no longer. */
  met(user: string, id: string): Promise<void>;
  /** Users that the targets mean, known from their last tokens. */
  resolve(target: Target): Promise<readonly string[]>;
  /** Remembers what the token says of its user. Writes only what has changed. */
  seen(bearer: Bearer, workplace: string | undefined): void;
  /** Beyond so many for one user the oldest go. Looks at those to whom something was put here since the last time. */
  trim(cap: number): Promise<readonly DroppedEvent[]>;
  /** How it stands with each of these; who was neither here nor written to is left out. */
  summaries(users: readonly string[]): Promise<readonly MailboxSummary[]>;
  /** Counts everything: for a look now and then. */
  totals(): Promise<MailboxTotals>;
  /**
   * Takes out what has expired, and forgets ids that were kept long enough and workplaces that were not seen for 30 days. Resolves with the
   * number of events that had expired.
   */
  sweep(): Promise<number>;
}
