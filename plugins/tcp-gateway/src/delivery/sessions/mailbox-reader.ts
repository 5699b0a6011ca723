import type { Clock } from '@sluice/plugin-api';
import { OUTAGE_PAUSE_MS } from '@sluice/runtime';
import type { Subscription } from '../../server/stomp-handler.js';
import { mailboxMessage } from '../dispatch/event-message.js';
import type { MailboxNotification } from '../dispatch/peer-messages.js';
import type { MailboxEvent } from '../mailbox/mailbox-event.js';
import type { Mailbox, MailboxPosition } from '../mailbox/mailbox.js';
import { WAIT_HEADER } from './waiting-runs.js';

/** Maximum unacknowledged events of one subscription. Further events wait in the mailbox. */
export const MAX_UNACKNOWLEDGED = 100;
/** Minimum milliseconds between two comparisons of a full window with the mailbox. */
const MIN_LOOK_INTERVAL_MS = 1_000;
/** A rejected event is sent again after this time. */
const REJECTED_PAUSE_MS = 5_000;

export interface MailboxReaderDeps {
  readonly mailbox: Pick<Mailbox, 'read' | 'readAt' | 'stillWaiting'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly after: (ms: number, run: () => void) => { readonly cancel: () => void };
}

/**
 * Sends the events of a user's mailbox to one subscription, in order. The reader stores the position up to which it has sent events. It sends
 * the event of a notification directly when that event is the next one, and reads the mailbox in every other case. Therefore a notification
 * may be lost, late or repeated.
 */
export class MailboxReader {
  readonly user: string;
  /** All events up to this position were sent, or are for other workplaces. */
  #sent = 0;
  /** The highest position of the mailbox at the first read; undefined before it. */
  #foundAtStart: number | undefined;
  /** The lowest position in a notification before the first read. Events from this position on are not redeliveries. */
  #firstNew = Number.POSITIVE_INFINITY;
  /** The mailbox may contain events after `#sent` that must be read. */
  #behind = true;
  #reading = false;
  /** The client reads too slowly, or the next event is not due, or the database is unavailable. Sending is paused until that changes. */
  #blocked = false;
  #closed = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  // The collections exist from their first entry on: three empty ones would take 480 bytes of each idle desktop.
  #unacknowledged: Set<number> | undefined;
  /** Ids of unacknowledged events with a run that waits until they are shown, by position. */
  #awaited: Map<number, string> | undefined;
  #timers: Set<{ readonly cancel: () => void }> | undefined;

  constructor(
    readonly subscription: Subscription,
    private readonly deps: MailboxReaderDeps,
  ) {
    this.user = subscription.session.bearer.user;
  }

  /** The position up to which events were sent, if the reader waits for a notification; undefined if it is behind. */
  get idleAt(): number | undefined {
    return this.#behind ? undefined : this.#sent;
  }

  /** Handles the notification that the mailbox has a new event. */
  notify(notification: MailboxNotification): void {
    const { seq } = notification;
    if (this.#foundAtStart === undefined) this.#firstNew = Math.min(this.#firstNew, seq);
    if (seq <= this.#sent) return;
    // a running read may already return the event
    if (this.#behind || this.#reading || seq > this.#sent + 1 || !this.#trySend(notification)) void this.catchUp();
  }

  /** Reads and sends the next events. Resolves also when it cannot read now, and then continues automatically. */
  async catchUp(): Promise<void> {
    this.#behind = true;
    if (this.#reading || this.#blocked) return;
    this.#reading = true;
    try {
      if (this.#room <= 0) await this.#makeRoom();
      while (this.#behind && !this.#blocked && !this.#closed && this.#room > 0) await this.#readOnce();
    } catch {
      // the database is unavailable, and the events stay in it
      this.#continueAfter(OUTAGE_PAUSE_MS);
    }
    this.#reading = false;
  }

  /** Returns the ids of those of the events with a run that waits until they are shown. */
  idsAwaited(seqs: readonly number[]): readonly string[] {
    const awaited = this.#awaited;
    return awaited ? seqs.flatMap((seq) => awaited.get(seq) ?? []) : [];
  }

  /** Removes acknowledged events from the window. */
  acknowledged(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.#unacknowledged?.delete(seq);
      this.#awaited?.delete(seq);
    }
    // waits until half of the window is free, because reading one event costs as much as reading fifty
    if (this.#behind && this.#room >= MAX_UNACKNOWLEDGED / 2) void this.catchUp();
  }

  /** Removes events from the window that need no acknowledgement any more, for example because they have left the mailbox. */
  settle(seqs: readonly number[]): void {
    this.subscription.settled(seqs);
    this.acknowledged(seqs);
  }

  /** Continues after the session has room again. */
  drained(): void {
    this.#blocked = false;
    if (this.#behind) void this.catchUp();
  }

  /** Sends rejected events again after {@link REJECTED_PAUSE_MS}. */
  rejected(seqs: readonly number[]): void {
    this.acknowledged(seqs);
    const positions = seqs.map((seq) => ({ user: this.user, seq }));
    this.#after(REJECTED_PAUSE_MS, () => void this.#sendAgain(positions));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers ?? []) timer.cancel();
  }

  get #room(): number {
    return MAX_UNACKNOWLEDGED - (this.#unacknowledged?.size ?? 0);
  }

  /** Removes events from the window that have left the mailbox: acknowledged by another session, replaced, dropped, rejected or expired. */
  async #makeRoom(): Promise<void> {
    const now = this.deps.clock.monotonic();
    if (now - this.#lookedAt < MIN_LOOK_INTERVAL_MS) return;
    this.#lookedAt = now;
    const seqs = [...(this.#unacknowledged ?? [])];
    const waiting = await this.deps.mailbox.stillWaiting({ user: this.user, seqs });
    this.settle(seqs.filter((seq) => !waiting.has(seq)));
  }

  async #readOnce(): Promise<void> {
    const { workplace } = this.subscription.session;
    this.#behind = false;
    const request = { user: this.user, after: this.#sent, limit: this.#room, workplace };
    const { events, more, highestSeq } = await this.deps.mailbox.read(request);
    this.#foundAtStart ??= highestSeq;
    for (const event of events) if (!this.#send(event)) return;
    if (more) this.#behind = true;
    else this.#sent = Math.max(this.#sent, highestSeq);
  }

  /** Sends the next event from its notification. Returns false when the reader has to read the event from the mailbox. */
  #trySend(notification: MailboxNotification): boolean {
    const { content, workplace, seq, sent } = notification;
    if (workplace !== undefined && workplace !== this.subscription.session.workplace) {
      this.#sent = seq;
      return true;
    }
    // a read marks the event as sent, which has to happen before it is sent
    return content !== undefined && sent && this.#room > 0 && this.#send({ ...notification, content });
  }

  #send(event: MailboxEvent): boolean {
    const waitMs = (event.due ?? 0) - this.deps.clock.now();
    if (waitMs > 0) {
      this.#continueAfter(waitMs);
      return false;
    }
    const redelivered = event.sent && event.seq <= (this.#foundAtStart ?? 0) && event.seq < this.#firstNew;
    if (!this.#deliver(event, redelivered)) return false;
    this.#sent = event.seq;
    return true;
  }

  #deliver(event: MailboxEvent, redelivered: boolean): boolean {
    const { seq, content } = event;
    if (this.#closed || !this.subscription.deliver(mailboxMessage(event), { seq, redelivered })) {
      this.#behind = true;
      this.#blocked = true;
      return false;
    }
    (this.#unacknowledged ??= new Set()).add(seq);
    if (content.headers[WAIT_HEADER] === 'shown') (this.#awaited ??= new Map()).set(seq, content.id);
    return true;
  }

  async #sendAgain(positions: readonly MailboxPosition[]): Promise<void> {
    try {
      for (const event of await this.deps.mailbox.readAt(positions)) {
        if (!this.#deliver(event, true)) throw new Error('the client reads too slowly');
      }
    } catch {
      // repeats the whole list, also events that were sent before the failure
      this.#after(OUTAGE_PAUSE_MS, () => void this.#sendAgain(positions));
    }
  }

  #continueAfter(ms: number): void {
    this.#behind = true;
    this.#blocked = true;
    this.#after(ms, () => this.drained());
  }

  #after(ms: number, run: () => void): void {
    if (this.#closed) return;
    const timer = this.deps.after(ms, () => {
      this.#timers?.delete(timer);
      run();
    });
    (this.#timers ??= new Set()).add(timer);
  }
}
