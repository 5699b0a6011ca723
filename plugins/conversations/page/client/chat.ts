import { ApiError, errorText, newUuid, type KeyStore, type LiveConnection, type LiveMessage } from '@sluice/web-ui';
import * as lists from '../model/discussion-list.js';
import { MarksQueue } from '../model/marks-queue.js';
import * as logs from '../model/message-log.js';
import * as outboxes from '../model/outbox.js';
import { UploadTrays } from './upload-trays.js';
import type { Attachment, Discussion, LiveEvents, Me, Message, MessageEdit, NewDiscussion, NewMessage } from '../model/shapes.js';
import { errors } from '../texts.js';
import type { ConversationsApi } from './conversations-api.js';

const PAGE_MESSAGES = 60;
const CATCH_UP_MESSAGES = 200;
const PAGE_DISCUSSIONS = 50;
/** After a reconnection at most this many pages of the list are read. */
const MAX_LIST_PAGES = 10;
/** Loaded messages of at most this many discussions are kept. */
const MAX_LOGS = 20;
const MARKS_DELAY_MS = 300;
const TYPING_SHOWN_MS = 5_000;
const TYPING_SENT_MS = 3_000;
/** A server that asks for no wait at all is still not asked without a pause. */
const MIN_RETRY_AFTER_MS = 250;
/** With this many unread messages a discussion opens at the first of them, with less at its end. */
const MIN_UNREAD_TO_OPEN_AT = 20;

export interface ChatState {
  readonly list: lists.DiscussionList;
  /** `undefined` until the first page was read. */
  readonly next: string | null | undefined;
  readonly isListLoaded: boolean;
  readonly listError: unknown;
  readonly logs: ReadonlyMap<string, logs.MessageLog>;
  readonly logErrors: ReadonlyMap<string, unknown>;
  readonly outbox: outboxes.Outbox;
  /** People that are typing, by discussion. */
  readonly typing: ReadonlyMap<string, readonly string[]>;
  /** Whether the last request that sends a message got no answer. */
  readonly isUnreachable: boolean;
}

export interface ChatEvents {
  /** A new message of another person has arrived. */
  readonly onMessage: (message: Message, discussion: Discussion) => void;
  /** The caller is no member of the discussion any more. */
  readonly onLeft: (discussion: string) => void;
}

/** What the page knows of its conversations: the list, the messages, the posts that wait. It keeps itself up to date with live events. */
export class Chat {
  readonly #listeners = new Set<() => void>();
  readonly #read = new MarksQueue();
  readonly #delivered = new MarksQueue();
  readonly #running = new Map<string, Promise<void>>();
  readonly #typingTimers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #typingSent = new Map<string, number>();
  /** Discussions that the user is leaving. */
  readonly #leaving = new Set<string>();
  /** The files of messages that are being written. */
  readonly uploads: UploadTrays;
  #marksTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #listTimer: ReturnType<typeof setTimeout> | undefined;
  /** Failed readings of the list in a row. */
  #listFailures = 0;
  #opened: string | undefined;
  #state: ChatState;
  #events: ChatEvents = { onMessage: () => undefined, onLeft: () => undefined };

  constructor(
    readonly api: ConversationsApi,
    readonly live: LiveConnection,
    readonly me: Me,
    private readonly connection: string,
    private readonly storage: KeyStore,
  ) {
    this.uploads = new UploadTrays(api, me.limits.attachmentBytes);
    this.#state = {
      list: new Map(),
      next: undefined,
      isListLoaded: false,
      listError: undefined,
      logs: new Map(),
      logErrors: new Map(),
      outbox: outboxes.restore(storage.get(this.#outboxKey) ?? null),
      typing: new Map(),
      isUnreachable: false,
    };
  }

  get state(): ChatState {
    return this.#state;
  }

  get myId(): string {
    return this.me.person.id;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects and reads the list. Returns the function that ends all work. */
  start(events: ChatEvents): () => void {
    this.#events = events;
    const unsubscribe = this.live.subscribe(this.me.feed, (message) => this.#receive(message), {
      onActive: () => void this.#resume(),
    });
    this.live.start();
    // the list is shown also without a gateway
    void this.loadList();
    this.#pump();
    const wake = () => this.#pump(true);
    addEventListener('online', wake);
    return () => {
      unsubscribe();
      this.live.stop();
      removeEventListener('online', wake);
      clearTimeout(this.#marksTimer);
      this.#marksTimer = undefined;
      clearTimeout(this.#retryTimer);
      clearTimeout(this.#listTimer);
      for (const timer of this.#typingTimers.values()) clearTimeout(timer);
    };
  }

  // ---- list

  /** Reads the first page of the list again. */
  async loadList(): Promise<void> {
    try {
      const { discussions, next } = await this.api.discussions({ limit: PAGE_DISCUSSIONS });
      this.#set({
        list: discussions.reduce(lists.withChangedDiscussion, this.#state.list),
        isListLoaded: true,
        listError: undefined,
        ...(this.#state.next === undefined && { next: next ?? null }),
      });
      this.#noteDelivered(discussions);
    } catch (error) {
      this.#listFailed(error);
    }
  }

  /** Reads the next page of the list. */
  async loadMoreDiscussions(): Promise<void> {
    const { next } = this.#state;
    if (!next) return;
    await this.#once('list', async () => {
      const page = await this.api.discussions({ after: next, limit: PAGE_DISCUSSIONS });
      this.#set({ list: lists.withDiscussions(this.#state.list, page.discussions), next: page.next ?? null });
    });
  }

  async loadArchive(): Promise<void> {
    const { discussions } = await this.api.discussions({ archived: true, limit: 100 });
    this.#set({ list: lists.withDiscussions(this.#state.list, discussions) });
  }

  async openDiscussion(discussion: NewDiscussion): Promise<Discussion> {
    const opened = await this.api.open(discussion);
    this.#set({ list: lists.withChangedDiscussion(this.#state.list, opened.discussion) });
    return opened.discussion;
  }

  addDiscussion(discussion: Discussion): void {
    this.#set({ list: lists.withChangedDiscussion(this.#state.list, discussion) });
  }

  async leave(id: string): Promise<void> {
    this.#leaving.add(id);
    try {
      await this.api.removeMember(id, this.myId);
      this.#forget(id);
    } finally {
      this.#leaving.delete(id);
    }
  }

  // ---- messages

  /** Loads the messages of a discussion that the user opens; at a seq, at the first unread message, or at the end. */
  async open(id: string, at?: number): Promise<void> {
    this.#opened = id;
    if (!this.#state.list.has(id)) {
      await this.#attempt(id, async () => this.addDiscussion(await this.api.discussion(id)));
    }
    const log = this.#state.logs.get(id);
    if (log && (at === undefined || (at >= log.from && at <= log.to))) return this.#catchUp(id);
    const known = this.#state.list.get(id);
    const seq = at ?? (known && known.unread >= MIN_UNREAD_TO_OPEN_AT ? Math.max(1, known.readSeq) : undefined);
    await this.#once(`open ${id}`, () =>
      this.#attempt(id, async () => {
        if (seq === undefined) this.#setLog(id, logs.openAtEnd(await this.api.messages(id, {}, PAGE_MESSAGES)));
        else this.#setLog(id, logs.openAround(await this.api.messages(id, { around: seq }, PAGE_MESSAGES)));
        // messages that arrived while the request was running
        this.#changeLog(id, (log) => logs.addLastSeq(log, this.#state.list.get(id)?.lastSeq ?? 0));
        await this.#catchUp(id);
      }),
    );
  }

  /** Loads the newest messages instead of the part of the history that is shown. */
  async openEnd(id: string): Promise<void> {
    await this.#attempt(id, async () => this.#setLog(id, logs.openAtEnd(await this.api.messages(id, {}, PAGE_MESSAGES))));
  }

  async loadOlder(id: string): Promise<void> {
    const log = this.#state.logs.get(id);
    if (!log?.hasOlder) return;
    await this.#once(`older ${id}`, () =>
      this.#attempt(id, async () => {
        const page = await this.api.messages(id, { before: log.from }, PAGE_MESSAGES);
        this.#changeLog(id, (now) => logs.withoutNewest(logs.addOlder(now, log.from, page)));
      }),
    );
  }

  async loadNewer(id: string): Promise<void> {
    const log = this.#state.logs.get(id);
    if (!log || !logs.hasNewer(log)) return;
    await this.#once(`newer ${id}`, () =>
      this.#attempt(id, async () => {
        const page = await this.api.messages(id, { after: log.to }, PAGE_MESSAGES);
        this.#changeLog(id, (now) => logs.withoutOldest(logs.addNewer(now, log.to, page)));
      }),
    );
  }

  /** Sends a message, now or when there is a connection. Returns false if too many messages wait already. */
  send(id: string, message: Omit<NewMessage, 'clientId'>, attachments: readonly Attachment[]): boolean {
    if (this.#state.outbox.length >= outboxes.MAX_PENDING_POSTS) return false;
    const afterSeq = Math.max(this.#state.logs.get(id)?.lastSeq ?? 0, this.#state.list.get(id)?.lastSeq ?? 0);
    const post = { discussion: id, message: { ...message, clientId: newUuid() }, at: Date.now(), afterSeq, attachments };
    this.#setOutbox(outboxes.enqueue(this.#state.outbox, post));
    this.#typingSent.delete(id);
    this.#pump();
    return true;
  }

  retry(clientId: string): void {
    this.#setOutbox(outboxes.retry(this.#state.outbox, clientId));
    this.#pump();
  }

  discard(clientId: string): void {
    this.#setOutbox(outboxes.remove(this.#state.outbox, clientId));
  }

  async edit(id: string, seq: number, edit: MessageEdit): Promise<void> {
    this.#changed(await this.api.edit(id, seq, edit));
  }

  async remove(id: string, seq: number): Promise<void> {
    this.#changed(await this.api.remove(id, seq));
  }

  async react(id: string, seq: number, emoji: string, isOn: boolean): Promise<void> {
    this.#changed(await this.api.react(id, seq, emoji, isOn));
  }

  async press(id: string, seq: number, button: string): Promise<void> {
    await this.api.press(id, seq, button, newUuid());
  }

  /** Records that the user has seen the messages up to this seq. */
  markRead(id: string, seq: number): void {
    const known = this.#state.list.get(id);
    if (!known || seq <= known.readSeq || !this.#read.add(id, seq)) return;
    const mark = { discussion: id, person: this.myId, readSeq: seq, deliveredSeq: seq };
    this.#set({ list: lists.withMarks(this.#state.list, mark, this.myId) });
    this.#sendMarksSoon();
  }

  /** Reports to the other members that the user is typing, at most every few seconds. */
  typing(id: string): void {
    const now = Date.now();
    if (now - (this.#typingSent.get(id) ?? 0) < TYPING_SENT_MS) return;
    this.#typingSent.set(id, now);
    // a lost notification does no harm
    void this.live.send(`/conversations/${this.connection}/typing`, { discussion: id }).catch(() => undefined);
  }

  // ---- live

  #receive({ headers, body }: LiveMessage): void {
    const event = headers['event'] as keyof LiveEvents | undefined;
    const is = <Name extends keyof LiveEvents>(name: Name, data: unknown): data is LiveEvents[Name] =>
      event === name && data !== null;
    if (is('conversations.message', body)) this.#arrived(body);
    else if (is('conversations.message-changed', body)) this.#changed(body);
    else if (is('conversations.discussion', body)) this.addDiscussion(body);
    else if (is('conversations.left', body)) {
      this.#forget(body.discussion);
      if (!this.#leaving.has(body.discussion)) this.#events.onLeft(body.discussion);
    } else if (is('conversations.marks', body)) this.#set({ list: lists.withMarks(this.#state.list, body, this.myId) });
    else if (is('conversations.typing', body)) this.#showTyping(body.discussion, body.person);
  }

  #arrived(message: Message): void {
    const { discussion: id, author } = message;
    this.#hideTyping(id, author);
    const known = this.#state.list.get(id);
    if (!known) void this.#attempt(id, async () => this.addDiscussion(await this.api.discussion(id)));
    const isNew = !known || lists.isNewIn(known, message);
    this.#set({ list: lists.withMessage(this.#state.list, message, this.myId) });
    this.#changeLog(id, (log) => logs.addMessage(log, message));
    void this.#catchUp(id);
    if (author === this.myId) return;
    if (this.#delivered.add(id, message.seq)) this.#sendMarksSoon();
    const discussion = this.#state.list.get(id);
    if (isNew && discussion) this.#events.onMessage(message, discussion);
  }

  #changed(message: Message): void {
    this.#set({ list: lists.withChangedMessage(this.#state.list, message) });
    this.#changeLog(message.discussion, (log) => logs.addMessage(log, message));
  }

  /** After each connection: what happened before is read from the host. */
  async #resume(): Promise<void> {
    clearTimeout(this.#listTimer);
    const newest = lists.shown(this.#state.list, 'all')[0]?.activeAt;
    try {
      let after: string | undefined;
      for (let pages = 0; pages < MAX_LIST_PAGES; pages++) {
        const page = await this.api.discussions({ limit: PAGE_DISCUSSIONS, ...(after !== undefined && { after }) });
        const last = page.discussions.at(-1);
        this.#set({
          list: page.discussions.reduce(lists.withChangedDiscussion, this.#state.list),
          isListLoaded: true,
          listError: undefined,
          ...(this.#state.next === undefined && { next: page.next ?? null }),
        });
        this.#noteDelivered(page.discussions);
        if (page.next === undefined || newest === undefined || !last || Date.parse(last.activeAt) <= Date.parse(newest)) break;
        after = page.next;
      }
      await this.#resumeLogs();
      this.#listFailures = 0;
    } catch (error) {
      this.#listFailed(error);
    }
    this.#pump(true);
  }

  /** Shows the error and reads the list again after a pause: the live connection may stay up while a request fails, so no reconnection would do it. */
  #listFailed(error: unknown): void {
    this.#set({ listError: error });
    clearTimeout(this.#listTimer);
    this.#listTimer = setTimeout(() => void this.#resume(), outboxes.retryDelay(++this.#listFailures));
  }

  /** Edits and reactions of the time without a connection are read with the messages. Discussions that are not open are read when they are opened. */
  async #resumeLogs(): Promise<void> {
    const id = this.#opened;
    const log = id === undefined ? undefined : this.#state.logs.get(id);
    this.#set({ logs: new Map(id !== undefined && log ? [[id, log]] : []) });
    if (id === undefined || !log) return;
    const page = await this.api.messages(id, log.to > 0 ? { before: log.to + 1 } : {}, CATCH_UP_MESSAGES);
    this.#changeLog(id, (now) => logs.addLastSeq(page.messages.reduce(logs.addMessage, now), page.lastSeq));
    await this.#catchUp(id);
  }

  /** Reads the messages of a gap until there is none. */
  async #catchUp(id: string): Promise<void> {
    await this.#once(`catch up ${id}`, async () => {
      for (let log = this.#state.logs.get(id); log && logs.hasGap(log); log = this.#state.logs.get(id)) {
        const { to } = log;
        const page = await this.api.messages(id, { after: to }, CATCH_UP_MESSAGES);
        this.#changeLog(id, (now) => logs.addNewer(now, to, page));
        if (this.#state.logs.get(id)?.to === to) return;
      }
    }).catch((error: unknown) => this.#setError(id, error));
  }

  #noteDelivered(discussions: readonly Discussion[]): void {
    const marks = discussions.filter(({ unread, lastSeq, id }) => unread > 0 && this.#delivered.add(id, lastSeq));
    if (marks.length > 0) this.#sendMarksSoon();
  }

  #showTyping(id: string, person: string): void {
    if (person === this.myId) return;
    const key = `${id} ${person}`;
    clearTimeout(this.#typingTimers.get(key));
    this.#typingTimers.set(
      key,
      setTimeout(() => this.#hideTyping(id, person), TYPING_SHOWN_MS),
    );
    const people = this.#state.typing.get(id) ?? [];
    if (!people.includes(person)) this.#set({ typing: new Map(this.#state.typing).set(id, [...people, person]) });
  }

  #hideTyping(id: string, person: string): void {
    const key = `${id} ${person}`;
    if (!this.#typingTimers.has(key)) return;
    clearTimeout(this.#typingTimers.get(key));
    this.#typingTimers.delete(key);
    const people = (this.#state.typing.get(id) ?? []).filter((one) => one !== person);
    this.#set({ typing: new Map(this.#state.typing).set(id, people) });
  }

  // ---- posts and marks

  /** Sends the posts that can be sent. @param isNow without the backoff of attempts that got no answer */
  #pump(isNow = false): void {
    clearTimeout(this.#retryTimer);
    const ready = outboxes.sendable(this.#state.outbox);
    const wait = outboxes.waitOf(ready, Date.now(), isNow);
    if (wait > 0) {
      this.#retryTimer = setTimeout(() => this.#pump(true), wait);
      return;
    }
    for (const post of ready) void this.#post(post);
  }

  async #post({ discussion, message }: outboxes.PendingPost): Promise<void> {
    const { clientId } = message;
    this.#setOutbox(outboxes.markSending(this.#state.outbox, clientId));
    try {
      const { message: posted } = await this.api.post(discussion, message);
      this.#setOutbox(outboxes.remove(this.#state.outbox, clientId));
      this.#set({ isUnreachable: false });
      this.#arrived(posted);
    } catch (error) {
      const isRejected = error instanceof ApiError && error.status < 500 && error.status !== 429 && error.status !== 408;
      const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined;
      if (isRejected) this.#setOutbox(outboxes.markFailed(this.#state.outbox, clientId, errorText(error, errors)));
      else if (retryAfterMs !== undefined) {
        this.#setOutbox(
          outboxes.markLimited(this.#state.outbox, clientId, Date.now() + Math.max(MIN_RETRY_AFTER_MS, retryAfterMs)),
        );
      } else {
        this.#setOutbox(outboxes.markUnanswered(this.#state.outbox, clientId));
        this.#set({ isUnreachable: true });
      }
    }
    this.#pump();
  }

  #sendMarksSoon(): void {
    this.#marksTimer ??= setTimeout(() => {
      this.#marksTimer = undefined;
      void this.#sendMarks(this.#read, (marks) => this.api.read(marks));
      void this.#sendMarks(this.#delivered, (marks) => this.api.delivered(marks));
    }, MARKS_DELAY_MS);
  }

  async #sendMarks(queue: MarksQueue, send: (marks: { discussion: string; seq: number }[]) => Promise<unknown>): Promise<void> {
    const marks = queue.take();
    if (marks.length === 0) return;
    try {
      await send(marks);
    } catch (error) {
      // a rejected mark, such as of a discussion that the user has left, would be rejected again
      if (!(error instanceof ApiError && error.status < 500)) queue.restore(marks);
    }
  }

  // ---- state

  get #outboxKey(): string {
    return `sluice.conversations.outbox.${this.me.person.id}`;
  }

  #set(change: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  #setOutbox(outbox: outboxes.Outbox): void {
    this.#set({ outbox });
    if (outbox.length === 0) this.storage.remove(this.#outboxKey);
    else this.storage.set(this.#outboxKey, JSON.stringify(outbox));
  }

  #setLog(id: string, log: logs.MessageLog): void {
    const kept = [...this.#state.logs].filter(([other]) => other !== id).slice(1 - MAX_LOGS);
    this.#set({ logs: new Map([...kept, [id, log]]) });
  }

  #changeLog(id: string, next: (log: logs.MessageLog) => logs.MessageLog): void {
    const log = this.#state.logs.get(id);
    if (!log) return;
    const changed = next(log);
    if (changed !== log) this.#set({ logs: new Map(this.#state.logs).set(id, changed) });
  }

  #forget(id: string): void {
    const without = new Map(this.#state.logs);
    without.delete(id);
    this.#set({ list: lists.withoutDiscussion(this.#state.list, id), logs: without });
  }

  /** Runs work that is not running yet under this name; otherwise waits for the work that is running. */
  #once(name: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name) ?? work().finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return running;
  }

  /** Runs work for a discussion and keeps its error for the view of the discussion. */
  async #attempt(id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#state.logErrors.has(id)) this.#setError(id, undefined);
    } catch (error) {
      this.#setError(id, error);
    }
  }

  #setError(id: string, error: unknown): void {
    const logErrors = new Map(this.#state.logErrors);
    if (error === undefined) logErrors.delete(id);
    else logErrors.set(id, error);
    this.#set({ logErrors });
  }
}
