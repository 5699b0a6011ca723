import { setTimeout as pause } from 'node:timers/promises';
import { pick, words } from './words.mjs';

/** Discussions of one participant above which the oldest one that was opened during the load is retired. */
const MAX_OPENED = 6;
const PAGE = 100;
const MAX_LIST_PAGES = 20;
const MESSAGES_OF_A_WRITE = 5;
const MEMBERS_OF_A_NEW_DISCUSSION = 5;
/** Share of the messages that only some members may see, where the server can do that. */
const PRIVATE_SHARE = 0.02;
/** A live event may overtake another one; the missing one is read after this time. */
const GAP_MS = 300;
const BACK_MS = 200;
const MAX_ATTEMPTS = 150;

/** A person of the load: uses the server as a client does, and records in the ledger what was posted and seen. */
export class Participant {
  #client;
  #crowd;
  #opened = [];
  #gaps = new Map();

  /** @param {import('./crowd.mjs').Crowd} crowd */
  constructor(crowd, client) {
    this.#crowd = crowd;
    this.#client = client;
    client.onMessage = (message) => {
      if (crowd.ledger.received(this.id, message)) this.#readGap(message.discussion);
    };
  }

  get id() {
    return this.#client.id;
  }

  /** The person as a client of the server. */
  get client() {
    return this.#client;
  }

  get isOpen() {
    return this.#client.isOpen;
  }

  /** Connects; a participant that is connected leaves first. */
  async login() {
    await this.leave();
    await this.#time('login', () => this.#client.connect());
  }

  leave() {
    return this.#client.close();
  }

  unread() {
    return this.#time('unread', () => this.#client.unread());
  }

  /** Reads all messages that came while the participant was away: the discussions with new messages lead the list. */
  async catchUp() {
    for await (const page of this.#lists()) {
      const behind = page.filter(({ id, lastSeq }) => lastSeq > (this.#ledger.seenBy(this.id, id) ?? lastSeq));
      for (const { id } of behind) await this.readOn(id);
      if (behind.length === 0) return;
    }
  }

  /** Yields the pages of the list of discussions. */
  async *#lists() {
    let after;
    for (let n = 0; n < MAX_LIST_PAGES; n++) {
      const { discussions, next } = await this.#time('list', () => this.#client.list({ after, limit: 50 }));
      yield discussions;
      if (next === undefined) return;
      after = next;
    }
  }

  /** Reads the messages of a discussion after those that were seen. */
  async readOn(discussion) {
    for (;;) {
      const after = this.#ledger.seenBy(this.id, discussion);
      if (after === undefined) return;
      const read = () => this.#client.messages(discussion, { after, limit: PAGE });
      const { messages, lastSeq } = await this.#time('catch up', read);
      const isLast = messages.length < PAGE;
      this.#ledger.readPage(this.id, discussion, { messages, upTo: isLast ? lastSeq : messages.at(-1).seq });
      if (isLast) return;
    }
  }

  /** Opens a discussion on the screen: its newest messages and the profile of an author; then marks all as read. */
  async readTurn() {
    const discussion = this.#any();
    if (discussion === undefined) return;
    const { messages } = await this.#time('messages', () => this.#client.messages(discussion, { before: 2 ** 31 - 1 }));
    const author = messages.at(-1)?.author;
    if (author !== undefined) await this.#time('profile', () => this.#client.profile(author));
    await this.readOn(discussion);
    const seen = this.#ledger.seenBy(this.id, discussion);
    if (seen === undefined || seen === 0) return;
    this.#ledger.markRead(this.id, discussion, seen);
    await this.#persistently(() => this.#time('mark read', () => this.#client.read(discussion, seen)));
  }

  /** Posts five messages, in 20 % of the turns into a new discussion. */
  async writeTurn(newShare) {
    const others = () => Array.from({ length: MEMBERS_OF_A_NEW_DISCUSSION - 1 }, () => pick(this.#crowd.people));
    const discussion = Math.random() < newShare ? await this.open('group', others()) : this.#any();
    if (discussion === undefined) return;
    for (let n = 0; n < MESSAGES_OF_A_WRITE; n++) await this.post(discussion);
  }

  /** Opens a channel for data with another bot, or puts data into one. */
  async botTurn() {
    const own = this.#any();
    if (own === undefined || Math.random() < 0.5) await this.open('channel', [pick(this.#crowd.bots)]);
    else await this.post(own, { asServer: true });
  }

  /** Opens a discussion and resolves with its id. */
  async open(kind, others, { key, countsUnread = kind !== 'channel', keep = false } = {}) {
    const members = [...new Set([this, ...others].map(({ id }) => id))];
    const title = kind === 'direct' ? '' : words().slice(0, 60);
    const wanted = { kind, key, title, members: members.filter((id) => id !== this.id) };
    const { id, created } = await this.#time(kind === 'channel' ? 'open channel' : 'open', () => this.#client.open(wanted));
    if (!created) return id; // the pair has a direct discussion already
    this.#ledger.open(id, members, { countsUnread });
    if (keep) return id;
    this.#opened.push(id);
    if (this.#opened.length > MAX_OPENED) this.#ledger.retire(this.#opened.shift());
    return id;
  }

  /** Posts a message, and repeats it with the same id until it is confirmed. Resolves with whether the participant could post. */
  async post(discussion, { asServer = false } = {}) {
    if (!this.#ledger.mayPost(discussion, this.id)) return false;
    const recipients = this.#recipients(discussion);
    const { clientId, text, number } = this.#ledger.post(discussion, this.id, words(), recipients);
    const send = asServer
      ? () => this.#client.postAsServer(discussion, clientId, { text, data: { text } })
      : () => this.#client.post(discussion, clientId, text, { recipients });
    await this.#persistently(() => this.#time(asServer ? 'post data' : 'post', send));
    this.#ledger.confirmed(discussion, this.id, number);
    return true;
  }

  /** Reads the rest of all discussions, so that the ledger knows all messages. */
  async readAll() {
    if (!this.isOpen) await this.login();
    for (const discussion of this.#ledger.unreadOf(this.id).each.keys()) await this.readOn(discussion);
  }

  /** Verifies the numbers of unread messages, when nobody posts any more and all have read all. */
  async verifyUnread() {
    const { each, total } = this.#ledger.unreadOf(this.id);
    for await (const page of this.#lists()) {
      for (const { id, unread } of page) {
        const expected = each.get(id);
        if (expected !== undefined && expected !== unread)
          this.#ledger.fail('unread', `${id}: ${unread} instead of ${expected}, for ${this.id}`);
      }
    }
    const counted = await this.unread();
    for (const key of ['discussions', 'messages']) {
      if (counted[key] !== total[key])
        this.#ledger.fail('unread', `${counted[key]} ${key} instead of ${total[key]}, for ${this.id}`);
    }
  }

  get #ledger() {
    return this.#crowd.ledger;
  }

  #time(name, work) {
    return this.#crowd.operations.time(name, work);
  }

  #any() {
    return pick(this.#ledger.discussionsOf(this.id));
  }

  #recipients(discussion) {
    if (!this.#crowd.side.hasRecipients || Math.random() >= PRIVATE_SHARE) return undefined;
    const others = this.#ledger.membersOf(discussion).filter((id) => id !== this.id);
    return others.length > 1 ? [pick(others)] : undefined;
  }

  /** Repeats an operation until it succeeds, and connects again when the connection was lost. */
  #persistently(work) {
    return persistently(work, async () => {
      if (!this.isOpen) await this.login().catch(() => undefined);
    });
  }

  /** Reads the missing messages of a discussion once. */
  #readGap(discussion) {
    if (this.#gaps.has(discussion)) return;
    const read = pause(GAP_MS)
      .then(() => this.readOn(discussion))
      // the next login catches up
      .catch(() => undefined)
      .finally(() => this.#gaps.delete(discussion));
    this.#gaps.set(discussion, read);
  }
}

/**
 * Repeats an operation while it fails with a code, as all operations of the clients do; at most half a minute if it fails at once.
 *
 * @param {() => Promise<unknown>} recover runs before each repetition
 */
export async function persistently(work, recover = async () => {}) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (error.code === undefined || attempt === MAX_ATTEMPTS) throw error;
      await pause(BACK_MS);
      await recover();
    }
  }
}
