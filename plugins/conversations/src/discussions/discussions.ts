import { newEventId } from '@sluice/plugin-api';
import { MAX_MEMBERS, type Discussion, type DiscussionChange, type MemberPage, type NewDiscussion } from '../contract.js';
import type { SubscriberTables, Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import type { LiveFeed } from '../live/live-feed.js';
import { messageOf } from '../messages/message-rows.js';
import { cursorOf, readCursor } from '../paging.js';
import { cleanName } from '../people/names.js';
import type { Caller } from '../people/people.js';
import { discussionOf, MEMBERS_SHOWN } from './discussion-rows.js';
import {
  BY_ID,
  BY_KEY,
  BY_PAIR,
  CHANGE,
  COUNT_MEMBERS,
  COUNT_PEOPLE,
  CREATE,
  JOIN,
  LEAVE,
  LIST,
  LOCKED_MEMBERSHIP,
  MEMBER_IDS,
  MEMBERS,
  MUTE,
  NEWEST,
  PROMOTE,
  UNREAD_TOTAL,
  VIEWS,
  type MembershipRow,
} from './discussion-statements.js';

/** Maximum number of members of a discussion in which people see who is typing. */
const MAX_SHOWN_TYPING = 100;

/** On whose behalf discussions are used: a person, or a bot of a flow. */
export type Actor = Pick<Caller, 'subscriber' | 'person'> & {
  /** The token grants the scope `conversations:server`, or a flow acts. */
  readonly isServer: boolean;
  /** A flow acts, which the operator has written: it needs no role in a discussion, and becomes a member of those that it uses. */
  readonly isFlow?: true;
};

export interface ListQuery {
  readonly kind?: Discussion['kind'] | undefined;
  readonly search?: string | undefined;
  readonly archived: boolean;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Counts the discussions that somebody creates. */
export interface CreationQuota {
  /** Throws when no discussion may be created now. Discussions that exist can be opened nevertheless. */
  creating(): void;
  /** Another request has created the discussion meanwhile, or the creation failed. */
  notCreated(): void;
}

interface OpenedDiscussion {
  readonly id: string;
  readonly created: boolean;
  /** People who have become members. */
  readonly joined: readonly string[];
  /** A new discussion as the caller sees it. */
  readonly view?: Discussion;
}

/** Discussions and their members. A person sees the discussions of which he is a member; the others do not exist for him. */
export class Discussions {
  constructor(
    private readonly tables: Tables,
    private readonly feed: LiveFeed,
  ) {}

  /** Returns the discussions of the caller, newest activity first. */
  async list(
    actor: Actor,
    { kind, search, archived, after, limit }: ListQuery,
  ): Promise<{ discussions: Discussion[]; next?: string }> {
    const at = readCursor(after);
    const pattern = search === undefined ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`;
    const tables = this.tables.of(actor.subscriber);
    const rows = await tables.rows(
      LIST,
      actor.person,
      kind ?? null,
      pattern,
      archived,
      at?.position ?? null,
      at?.id ?? null,
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return { discussions: await this.#withNewest(actor, shown.map(discussionOf)), ...(last && { next: cursorOf(last) }) };
  }

  /** Returns a discussion with its newest message. Throws `CONVERSATIONS_MISSING` when the caller is no member. */
  async get(actor: Actor, id: string): Promise<Discussion> {
    const [row] = await this.tables.of(actor.subscriber).rows(VIEWS, id, [actor.person]);
    if (!row) throw missing(id);
    const [found] = await this.#withNewest(actor, [discussionOf(row)]);
    return found as Discussion;
  }

  /** Returns the number of unread messages, without muted and archived discussions and channels. */
  async unread({ subscriber, person }: Actor): Promise<{ discussions: number; messages: number }> {
    const [row] = await this.tables.of(subscriber).rows(UNREAD_TOTAL, person);
    return row ?? { discussions: 0, messages: 0 };
  }

  /**
   * Creates a discussion, or returns the one with the same key or of the same pair, however many ask at once. The caller is a member then.
   *
   * @param knownId of a new discussion; a repetition with the same id returns the discussion that exists
   * @param quota of the caller; absent: no limit
   * @throws `CONVERSATIONS_INVALID` when the fields do not fit the kind, `CONVERSATIONS_MISSING` for an unknown person,
   *   `CONVERSATIONS_FORBIDDEN` for a channel without the scope `conversations:server`.
   */
  async open(
    actor: Actor,
    wanted: NewDiscussion,
    knownId?: string,
    quota?: CreationQuota,
  ): Promise<{ discussion: Discussion; created: boolean }> {
    checkKind(actor, wanted);
    const people = [...new Set(wanted.members)].filter((person) => person !== actor.person);
    const pair = wanted.kind === 'direct' ? pairOf(actor.person, people) : undefined;
    const tables = this.tables.of(actor.subscriber);
    const id = knownId ?? newEventId();
    const existing = () => this.#existing(tables, actor, wanted, pair, id);
    const create = async () => {
      quota?.creating();
      const created = await this.#create(tables, actor, wanted, people, pair, id).catch((error: unknown) => {
        quota?.notCreated();
        throw error;
      });
      if (!created) quota?.notCreated();
      return created;
    };
    // a group with an id of its own cannot exist
    const isNew = wanted.key === undefined && pair === undefined && knownId === undefined;
    const found = (isNew ? undefined : await existing()) ?? (await create());
    // a creation at the same time on another connection was first
    const opened = found ?? (await existing());
    if (!opened) throw missing(wanted.key ?? pair ?? id);
    if (opened.view) return { discussion: opened.view, created: true };
    if (opened.joined.length > 0) await this.#announce(actor.subscriber, opened.id);
    return { discussion: await this.get(actor, opened.id), created: opened.created };
  }

  /** Changes the title and the settings of a discussion: an owner. Mutes it for the caller: any member. */
  async change(actor: Actor, id: string, change: DiscussionChange): Promise<Discussion> {
    const { title, isArchived, mutedUntil, retentionDays } = change;
    const concernsAll = title !== undefined || isArchived !== undefined || retentionDays !== undefined;
    await this.tables.of(actor.subscriber).transaction(async (tables) => {
      const own = await this.#locked(tables, actor, id);
      if (concernsAll) requireOwner(actor, own);
      if (title !== undefined && own.kind === 'direct')
        throw conversationsFail.CONVERSATIONS_INVALID('a direct discussion has no title', { sent: 'no' });
      if (concernsAll)
        await tables.rows(
          CHANGE,
          id,
          title === undefined ? null : cleanName(title).name,
          isArchived ?? null,
          retentionDays !== undefined,
          retentionDays ?? null,
        );
      if (mutedUntil !== undefined) await tables.rows(MUTE, id, actor.person, mutedUntil);
    });
    await this.#announce(actor.subscriber, id, concernsAll ? undefined : [actor.person]);
    return this.get(actor, id);
  }

  /** Returns the members in the order of joining. */
  async members(actor: Actor, id: string, after: string | undefined, limit: number): Promise<MemberPage> {
    const at = readCursor(after);
    const rows = await this.tables
      .of(actor.subscriber)
      .rows(MEMBERS, id, actor.person, at?.position ?? null, at?.id ?? null, limit + 1);
    if (rows.length === 0 && !at) throw missing(id);
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return { members: shown.map(({ member }) => member), ...(last && { next: cursorOf(last) }) };
  }

  /** Adds people to a discussion: an owner. People who are members stay as they are. */
  async invite(actor: Actor, id: string, people: readonly string[]): Promise<void> {
    const joined = await this.tables.of(actor.subscriber).transaction(async (tables) => {
      const own = await this.#locked(tables, actor, id);
      requireOwner(actor, own);
      if (own.kind === 'direct')
        throw conversationsFail.CONVERSATIONS_INVALID('a direct discussion has two members: open a group', { sent: 'no' });
      return this.#join(tables, id, people, 'member');
    });
    if (joined.length > 0) await this.#announce(actor.subscriber, id);
  }

  /** Removes a member: an owner, or the person himself. The oldest member becomes the owner when none remains. */
  async remove(actor: Actor, id: string, person: string): Promise<void> {
    const left = await this.tables.of(actor.subscriber).transaction(async (tables) => {
      const own = await this.#locked(tables, actor, id);
      if (person !== actor.person) requireOwner(actor, own);
      if (own.kind === 'direct')
        throw conversationsFail.CONVERSATIONS_INVALID('nobody leaves a direct discussion: archive or mute it', { sent: 'no' });
      const removed = await tables.rows(LEAVE, id, person);
      if (removed.length > 0) await tables.rows(PROMOTE, id);
      return removed.length > 0;
    });
    if (!left) return;
    this.feed.publish([person], 'conversations.left', { discussion: id });
    await this.#announce(actor.subscriber, id);
  }

  /** Makes the bot of a flow a member. Throws `CONVERSATIONS_MISSING` for an unknown discussion. */
  async enter({ subscriber, person }: Actor, id: string): Promise<void> {
    const tables = this.tables.of(subscriber);
    const [found] = await tables.rows(BY_ID, id, person);
    if (!found) throw missing(id);
    if (found.isMember) return;
    if (found.kind === 'direct')
      throw conversationsFail.CONVERSATIONS_FORBIDDEN('a direct discussion of two people has no third member', { sent: 'no' });
    const joined = await tables.rows(JOIN, id, [person], 'member');
    if (joined.length > 0) await this.#announce(subscriber, id);
  }

  /** Reports to the other members that the caller is typing; nothing is stored. In a large discussion, and for no member, nobody learns of it. */
  async typing({ subscriber, person }: Actor, id: string): Promise<void> {
    const members = await this.tables.of(subscriber).rows(MEMBER_IDS, id, person);
    if (members.length > MAX_SHOWN_TYPING) return;
    const others = members.map((member) => member.person).filter((other) => other !== person);
    this.feed.publish(others, 'conversations.typing', { discussion: id, person });
  }

  /** Returns the right of the caller in a discussion and keeps other writers out until the transaction ends. */
  async #locked(tables: SubscriberTables, { person }: Actor, id: string): Promise<MembershipRow> {
    const [own] = await tables.rows(LOCKED_MEMBERSHIP, id, person);
    if (!own) throw missing(id);
    return own;
  }

  async #existing(
    tables: SubscriberTables,
    actor: Actor,
    { kind, key }: NewDiscussion,
    pair: string | undefined,
    id: string,
  ): Promise<OpenedDiscussion | undefined> {
    const [found] =
      key !== undefined
        ? await tables.rows(BY_KEY, key, actor.person)
        : pair !== undefined
          ? await tables.rows(BY_PAIR, pair, actor.person)
          : await tables.rows(BY_ID, id, actor.person);
    if (!found) return undefined;
    if (found.kind !== kind)
      throw conversationsFail.CONVERSATIONS_INVALID(`the key belongs to a discussion of the kind ${found.kind}`, { sent: 'no' });
    const joined = found.isMember ? [] : await tables.rows(JOIN, found.id, [actor.person], null);
    return { id: found.id, created: false, joined: joined.map(({ person }) => person) };
  }

  /**
   * Creates a discussion in one statement, and sends it to its members. Returns undefined when a discussion with the key or of the pair has
   * appeared meanwhile.
   */
  async #create(
    tables: SubscriberTables,
    { person }: Actor,
    { kind, key, title, context }: NewDiscussion,
    people: readonly string[],
    pair: string | undefined,
    id: string,
  ): Promise<OpenedDiscussion | undefined> {
    const all = [person, ...people].sort();
    if (all.length > MAX_MEMBERS) throw tooManyMembers();
    const name = cleanName(title).name;
    const [row] = await tables.rows(CREATE, id, kind, key ?? null, pair ?? null, name, context ?? null, person, all);
    if (row?.known !== all.length) throw unknownPerson();
    if (row.at === null) return undefined;
    const at = row.at.toISOString();
    const roleOf = (one: string) => (kind === 'direct' || one === person ? 'owner' : 'member');
    const viewOf = (role: Discussion['role']): Discussion => ({
      id,
      kind,
      ...(key !== undefined && { key }),
      title: name,
      ...(context !== undefined && { context }),
      // as a later reading returns them: those who have joined at one time in the order of their ids
      members: all
        .slice(0, MEMBERS_SHOWN)
        .map((one) => ({ person: one, role: roleOf(one), readSeq: 0, deliveredSeq: 0, joinedAt: at })),
      memberCount: all.length,
      lastSeq: 0,
      readSeq: 0,
      unread: 0,
      mentioned: false,
      role,
      activeAt: at,
    });
    for (const role of ['owner', 'member'] as const)
      this.feed.publish(
        all.filter((one) => roleOf(one) === role),
        'conversations.discussion',
        viewOf(role),
      );
    return { id, created: true, joined: all, view: viewOf('owner') };
  }

  /** Adds people. Throws `CONVERSATIONS_MISSING` when one of them does not exist, and `CONVERSATIONS_LIMIT` for too many members. */
  async #join(
    tables: SubscriberTables,
    id: string,
    people: readonly string[],
    role: Discussion['role'],
  ): Promise<readonly string[]> {
    if (people.length === 0) return [];
    const [known] = await tables.rows(COUNT_PEOPLE, people);
    if (known?.count !== new Set(people).size) throw unknownPerson();
    const joined = await tables.rows(JOIN, id, people, role);
    const [all] = await tables.rows(COUNT_MEMBERS, id);
    if ((all?.count ?? 0) > MAX_MEMBERS) throw tooManyMembers();
    return joined.map(({ person }) => person);
  }

  /** Sends the discussion to the members, each as he sees it. */
  async #announce(subscriber: string, id: string, people?: readonly string[]): Promise<void> {
    const rows = await this.tables.of(subscriber).rows(VIEWS, id, people ?? null);
    for (const row of rows) this.feed.publish([row.viewer], 'conversations.discussion', discussionOf(row));
  }

  /** Adds the newest visible message to each discussion. */
  async #withNewest({ subscriber, person }: Actor, discussions: Discussion[]): Promise<Discussion[]> {
    const filled = discussions.filter(({ lastSeq }) => lastSeq > 0).map(({ id }) => id);
    if (filled.length === 0) return discussions;
    const newest = await this.tables.of(subscriber).rows(NEWEST, person, filled);
    const byDiscussion = new Map(newest.map((row) => [row.discussion, messageOf(row)]));
    return discussions.map((one) => {
      const lastMessage = byDiscussion.get(one.id);
      return lastMessage ? { ...one, lastMessage } : one;
    });
  }
}

function checkKind({ isServer }: Actor, { kind, key, title }: NewDiscussion): void {
  const refuse = (reason: string) => conversationsFail.CONVERSATIONS_INVALID(reason, { sent: 'no' });
  if (kind === 'channel' && !isServer)
    throw conversationsFail.CONVERSATIONS_FORBIDDEN('a channel is opened by a token with the scope conversations:server', {
      sent: 'no',
    });
  if (kind === 'contextual' && key === undefined) throw refuse('a contextual discussion needs `key`');
  if (key !== undefined && kind !== 'contextual' && kind !== 'channel') throw refuse(`a ${kind} discussion has no key`);
  if (kind === 'direct' && title !== '') throw refuse('a direct discussion has no title');
}

/** Returns both ids, the smaller one first. */
function pairOf(person: string, [other, ...more]: readonly string[]): string {
  if (other === undefined || more.length > 0)
    throw conversationsFail.CONVERSATIONS_INVALID('a direct discussion needs exactly one other person in `members`', {
      sent: 'no',
    });
  return [person, other].sort().join(':');
}

function requireOwner({ isFlow }: Actor, { role }: MembershipRow): void {
  if (role !== 'owner' && isFlow !== true)
    throw conversationsFail.CONVERSATIONS_FORBIDDEN('only an owner of the discussion may do this', { sent: 'no' });
}

function unknownPerson(): Error {
  return conversationsFail.CONVERSATIONS_MISSING('one of the people does not exist', { sent: 'no' });
}

function tooManyMembers(): Error {
  return conversationsFail.CONVERSATIONS_LIMIT(`a discussion has up to ${MAX_MEMBERS} members`, { sent: 'no' });
}

/** The same error for a discussion that does not exist and for one that the caller may not see. */
export function missing(id: string): Error {
  return conversationsFail.CONVERSATIONS_MISSING(`there is no discussion ${id.slice(0, 100)}`, { sent: 'no' });
}
