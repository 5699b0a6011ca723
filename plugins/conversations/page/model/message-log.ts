import type { Message, MessagePage } from './shapes.js';

/**
 * The messages of one discussion that the page holds: all that its reader may see between two seqs. A message with `recipients` is absent for
 * other members, so a missing seq inside the range is no gap. A gap can only lie above `to`.
 */
export interface MessageLog {
  /** By seq. */
  readonly messages: readonly Message[];
  /** Every visible message from this seq up to `to` is in `messages`. */
  readonly from: number;
  /** 0 for an empty discussion. */
  readonly to: number;
  /** The highest known seq of the discussion. */
  readonly lastSeq: number;
  /** Whether older messages may exist. */
  readonly hasOlder: boolean;
  /** Whether the range reaches, or is about to reach, the newest message: new ones are appended. */
  readonly isFollowing: boolean;
  /** Live messages above a gap. They are shown once a catch-up has closed it. */
  readonly early: readonly Message[];
}

/** Messages that a reader keeps loaded while scrolling, so that memory does not grow with the history. */
export const MAX_MESSAGES = 600;

export const EMPTY_LOG: MessageLog = {
  messages: [],
  from: 1,
  to: 0,
  lastSeq: 0,
  hasOlder: false,
  isFollowing: false,
  early: [],
};

/** Returns whether messages after `to` have to be requested. */
export function hasGap(log: MessageLog): boolean {
  return log.isFollowing && log.to < log.lastSeq;
}

/** Returns whether newer messages exist that a reader reaches by scrolling down. */
export function hasNewer(log: MessageLog): boolean {
  return !log.isFollowing && log.to < log.lastSeq;
}

/** The log after its newest messages were read: `GET …/messages?limit=`. */
export function openAtEnd(page: MessagePage): MessageLog {
  return {
    messages: page.messages,
    from: page.hasMore ? (page.messages[0]?.seq ?? 1) : 1,
    to: page.lastSeq,
    lastSeq: page.lastSeq,
    hasOlder: page.hasMore,
    isFollowing: true,
    early: [],
  };
}

/** The log after the messages around a seq were read: `GET …/messages?around=`. */
export function openAround(page: MessagePage): MessageLog {
  const from = page.messages[0]?.seq ?? 1;
  const to = page.messages.at(-1)?.seq ?? page.lastSeq;
  return {
    messages: page.messages,
    from,
    to,
    lastSeq: page.lastSeq,
    hasOlder: from > 1,
    isFollowing: to >= page.lastSeq,
    early: [],
  };
}

/** Adds a page of `GET …/messages?before=`. A page that another request has overtaken changes nothing. */
export function addOlder(log: MessageLog, before: number, page: MessagePage): MessageLog {
  if (before !== log.from) return log;
  return {
    ...log,
    messages: merged(page.messages, log.messages),
    from: page.hasMore ? (page.messages[0]?.seq ?? 1) : 1,
    hasOlder: page.hasMore,
    lastSeq: Math.max(log.lastSeq, page.lastSeq),
  };
}

/** Adds a page of `GET …/messages?after=`. A page that another request has overtaken changes nothing. */
export function addNewer(log: MessageLog, after: number, page: MessagePage): MessageLog {
  if (after !== log.to) return log;
  const to = page.hasMore ? (page.messages.at(-1)?.seq ?? log.to) : Math.max(log.to, page.lastSeq);
  return adoptEarly({
    ...log,
    messages: merged(log.messages, page.messages),
    to,
    lastSeq: Math.max(log.lastSeq, page.lastSeq),
    isFollowing: log.isFollowing || !page.hasMore,
  });
}

/** Forgets the newest messages of a log that has grown upwards beyond its limit. A reader who scrolls down reads them again. */
export function withoutNewest(log: MessageLog): MessageLog {
  const messages = log.messages.slice(0, MAX_MESSAGES);
  const to = messages.at(-1)?.seq;
  if (messages.length === log.messages.length || to === undefined) return log;
  return { ...log, messages, to, isFollowing: false, early: [] };
}

/** Forgets the oldest messages of a log that has grown downwards beyond its limit. */
export function withoutOldest(log: MessageLog): MessageLog {
  const messages = log.messages.slice(-MAX_MESSAGES);
  const from = messages[0]?.seq;
  if (messages.length === log.messages.length || from === undefined) return log;
  return { ...log, messages, from, hasOlder: true };
}

/** Adds a new or changed message that was received live or as the answer to a request of this page. */
export function addMessage(log: MessageLog, message: Message): MessageLog {
  const { seq } = message;
  const known = { ...log, lastSeq: Math.max(log.lastSeq, seq) };
  if (seq < log.from) return known;
  if (seq <= log.to) return { ...known, messages: merged(log.messages, [message]) };
  if (!log.isFollowing) return known;
  return adoptEarly({ ...known, early: merged(log.early, [message]) });
}

/** Records that the discussion has a message of this seq, for example after a reconnect. */
export function addLastSeq(log: MessageLog, lastSeq: number): MessageLog {
  return lastSeq > log.lastSeq ? { ...log, lastSeq } : log;
}

/** Appends early messages as far as they follow without a gap. */
function adoptEarly(log: MessageLog): MessageLog {
  const covered = log.early.filter(({ seq }) => seq <= log.to);
  let { to } = log;
  const next: Message[] = [];
  const rest: Message[] = [];
  for (const message of log.early) {
    if (message.seq <= log.to) continue;
    if (message.seq === to + 1) {
      next.push(message);
      to = message.seq;
    } else rest.push(message);
  }
  return { ...log, messages: merged(log.messages, [...covered, ...next]), to, early: rest };
}

/** Merges by seq. Of two copies the one with the higher version wins, of equal versions the later one: reactions do not raise the version. */
function merged(old: readonly Message[], added: readonly Message[]): readonly Message[] {
  const [first] = added;
  const last = old.at(-1);
  if (first === undefined) return old;
  if (last === undefined || last.seq < first.seq) return [...old, ...added];
  const bySeq = new Map(old.map((message) => [message.seq, message]));
  for (const message of added) {
    const known = bySeq.get(message.seq);
    if (!known || isNewer(message, known)) bySeq.set(message.seq, message);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function isNewer(message: Message, known: Message): boolean {
  if (known.deletedAt !== undefined && message.deletedAt === undefined) return false;
  return message.version >= known.version;
}
