// The record of posted, shown and read messages outside of the server. Each text begins with the number of the message among those of its author in
// its discussion, so that a missing, a repeated and a misplaced message are noticed without a list of all ids: the memory of a run of days is bounded
// by the number of open discussions and their unseen messages.

/** Failures of one kind that are kept with their ids; further ones are counted. */
const MAX_KEPT = 20;
const MAX_DROPPED = 10_000;
/** The server counts the unread messages of a discussion up to this number. */
export const MAX_UNREAD = 100;
/** Seen messages that a discussion keeps at most before it forgets those that all members have seen. */
const MAX_SEEN_ENTRIES = 64;

/** Number of the message among those of its author in its discussion; undefined for a text of other origin. */
const numberOf = (text) => Number(/^#(\d+) /.exec(text)?.[1]);

export class Ledger {
  /**
   * Numbers of posts, of views that they cause (one for each member who may see a message), of messages that were first seen live or by reading, of
   * live events that came again, and of gaps in live events.
   */
  counts = { posted: 0, views: 0, live: 0, byReading: 0, repeatedLive: 0, gaps: 0, discussions: 0 };
  #logs = new Map();
  #people = new Map();
  #dropped = new Map();
  #failures = new Map();
  #onShown;

  /** @param {(ms: number) => void} onShown called with the time from the post to the live event, for each member except the author */
  constructor(onShown = () => {}) {
    this.#onShown = onShown;
  }

  /** Records a new discussion. Must be called before its first post. `countsUnread`: whether the total of unread messages includes it. */
  open(discussion, members, { countsUnread = true } = {}) {
    this.counts.discussions++;
    const log = {
      id: discussion,
      countsUnread,
      isRetired: false,
      hasPrivate: false,
      /** All messages up to here were seen by all members, and are forgotten. */
      base: 0,
      /** All messages up to here are known. */
      head: 0,
      entries: new Map(),
      issued: new Map(),
      authors: new Map(),
      members: new Map(members.map((person) => [person, { seen: 0, ahead: new Set(), read: 0, unread: 0 }])),
    };
    this.#logs.set(discussion, log);
    for (const person of members) this.#person(person).logs.add(log);
  }

  /** Returns the discussions in which a person may post. */
  discussionsOf(person) {
    return [...this.#person(person).logs].filter((log) => !log.isRetired).map(({ id }) => id);
  }

  membersOf(discussion) {
    return [...this.#logs.get(discussion).members.keys()];
  }

  /**
   * Records that a message is about to be posted. An author has one message of a discussion on its way at a time, and repeats it until it is
   * confirmed.
   *
   * @returns {{ clientId: string, text: string, number: number }}
   */
  post(discussion, author, words, recipients) {
    const log = this.#logs.get(discussion);
    const known = log.authors.get(author) ?? { issued: 0, confirmed: 0, inLog: 0 };
    log.authors.set(author, known);
    const number = ++known.issued;
    if (recipients) log.hasPrivate = true;
    log.issued.set(`${author} ${number}`, { author, number, recipients, at: performance.now() });
    this.counts.posted++;
    this.counts.views += recipients ? recipients.length + 1 : log.members.size;
    return { clientId: `${discussion}-${number}`, text: `#${number} ${words}`, number };
  }

  /** Records that the server has confirmed a message. */
  confirmed(discussion, author, number) {
    const log = this.#logs.get(discussion);
    log.authors.get(author).confirmed = number;
    this.#tidy(log);
  }

  /** Returns whether the author may post: the discussion is not retired, and no message of the author is on its way to it. */
  mayPost(discussion, author) {
    const log = this.#logs.get(discussion);
    if (!log || log.isRetired) return false;
    const { issued, confirmed } = log.authors.get(author) ?? { issued: 0, confirmed: 0 };
    return issued === confirmed;
  }

  /** Records a live event. Returns whether messages before it are missing, so that the person has to read them. */
  received(person, message) {
    const found = this.#find(person, message);
    if (!found) return false;
    const { log, member, entry } = found;
    if (message.seq <= member.seen || member.ahead.has(message.seq)) {
      this.counts.repeatedLive++;
      return member.ahead.size > 0;
    }
    this.counts.live++;
    if (entry && message.author !== person) this.#onShown(performance.now() - entry.at);
    member.ahead.add(message.seq);
    follow(member);
    const isGap = member.ahead.size > 0;
    if (isGap) this.counts.gaps++;
    this.#tidy(log);
    return isGap;
  }

  /**
   * Records a page of messages after {@link seenBy}, which the person may rely on: no visible message up to `upTo` is missing from it.
   *
   * @param {{ messages: readonly object[], upTo: number }} page
   */
  readPage(person, discussion, { messages, upTo }) {
    const log = this.#logs.get(discussion);
    if (!log) return; // dropped while the answer was on its way
    const member = log.members.get(person);
    for (const message of messages) {
      if (!this.#find(person, message)) continue;
      if (message.seq <= member.seen || member.ahead.has(message.seq)) continue;
      this.counts.byReading++;
      member.ahead.add(message.seq);
    }
    for (let seq = member.seen + 1; seq <= upTo; seq++) {
      const entry = log.entries.get(seq);
      if (member.ahead.delete(seq)) continue;
      if (entry && isVisible(entry, person)) this.#fail('lost', `${name(log, entry)} at ${seq}, for ${person}`);
      if (!entry && !log.hasPrivate) this.#fail('lost', `${discussion} ${seq}: no member has seen it`);
    }
    member.seen = Math.max(member.seen, upTo);
    follow(member);
    this.#tidy(log);
  }

  /** Returns the seq up to which the person has seen all messages of the discussion. */
  seenBy(person, discussion) {
    return this.#logs.get(discussion)?.members.get(person)?.seen;
  }

  /** Records that the person marks the messages up to `seq`, which must all have been seen, as read. */
  markRead(person, discussion, seq) {
    const log = this.#logs.get(discussion);
    const member = log?.members.get(person);
    if (!member || seq <= member.read) return;
    member.read = seq;
    member.unread = 0;
    for (let each = seq + 1; each <= log.head; each++) {
      const entry = log.entries.get(each);
      if (entry && entry.author !== person && isVisible(entry, person)) member.unread++;
    }
  }

  /** Ends the use of a discussion. It is forgotten as soon as all members have seen all messages. */
  retire(discussion) {
    const log = this.#logs.get(discussion);
    log.isRetired = true;
    this.#tidy(log);
  }

  /** Returns the discussions of the person with their number of unread messages, those of retired ones included. */
  unreadOf(person) {
    const { logs, retired } = this.#person(person);
    const each = new Map([...logs].map((log) => [log.id, Math.min(log.members.get(person).unread, MAX_UNREAD)]));
    const counted = [...logs].filter((log) => log.countsUnread).map((log) => each.get(log.id));
    const total = {
      discussions: retired.discussions + counted.filter((unread) => unread > 0).length,
      messages: retired.messages + counted.reduce((sum, unread) => sum + unread, 0),
    };
    return { each, total };
  }

  /** Records a difference that the caller has found. */
  fail(kind, id) {
    this.#fail(kind, id);
  }

  /** Verifies that each confirmed message was seen. To be called when all members have read everything. */
  verifyConfirmed() {
    for (const log of this.#logs.values()) {
      for (const [author, { confirmed, inLog }] of log.authors) {
        for (let number = inLog + 1; number <= confirmed; number++) this.#fail('lost', name(log, { author, number }));
      }
    }
  }

  /** Kinds of failures with their number and the ids of the first ones; empty when nothing went wrong. */
  get failures() {
    return Object.fromEntries(this.#failures);
  }

  /** Number of messages and discussions that are kept now: the memory of the ledger. */
  get size() {
    return [...this.#logs.values()].reduce((sum, log) => sum + log.entries.size + log.issued.size, this.#logs.size);
  }

  #person(person) {
    const known = this.#people.get(person) ?? { logs: new Set(), retired: { discussions: 0, messages: 0 } };
    this.#people.set(person, known);
    return known;
  }

  /** Checks that the person may see the message, and that it is the only one in its place. */
  #find(person, { discussion, seq, author, text }) {
    const log = this.#logs.get(discussion);
    if (!log) {
      // an event that a page of messages has overtaken
      if (!this.#dropped.get(discussion)?.has(person)) this.#fail('foreign', `${discussion} ${seq}, seen by ${person}`);
      return undefined;
    }
    const member = log.members.get(person);
    if (!member) {
      this.#fail('foreign', `${discussion} ${seq}, seen by ${person}`);
      return undefined;
    }
    const entry = this.#place(log, seq, author, numberOf(text));
    if (entry && !isVisible(entry, person)) this.#fail('foreign', `${name(log, entry)} at ${seq}, seen by ${person}`);
    return { log, member, entry };
  }

  #place(log, seq, author, number) {
    if (seq <= log.base) return undefined;
    const known = log.entries.get(seq);
    if (known) {
      const isSame = known.author === author && known.number === number;
      if (!isSame) this.#fail('changed', `${name(log, known)} at ${seq} is also ${name(log, { author, number })}`);
      return known;
    }
    const key = `${author} ${number}`;
    const issued = log.issued.get(key);
    if (!issued) {
      const isKnown = number <= (log.authors.get(author)?.issued ?? 0);
      this.#fail(isKnown ? 'twice' : 'unsent', `${name(log, { author, number })} at ${seq}`);
    }
    log.issued.delete(key);
    const entry = issued ?? { author, number, at: performance.now() };
    log.entries.set(seq, entry);
    this.#advance(log);
    return entry;
  }

  #advance(log) {
    for (let entry = log.entries.get(log.head + 1); entry; entry = log.entries.get(log.head + 1)) {
      log.head++;
      const author = log.authors.get(entry.author);
      if (author) {
        if (entry.number !== author.inLog + 1)
          this.#fail('order', `${name(log, entry)} at ${log.head}, after number ${author.inLog}`);
        author.inLog = Math.max(author.inLog, entry.number);
      }
      for (const [person, member] of log.members) {
        if (person !== entry.author && log.head > member.read && isVisible(entry, person)) member.unread++;
      }
    }
  }

  #tidy(log) {
    if (!log.isRetired && log.entries.size < MAX_SEEN_ENTRIES) return;
    const states = [...log.members.values()];
    const seenByAll = Math.min(log.head, ...states.map(({ seen }) => seen));
    for (let seq = log.base + 1; seq <= seenByAll; seq++) log.entries.delete(seq);
    log.base = Math.max(log.base, seenByAll);
    const isComplete = log.entries.size === 0 && [...log.authors.values()].every(isSettled);
    if (log.isRetired && isComplete) this.#drop(log);
  }

  #drop(log) {
    this.#logs.delete(log.id);
    for (const [person, { unread }] of log.members) {
      const { logs, retired } = this.#person(person);
      logs.delete(log);
      if (!log.countsUnread || unread === 0) continue;
      retired.discussions++;
      retired.messages += Math.min(unread, MAX_UNREAD);
    }
    this.#dropped.set(log.id, new Set(log.members.keys()));
    if (this.#dropped.size > MAX_DROPPED) this.#dropped.delete(this.#dropped.keys().next().value);
  }

  #fail(kind, id) {
    const known = this.#failures.get(kind) ?? { count: 0, ids: [] };
    this.#failures.set(kind, known);
    known.count++;
    if (known.ids.length < MAX_KEPT) known.ids.push(id);
  }
}

const isVisible = ({ author, recipients }, person) => !recipients || author === person || recipients.includes(person);

const name = (log, { author, number }) => `${log.id} number ${number} of ${author}`;

/** Whether all messages of an author are confirmed and seen. */
const isSettled = ({ issued, confirmed, inLog }) => issued === confirmed && issued === inLog;

/** Moves the end of the seen messages over those that were seen early. */
function follow(member) {
  while (member.ahead.delete(member.seen + 1)) member.seen++;
}
