import type { Discussion, Message } from './shapes.js';

export type Filter = 'all' | 'unread' | 'direct' | 'contextual';
export const FILTERS = ['all', 'unread', 'direct', 'contextual'] as const;

/** The server counts unread messages up to this number. */
export const MAX_UNREAD = 100;

/** The discussions that the page knows, by id. */
export type DiscussionList = ReadonlyMap<string, Discussion>;

/** Adds discussions of a page of the list, or one that was opened or changed. */
export function withDiscussions(list: DiscussionList, discussions: readonly Discussion[]): DiscussionList {
  const next = new Map(list);
  for (const discussion of discussions) if (discussion.kind !== 'channel') next.set(discussion.id, discussion);
  return next;
}

/** Applies the live event of a changed discussion, which has no last message. Read marks never move back. */
export function withChangedDiscussion(list: DiscussionList, changed: Discussion): DiscussionList {
  const known = list.get(changed.id);
  if (!known) return withDiscussions(list, [changed]);
  const isBehind = changed.readSeq < known.readSeq;
  const lastMessage = changed.lastMessage ?? known.lastMessage;
  return withDiscussions(list, [
    {
      ...changed,
      lastSeq: Math.max(changed.lastSeq, known.lastSeq),
      ...(lastMessage && { lastMessage }),
      ...(isBehind && { readSeq: known.readSeq, unread: known.unread, mentioned: known.mentioned }),
      activeAt: later(changed.activeAt, known.activeAt),
    },
  ]);
}

/** Applies a new message to the list: last message, order and the unread count. Unknown discussions have to be read from the server. */
export function withMessage(list: DiscussionList, message: Message, me: string): DiscussionList {
  const known = list.get(message.discussion);
  if (!known) return list;
  if (!isNewIn(known, message)) return withChangedMessage(list, message);
  // the event of the discussion may have counted the message before the event of the message arrives
  if (message.seq <= known.lastSeq) return withDiscussions(list, [{ ...known, lastMessage: message }]);
  // an own message, which may come from another client of the user, does not mean that the messages before it were read
  const counts = message.author !== me && message.seq > known.readSeq;
  return withDiscussions(list, [
    {
      ...known,
      lastSeq: message.seq,
      lastMessage: message,
      activeAt: later(message.at, known.activeAt),
      unread: Math.min(MAX_UNREAD, known.unread + (counts ? 1 : 0)),
      mentioned: known.mentioned || (counts && mentions(message, me)),
    },
  ]);
}

/** Applies an edit, a deletion or a reaction to the last message of the list. */
export function withChangedMessage(list: DiscussionList, message: Message): DiscussionList {
  const known = list.get(message.discussion);
  if (known?.lastMessage?.seq !== message.seq || message.version < known.lastMessage.version) return list;
  return withDiscussions(list, [{ ...known, lastMessage: message }]);
}

/** Applies read and delivery marks of a member; of the caller they also reduce the unread count. */
export function withMarks(
  list: DiscussionList,
  { discussion, person, readSeq, deliveredSeq }: { discussion: string; person: string; readSeq: number; deliveredSeq: number },
  me: string,
): DiscussionList {
  const known = list.get(discussion);
  if (!known) return list;
  const members = known.members.map((member) =>
    member.person === person
      ? {
          ...member,
          readSeq: Math.max(member.readSeq, readSeq),
          deliveredSeq: Math.max(member.deliveredSeq, deliveredSeq, readSeq),
        }
      : member,
  );
  if (person !== me || readSeq <= known.readSeq) return withDiscussions(list, [{ ...known, members }]);
  const isRead = readSeq >= known.lastSeq;
  const unread = isRead ? 0 : Math.min(known.unread, known.lastSeq - readSeq);
  return withDiscussions(list, [{ ...known, members, readSeq, unread, mentioned: known.mentioned && unread > 0 }]);
}

/** Returns whether the list does not show the message or a later one yet. */
export function isNewIn({ lastMessage }: Discussion, { seq }: Message): boolean {
  return seq > (lastMessage?.seq ?? 0);
}

export function withoutDiscussion(list: DiscussionList, id: string): DiscussionList {
  const next = new Map(list);
  next.delete(id);
  return next;
}

/** Returns the discussions of a filter, newest activity first. Archived ones are shown only if asked for. */
export function shown(list: DiscussionList, filter: Filter, archived = false): Discussion[] {
  return [...list.values()]
    .filter((discussion) => (discussion.archivedAt !== undefined) === archived && matches(discussion, filter))
    .sort((a, b) => Date.parse(b.activeAt) - Date.parse(a.activeAt) || (a.id < b.id ? -1 : 1));
}

function matches({ kind, unread }: Discussion, filter: Filter): boolean {
  if (filter === 'all') return true;
  return filter === 'unread' ? unread > 0 : kind === filter;
}

/** Returns the number of discussions with unread messages, without muted ones. */
export function unreadDiscussions(list: DiscussionList, now: number): number {
  return [...list.values()].filter((one) => one.unread > 0 && !isMuted(one, now)).length;
}

export function isMuted({ mutedUntil }: Discussion, now: number): boolean {
  return mutedUntil !== undefined && Date.parse(mutedUntil) > now;
}

export function mentions(message: Message, person: string): boolean {
  return message.spans.some((span) => span.kind === 'mention' && span.person === person);
}

/** Returns the other person of a direct discussion. */
export function otherOf(discussion: Discussion, me: string): string | undefined {
  return discussion.kind === 'direct' ? discussion.members.find(({ person }) => person !== me)?.person : undefined;
}

/** Returns the ids of the known members that have read a message, without its author. */
export function readersOf(discussion: Discussion, message: Message): string[] {
  return discussion.members
    .filter(({ person, readSeq }) => person !== message.author && readSeq >= message.seq)
    .map(({ person }) => person);
}

function later(a: string, b: string): string {
  return Date.parse(a) >= Date.parse(b) ? a : b;
}
