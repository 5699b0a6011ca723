import { AWAY_PAUSE_MS } from '@sluice/runtime';
import type { Subscription } from '../../server/stomp-handler.js';
import { userMessage, type Mail } from '../mailbox/mailbox-event.js';
import { WAIT_HEADER } from './waiting-runs.js';
import type { Mailbox, MailboxPosition } from '../mailbox/mailbox.js';
import type { MailboxNotification } from '../dispatch/peer-messages.js';

/** Sent to one subscription and still waiting for an acknowledgement: past so many the rest waits in the mailbox. */
export const WINDOW = 100;
/** A full window is compared with the mailbox at most so often. */
const MIN_LOOK_INTERVAL_MS = 1_000;
/** What a client has rejected comes again after this time. */
const AGAIN_MS = 5_000;

/** What a reader needs of its gateway. */
export interface ReaderDeps {
  readonly mailbox: Pick<Mailbox, 'read' | 'again' | 'stillWaiting'>;
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => { readonly cancel: () => void };
}

/**
 * Brings one subscription its user's mail in order. It knows how far it has sent: a hint of the very next mail is sent as it is, and whatever
 * does not fit is read from the mailbox. So a lost, late or repeated hint does no harm.
 */
export class Reader {
  readonly user: string;
  /** All up to here has been sent, or is not for this session. */
  #sent = 0;
  /** What was in the mailbox when the session came; undefined before the first reading. */
  #found: number | undefined;
  /** The first place of which a hint came before the first reading: what lies behind it is new. */
  #firstNew = Number.POSITIVE_INFINITY;
  /** There may be more behind `#sent` than hints have brought. */
  #behind = true;
  #reading = false;
  /** The client reads too slowly, or it is too early: nothing is sent before that is over. */
  #blocked = false;
  #closed = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #unanswered = new Set<number>();
  /** Ids of those of them whose sender waits until they are shown. */
  readonly #awaited = new Map<number, string>();
  readonly #timers = new Set<{ readonly cancel: () => void }>();

  constructor(
    readonly subscription: Subscription,
    private readonly deps: ReaderDeps,
  ) {
    this.user = subscription.session.bearer.user;
  }

  /** How far it has sent, when nothing but a hint can make it go on. */
  get idleAt(): number | undefined {
    return this.#behind ? undefined : this.#sent;
  }

  hinted(hint: MailboxNotification): void {
    if (this.#found === undefined) this.#firstNew = Math.min(this.#firstNew, hint.seq);
    if (hint.seq <= this.#sent) return;
    // what is being read may hold it already
    if (this.#behind || this.#reading || hint.seq > this.#sent + 1 || !this.#trySend(hint)) void this.catchUp();
  }

  /** Reads what it has not sent. Resolves when it has read, or cannot now: then it goes on by itself. */
  async catchUp(): Promise<void> {
    this.#behind = true;
    if (this.#reading || this.#blocked) return;
    this.#reading = true;
    try {
      if (this.#room <= 0) await this.#makeRoom();
      while (this.#behind && !this.#blocked && !this.#closed && this.#room > 0) await this.#readOnce();
    } catch {
      // the database is away: what waits there is not lost
      this.#later(AWAY_PAUSE_MS);
    }
    this.#reading = false;
  }

  /** Events among these whose sender waits until they are shown, by their ids. */
  awaited(seqs: readonly number[]): readonly string[] {
    return this.#awaited.size === 0 ? [] : seqs.flatMap((seq) => this.#awaited.get(seq) ?? []);
  }

  answered(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.#unanswered.delete(seq);
      this.#awaited.delete(seq);
    }
    // not for each place that gets free: a reading of one mail costs as much as one of fifty
    if (this.#behind && this.#room >= WINDOW / 2) void this.catchUp();
  }

  /** The events have left the mailbox without an answer of this subscription, or need none any more. */
  settle(seqs: readonly number[]): void {
    this.subscription.settled(seqs);
    this.answered(seqs);
  }

  /** The session takes more again. */
  drained(): void {
    this.#blocked = false;
    if (this.#behind) void this.catchUp();
  }

  /** They come again after a while. */
  rejected(seqs: readonly number[]): void {
    this.answered(seqs);
    const places = seqs.map((seq) => ({ user: this.user, seq }));
    this.#after(AGAIN_MS, () => void this.#sendAgain(places));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
  }

  get #room(): number {
    return WINDOW - this.#unanswered.size;
  }

  /** Events that were acknowledged elsewhere, replaced, dropped or given up, or have expired, take no room in the window. */
  async #makeRoom(): Promise<void> {
    if (this.deps.now() - this.#lookedAt < MIN_LOOK_INTERVAL_MS) return;
    this.#lookedAt = this.deps.now();
    const seqs = [...this.#unanswered];
    const waiting = await this.deps.mailbox.stillWaiting({ user: this.user, seqs });
    this.settle(seqs.filter((seq) => !waiting.has(seq)));
  }

  async #readOnce(): Promise<void> {
    const { workplace } = this.subscription.session;
    this.#behind = false;
    const asked = { user: this.user, after: this.#sent, limit: this.#room, workplace };
    const { mails, more, height } = await this.deps.mailbox.read(asked);
    this.#found ??= height;
    for (const mail of mails) if (!this.#send(mail)) return;
    if (more) this.#behind = true;
    else this.#sent = Math.max(this.#sent, height);
  }

  /** Sends the next mail as its hint brings it; false when it has to be read. */
  #trySend(hint: MailboxNotification): boolean {
    const { content, workplace } = hint;
    if (workplace !== undefined && workplace !== this.subscription.session.workplace) {
      this.#sent = hint.seq;
      return true;
    }
    // what does not count as sent yet has to be noted first: reading it does that
    return content !== undefined && hint.sent && this.#room > 0 && this.#send({ ...hint, content });
  }

  #send(mail: Mail): boolean {
    const wait = (mail.due ?? 0) - this.deps.now();
    if (wait > 0) {
      this.#later(wait);
      return false;
    }
    const redelivered = mail.sent && mail.seq <= (this.#found ?? 0) && mail.seq < this.#firstNew;
    if (!this.#deliver(mail, redelivered)) return false;
    this.#sent = mail.seq;
    return true;
  }

  #deliver(mail: Mail, redelivered: boolean): boolean {
    if (this.#closed || !this.subscription.deliver(userMessage(mail), { seq: mail.seq, redelivered })) {
      this.#behind = true;
      this.#blocked = true;
      return false;
    }
    this.#unanswered.add(mail.seq);
    if (mail.content.headers[WAIT_HEADER] === 'shown') this.#awaited.set(mail.seq, mail.content.id);
    return true;
  }

  async #sendAgain(places: readonly MailboxPosition[]): Promise<void> {
    try {
      for (const mail of await this.deps.mailbox.again(places)) {
        if (!this.#deliver(mail, true)) throw new Error('the client reads too slowly');
      }
    } catch {
      // those that were sent meanwhile are sent once more
      this.#after(AWAY_PAUSE_MS, () => void this.#sendAgain(places));
    }
  }

  #later(ms: number): void {
    this.#behind = true;
    this.#blocked = true;
    this.#after(ms, () => this.drained());
  }

  #after(ms: number, run: () => void): void {
    if (this.#closed) return;
    const timer = this.deps.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
