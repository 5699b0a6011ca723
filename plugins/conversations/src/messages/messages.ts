import { newEventId } from '@sluice/plugin-api';
import type {
  LiveEvents,
  Marks,
  Message,
  MessageEdit,
  MessagePage,
  MessageVersions,
  NewMessage,
  PostResult,
} from '../contract.js';
import type { Statement } from '../database/statement.js';
import type { SubscriberTables, Tables } from '../database/tables.js';
import { missing, type Actor } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';
import type { LiveFeed } from '../live/live-feed.js';
import { checkContent, commandOf, mentionsOf, requireContent } from './content.js';
import type { Lexicon } from '../search/lexicon.js';
import { messageOf, type MessageRow } from './message-rows.js';
import {
  DELETE,
  DELETE_FILES,
  EDIT,
  KEEP_VERSION,
  LOCKED_ONE,
  MARK_DELIVERED,
  MARK_READ,
  ONE,
  PAGE_AFTER,
  PAGE_BEFORE,
  PRESS,
  REACT,
  UNREACT,
  VERSIONS,
  WAIT,
  WITH_RECEIVERS,
  type MarkRow,
  type MemberMessageRow,
  type PageRow,
  type PostRow,
} from './message-statements.js';
import { PostQueue } from './post-queue.js';

/** Which messages of a discussion to read. Without a direction: the newest ones. */
export interface PageQuery {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly around?: number | undefined;
  readonly limit: number;
}

/** Members of larger discussions do not learn live who has read what and who is typing: each mark would be sent to all of them. */
const MAX_SHOWN_READ_MARKS = 100;
/** Likewise for marks of delivery, which each client sends for each message: only the other person of a pair learns of them. */
const MAX_SHOWN_DELIVERY_MARKS = 2;

/** What others do with messages after their commit. */
export interface MessageListener {
  /** A message was posted. */
  posted(subscriber: string, discussion: string): void;
  /** A flow has an event. */
  heard(): void;
  /**
   * A button was pressed, or the press is repeated. Resolves when the author's mailbox or a waiting run has it, with false when the author is a
   * bot of flows and no run waits.
   */
  pressed(
    subscriber: string,
    message: Pick<Message, 'author' | 'id'>,
    press: LiveEvents['conversations.button'],
    clientId: string,
  ): Promise<boolean>;
  /** Attachments whose rows are deleted. */
  filesDeleted(subscriber: string, ids: readonly string[]): void;
}

/** The messages of discussions. The tables are the record; live events are sent after the commit and may be lost. */
export class Messages {
  readonly #queue: PostQueue;

  constructor(
    private readonly tables: Tables,
    private readonly feed: LiveFeed,
    private readonly listener: MessageListener,
    private readonly lexicon: Lexicon,
  ) {
    this.#queue = new PostQueue(tables);
  }

  /**
   * Posts a message. A repeated post with the same client id returns the first message, and sends its live event again: the first one may
   * have been lost with its host.
   *
   * @throws `CONVERSATIONS_MISSING` for a discussion of which the caller is no member, `CONVERSATIONS_INVALID`, `CONVERSATIONS_LIMIT`
   */
  async post({ subscriber, person }: Actor, discussion: string, wanted: NewMessage): Promise<PostResult> {
    requireContent(wanted);
    checkContent(wanted, wanted.text);
    const { clientId, text, spans, data, recipients, buttons, replyTo, link, attachments } = wanted;
    const id = newEventId();
    const mentions = mentionsOf(wanted);
    const row = await this.#queue.post(
      subscriber,
      {
        discussion,
        author: person,
        client_id: clientId,
        id,
        text: text.toWellFormed(),
        ...(spans.length > 0 && { spans }),
        ...(data !== undefined && { data }),
        ...(recipients && { recipients: [...new Set(recipients)] }),
        ...(buttons && { buttons }),
        reply_to: replyTo,
        link,
        ...(attachments.length > 0 && { attachments }),
        ...(mentions.length > 0 && { mentions }),
        command: commandOf(text)?.name,
      },
      this.lexicon.index(subscriber, discussion, person, text),
    );
    const tables = this.tables.of(subscriber);
    if (row.outcome === 'repeated')
      return { message: await this.#changed(tables, discussion, row.seq, 'conversations.message'), repeated: true };
    if (row.outcome !== 'posted') throw refusal(row.outcome, discussion);
    this.listener.posted(subscriber, discussion);
    if (row.heard === true) this.listener.heard();
    if (attachments.length > 0)
      return { message: await this.#changed(tables, discussion, row.seq, 'conversations.message'), repeated: false };
    const message: Message = {
      discussion,
      seq: row.seq,
      id,
      author: person,
      at: row.at.toISOString(),
      text,
      spans,
      ...(data !== undefined && { data }),
      ...(recipients && { recipients }),
      ...(buttons && { buttons }),
      ...(replyTo !== undefined && { replyTo }),
      ...(link !== undefined && { link }),
      attachments: [],
      reactions: [],
      version: 1,
    };
    this.feed.publish(row.people ?? [], 'conversations.message', message);
    return { message, repeated: false };
  }

  /** Returns messages in the order of their seq. Messages for other recipients are left out. */
  async page({ subscriber, person }: Actor, discussion: string, query: PageQuery): Promise<MessagePage> {
    const { after, before, around, limit } = query;
    const tables = this.tables.of(subscriber);
    const read = async (statement: Statement<PageRow>, seq: number | null, count: number) => {
      const rows = await tables.rows(statement, discussion, person, seq, count + 1);
      const [first] = rows;
      if (!first) throw missing(discussion);
      const messages = rows.flatMap((row) => (row.discussion === null ? [] : [messageOf(row)]));
      return { lastSeq: first.lastSeq, messages: messages.slice(0, count), hasMore: messages.length > count };
    };
    if (after !== undefined) return read(PAGE_AFTER, after, limit);
    if (around === undefined) {
      const older = await read(PAGE_BEFORE, before ?? null, limit);
      return { ...older, messages: older.messages.reverse() };
    }
    const half = Math.ceil(limit / 2);
    const [older, newer] = await Promise.all([
      read(PAGE_BEFORE, around, half),
      read(PAGE_AFTER, around - 1, Math.max(1, limit - half)),
    ]);
    return { lastSeq: newer.lastSeq, messages: [...older.messages.reverse(), ...newer.messages], hasMore: older.hasMore };
  }

  /** Returns one message. Throws `CONVERSATIONS_MISSING` when the caller may not see it. */
  async get({ subscriber, person }: Actor, discussion: string, seq: number): Promise<Message> {
    const [row] = await this.tables.of(subscriber).rows(ONE, discussion, seq, person);
    if (!row) throw missingMessage(discussion, seq);
    return messageOf(row);
  }

  /** Changes a message of the caller. The content before the change is kept. */
  async edit(actor: Actor, discussion: string, seq: number, change: MessageEdit): Promise<Message> {
    const tables = this.tables.of(actor.subscriber);
    await tables.transaction(async (inner) => {
      const row = await this.#locked(inner, actor, discussion, seq);
      if (row.author !== actor.person)
        throw conversationsFail.CONVERSATIONS_FORBIDDEN('only the author changes a message', { sent: 'no' });
      if (row.deletedAt) throw conversationsFail.CONVERSATIONS_DELETED('the message was deleted', { sent: 'no' });
      requireVersion(row, change.version);
      const text = change.text ?? row.text;
      // spans of the text before the change would lie at wrong places
      const spans = change.spans ?? (change.text === undefined ? (row.spans ?? []) : []);
      const data = 'data' in change ? change.data : row.data;
      const buttons = change.buttons ?? row.buttons;
      checkContent({ spans, data: data ?? undefined, buttons: buttons ?? undefined }, text);
      await inner.rows(KEEP_VERSION, discussion, seq, actor.person);
      await inner.rows(
        EDIT,
        discussion,
        seq,
        text,
        spans.length === 0 ? null : JSON.stringify(spans),
        data === null || data === undefined ? null : JSON.stringify(data),
        buttons && buttons.length > 0 ? JSON.stringify(buttons) : null,
      );
    });
    return this.#changed(tables, discussion, seq);
  }

  /** Deletes a message of the caller, or of anybody in a discussion that the caller owns. A second deletion changes nothing. */
  async delete(actor: Actor, discussion: string, seq: number): Promise<Message> {
    const tables = this.tables.of(actor.subscriber);
    const files = await tables.transaction(async (inner) => {
      const row = await this.#locked(inner, actor, discussion, seq);
      if (row.author !== actor.person && row.role !== 'owner')
        throw conversationsFail.CONVERSATIONS_FORBIDDEN('only the author and owners delete a message', { sent: 'no' });
      if (row.deletedAt) return [];
      await inner.rows(KEEP_VERSION, discussion, seq, actor.person);
      await inner.rows(DELETE, discussion, seq);
      return inner.rows(DELETE_FILES, discussion, seq);
    });
    if (files.length > 0)
      this.listener.filesDeleted(
        actor.subscriber,
        files.map(({ id }) => id),
      );
    return this.#changed(tables, discussion, seq);
  }

  /** Returns the earlier versions of a message: for its author and for owners of the discussion. */
  async history(actor: Actor, discussion: string, seq: number): Promise<MessageVersions> {
    const tables = this.tables.of(actor.subscriber);
    const [row] = await tables.rows(ONE, discussion, seq, actor.person);
    if (!row) throw missingMessage(discussion, seq);
    if (row.author !== actor.person && row.role !== 'owner')
      throw conversationsFail.CONVERSATIONS_FORBIDDEN('only the author and owners see earlier versions', { sent: 'no' });
    const versions = await tables.rows(VERSIONS, discussion, seq);
    return {
      versions: versions.map(({ version, at, by, content: { text = '', spans = [], ...rest } }) => ({
        version,
        at: at.toISOString(),
        by,
        text,
        spans,
        ...rest,
      })),
    };
  }

  /** Adds or removes a reaction of the caller. A repetition changes nothing. */
  async react(actor: Actor, discussion: string, seq: number, emoji: string, isSet: boolean): Promise<Message> {
    const tables = this.tables.of(actor.subscriber);
    await tables.transaction(async (inner) => {
      const row = await this.#locked(inner, actor, discussion, seq);
      if (row.deletedAt) throw conversationsFail.CONVERSATIONS_DELETED('the message was deleted', { sent: 'no' });
      await inner.rows(isSet ? REACT : UNREACT, discussion, seq, actor.person, emoji);
    });
    return this.#changed(tables, discussion, seq);
  }

  /** Presses a button: the author of the message and the flows of a bot receive an event. A repeated press is one press. */
  async press(actor: Actor, discussion: string, seq: number, button: string, clientId: string): Promise<void> {
    const tables = this.tables.of(actor.subscriber);
    const [row] = await tables.rows(ONE, discussion, seq, actor.person);
    if (!row) throw missingMessage(discussion, seq);
    if (row.archived) throw refusal('archived', discussion);
    const found = (row.buttons ?? []).flat().find(({ id }) => id === button);
    if (!found?.enabled || found.action === undefined)
      throw conversationsFail.CONVERSATIONS_INVALID(`the message has no enabled button ${button.slice(0, 50)}`, { sent: 'no' });
    const { action, data } = found;
    const pressed = { button, action, ...(data !== undefined && { data }), person: actor.person };
    const [noted] = await tables.rows(PRESS, discussion, seq, actor.person, clientId, JSON.stringify(pressed), newEventId());
    if (noted?.heard) this.listener.heard();
    const press = { discussion, seq, ...pressed };
    if (noted?.isNew) this.feed.publish([row.author], 'conversations.button', press);
    // also of a repeated press: the first one may have died with its host before this
    const taken = await this.listener.pressed(actor.subscriber, row, press, clientId);
    if (!taken && noted?.isNew && !noted.heard)
      throw conversationsFail.CONVERSATIONS_INVALID('no flow waits for this button any more', { sent: 'no' });
  }

  /** Notes the run that waits for a button of a message. The token of an earlier attempt is replaced. */
  async wait({ subscriber }: Actor, discussion: string, seq: number, token: Buffer, deadline: Date): Promise<void> {
    await this.tables.of(subscriber).rows(WAIT, discussion, seq, token, deadline);
  }

  /** Marks messages as read, and so as received. Marks never move back, and never past the newest message; those of other discussions are ignored. */
  read(actor: Actor, marks: Marks): Promise<void> {
    return this.#mark(MARK_READ, MAX_SHOWN_READ_MARKS, actor, marks);
  }

  /** Marks messages as received by a client of the caller. */
  delivered(actor: Actor, marks: Marks): Promise<void> {
    return this.#mark(MARK_DELIVERED, MAX_SHOWN_DELIVERY_MARKS, actor, marks);
  }

  async #mark(statement: Statement<MarkRow>, maxShown: number, { subscriber, person }: Actor, marks: Marks): Promise<void> {
    const discussions = marks.map(({ discussion }) => discussion);
    const moved = await this.tables.of(subscriber).rows(
      statement,
      person,
      discussions,
      marks.map(({ seq }) => seq),
    );
    for (const { discussion, readSeq, deliveredSeq, people } of moved) {
      const shown = people.length > maxShown ? [person] : people;
      this.feed.publish(shown, 'conversations.marks', { discussion, person, readSeq, deliveredSeq });
    }
  }

  async #locked(tables: SubscriberTables, { person }: Actor, discussion: string, seq: number): Promise<MemberMessageRow> {
    const [row] = await tables.rows(LOCKED_ONE, discussion, seq, person);
    if (!row) throw missingMessage(discussion, seq);
    if (row.archived) throw refusal('archived', discussion);
    return row;
  }

  /** Sends a message to the members who may see it, and returns it. */
  async #changed(
    tables: SubscriberTables,
    discussion: string,
    seq: number,
    event: 'conversations.message' | 'conversations.message-changed' = 'conversations.message-changed',
  ): Promise<Message> {
    const [row] = await tables.rows(WITH_RECEIVERS, discussion, seq);
    if (!row) throw missingMessage(discussion, seq);
    const message = messageOf(row);
    this.feed.publish(row.people ?? [], event, message);
    return message;
  }
}

function requireVersion(row: MessageRow, version: number): void {
  if (row.version === version) return;
  const details = { message: messageOf(row) };
  throw conversationsFail.CONVERSATIONS_VERSION(`the message has version ${row.version}, not ${version}`, {
    sent: 'no',
    details,
  });
}

function refusal(outcome: Exclude<PostRow['outcome'], 'posted' | 'repeated'>, discussion: string): Error {
  const { CONVERSATIONS_ARCHIVED, CONVERSATIONS_INVALID, CONVERSATIONS_MISSING } = conversationsFail;
  const sent = { sent: 'no' } as const;
  switch (outcome) {
    case 'missing':
      return missing(discussion);
    case 'archived':
      return CONVERSATIONS_ARCHIVED(`the discussion ${discussion} is archived`, sent);
    case 'elsewhere':
      return CONVERSATIONS_INVALID('the clientId belongs to a message in another discussion', sent);
    case 'recipients':
      return CONVERSATIONS_INVALID('one of the recipients is no member of the discussion', sent);
    case 'reply':
      return CONVERSATIONS_MISSING('the message of `replyTo` does not exist', sent);
    case 'attachments':
      return CONVERSATIONS_MISSING('an attachment does not exist, or another message contains it', sent);
  }
}

function missingMessage(discussion: string, seq: number): Error {
  return conversationsFail.CONVERSATIONS_MISSING(`there is no message ${seq} in a discussion ${discussion}`, { sent: 'no' });
}
