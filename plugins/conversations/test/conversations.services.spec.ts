import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import type { Discussion, NewDiscussion, PostResult } from '../src/contract.js';
import { Upkeep } from '../src/upkeep.js';
import { text, TestConversations, type OpenedConversations, type TestPerson } from './open-conversations.js';

/** Time for PostgreSQL to start again on a busy machine. */
const RESTART_MS = 60_000;

describe('conversations on PostgreSQL', () => {
  let test: TestConversations;
  let one: OpenedConversations;
  let two: OpenedConversations;
  let anna: TestPerson;
  let boris: TestPerson;
  let clara: TestPerson;

  beforeAll(async () => {
    test = await TestConversations.start();
    [one, two] = [await test.host(), await test.host()];
    anna = await test.person(one, 'anna');
    boris = await test.person(two, 'boris');
    clara = await test.person(two, 'clara');
  });

  afterAll(() => test?.stop());

  const group = async (...members: readonly TestPerson[]): Promise<Discussion> => {
    const wanted = { kind: 'group', title: 'Group', members: members.map(({ person }) => person) } as const;
    return (await one.client.discussions.open(anna, wanted)).discussion;
  };
  const post = (by: TestPerson, { id }: Discussion, content = 'text', more = {}) =>
    one.client.messages.post(by, id, text(content, more));
  const seqs = async (by: TestPerson, { id }: Discussion) =>
    (await two.client.messages.page(by, id, { after: 0, limit: 200 })).messages.map(({ seq }) => seq);
  const unreadOf = async (by: TestPerson, { id }: Discussion) => (await two.client.discussions.get(by, id)).unread;

  it('makes one discussion of 1,000 concurrent opens of one key on two hosts', async () => {
    const wanted = { kind: 'contextual', key: `order ${randomUUID()}`, title: 'Order', members: [] } satisfies NewDiscussion;
    const people = [anna, boris, clara];
    const opens = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => (n % 2 ? one : two).client.discussions.open(people[n % 3] as TestPerson, wanted)),
    );
    expect(new Set(opens.map(({ discussion }) => discussion.id)).size).toBe(1);
    expect(opens.filter(({ created }) => created)).toHaveLength(1);
    const { members } = await one.client.discussions.get(anna, opens[0]?.discussion.id ?? '');
    expect(members.map(({ person }) => person).sort()).toEqual(people.map(({ person }) => person).sort());
    expect(members.filter(({ role }) => role === 'owner')).toHaveLength(1);
  });

  it('returns and sends a new discussion as a later reading does', async () => {
    const wanted = {
      kind: 'group',
      title: 'New',
      context: 'e1cib/data',
      members: [clara.person, boris.person],
    } satisfies NewDiscussion;
    const { discussion } = await one.client.discussions.open(anna, wanted);
    expect(discussion).toEqual(await one.client.discussions.get(anna, discussion.id));
    expect(discussion.role).toBe('owner');
    const [received] = boris.live('conversations.discussion').filter(({ id }) => id === discussion.id);
    expect(received).toEqual(await one.client.discussions.get(boris, discussion.id));
    const stranger = { ...wanted, members: [randomUUID()] };
    await expect(one.client.discussions.open(anna, stranger)).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
  });

  it('has one direct discussion per pair, from either side', async () => {
    const opens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        const [from, to] = n % 2 ? [anna, clara] : [clara, anna];
        return (n % 2 ? one : two).client.discussions.open(from, { kind: 'direct', title: '', members: [to.person] });
      }),
    );
    expect(new Set(opens.map(({ discussion }) => discussion.id)).size).toBe(1);
  });

  it('numbers concurrent posts of two hosts 1, 2, 3, … without gaps, and sends each to each member', async () => {
    const chat = await group(boris, clara);
    const posts = await Promise.all(
      Array.from({ length: 150 }, (_, n) =>
        (n % 2 ? one : two).client.messages.post([anna, boris, clara][n % 3] as TestPerson, chat.id, text(`message ${n}`)),
      ),
    );
    const expected = Array.from({ length: 150 }, (_, n) => n + 1);
    expect(posts.map(({ message }) => message.seq).sort((a, b) => a - b)).toEqual(expected);
    expect(await seqs(boris, chat)).toEqual(expected);
    const times = (await one.client.messages.page(anna, chat.id, { after: 0, limit: 200 })).messages.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    for (const person of [anna, boris, clara]) {
      const received = person.live('conversations.message').filter(({ discussion }) => discussion === chat.id);
      expect(received.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(expected);
    }
  });

  it('takes a post that two workplaces repeat at once as one message', async () => {
    const chat = await group(boris);
    const same = text('once');
    const posts = await Promise.all(
      Array.from({ length: 30 }, (_, n) => (n % 2 ? one : two).client.messages.post(anna, chat.id, same)),
    );
    expect(new Set(posts.map(({ message }) => message.id)).size).toBe(1);
    expect(posts.filter(({ repeated }) => !repeated)).toHaveLength(1);
    await post(anna, chat, 'next');
    expect(await seqs(boris, chat)).toEqual([1, 2]);
    const elsewhere = await group(boris);
    await expect(one.client.messages.post(anna, elsewhere.id, same)).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
  });

  it('shows a message for some recipients to them and its author only', async () => {
    const chat = await group(boris, clara);
    await post(anna, chat, 'for all');
    await post(anna, chat, 'for Boris', { recipients: [boris.person] });
    expect(await seqs(anna, chat)).toEqual([1, 2]);
    expect(await seqs(boris, chat)).toEqual([1, 2]);
    expect(await seqs(clara, chat)).toEqual([1]);
    expect(await unreadOf(clara, chat)).toBe(1);
    expect((await one.client.discussions.get(clara, chat.id)).lastMessage?.text).toBe('for all');
    expect(clara.live('conversations.message').filter(({ discussion }) => discussion === chat.id)).toHaveLength(1);
    const { messages } = one.client;
    for (const attempt of [
      () => messages.get(clara, chat.id, 2),
      () => messages.react(clara, chat.id, 2, '👍', true),
      () => messages.delete(clara, chat.id, 2),
      () => messages.history(clara, chat.id, 2),
      () => messages.post(clara, chat.id, text('reply', { replyTo: 2 })),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
    await expect(post(anna, chat, 'x', { recipients: [randomUUID()] })).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
  });

  it('moves marks forwards only, and at most to the newest message', async () => {
    const chat = await group(boris);
    for (let n = 0; n < 3; n++) await post(anna, chat);
    const mark = (seq: number) => one.client.messages.read(boris, [{ discussion: chat.id, seq }]);
    await mark(2);
    await mark(1);
    const own = async () => (await one.client.discussions.get(boris, chat.id)).readSeq;
    expect(await own()).toBe(2);
    await mark(1_000);
    expect(await own()).toBe(3);
    // concurrent marks of many discussions in any order neither deadlock nor lose one
    const chats = await Promise.all(Array.from({ length: 10 }, () => group(boris)));
    for (const each of chats) await post(anna, each);
    const marks = chats.map(({ id }) => ({ discussion: id, seq: 1 }));
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? one : two).client.messages.read(boris, n % 2 ? marks : [...marks].reverse())),
    );
    for (const each of chats) expect(await unreadOf(boris, each)).toBe(0);
    expect(anna.live('conversations.marks').filter(({ discussion }) => discussion === chats[0]?.id)).toMatchObject([
      { readSeq: 1 },
    ]);
  });

  it('shows nothing to a member from the moment of his removal, also of messages that are on their way', async () => {
    const chat = await group(boris, clara);
    const posting = Array.from({ length: 60 }, (_, n) => (n % 2 ? one : two).client.messages.post(anna, chat.id, text(`${n}`)));
    await posting[0];
    await two.client.discussions.remove(anna, chat.id, boris.person);
    const after = await Promise.all(Array.from({ length: 20 }, () => post(anna, chat, 'secret')));
    await Promise.all(posting);
    const secret = new Set(after.map(({ message }) => message.seq));
    const received = boris.live('conversations.message').filter(({ discussion }) => discussion === chat.id);
    expect(received.filter(({ seq }) => secret.has(seq))).toEqual([]);
    expect(boris.live('conversations.left')).toContainEqual({ discussion: chat.id });
    await expect(seqs(boris, chat)).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
    await expect(post(boris, chat)).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
    expect(await seqs(clara, chat)).toHaveLength(80);
  });

  it('sends the messages of each discussion in their order', async () => {
    const chats = await Promise.all(Array.from({ length: 5 }, () => group(boris)));
    await Promise.all(Array.from({ length: 200 }, (_, n) => post(n % 3 ? anna : boris, chats[n % 5] as Discussion)));
    for (const { id } of chats) {
      const received = boris.live('conversations.message').filter(({ discussion }) => discussion === id);
      expect(received.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    }
  });

  it('posts all others when a message is refused, and one of two with one client id at the same moment', async () => {
    const [left, right] = [await group(boris), await group(boris)];
    const clientId = randomUUID();
    const others = (n: number) => [post(anna, left, `left ${n}`), two.client.messages.post(boris, right.id, text(`right ${n}`))];
    const settled = await Promise.allSettled([
      ...[1, 2, 3].flatMap(others),
      post(anna, left, 'one', { clientId }),
      two.client.messages.post(anna, right.id, text('other', { clientId })),
      post(anna, left, 'not in JSON of PostgreSQL', { data: '\u0000' }),
      post(anna, right, 'an answer to nothing', { replyTo: 1_000 }),
      ...[4, 5, 6].flatMap(others),
    ]);
    const codes = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code?: string }).code] : []));
    expect(codes.sort()).toEqual(['CONVERSATIONS_INVALID', 'CONVERSATIONS_INVALID', 'CONVERSATIONS_MISSING']);
    const [lefts, rights] = [await seqs(boris, left), await seqs(boris, right)];
    expect(lefts.length + rights.length).toBe(13);
    for (const all of [lefts, rights]) expect(all).toEqual(all.map((_, n) => n + 1));
  });

  it('sends each later message to a person who is added while others post', async () => {
    const chat = await group(boris);
    const posting = Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).client.messages.post(boris, chat.id, text(`${n}`)));
    await one.client.discussions.invite(anna, chat.id, [clara.person]);
    await Promise.all(posting);
    const [first] = clara.live('conversations.discussion').filter(({ id }) => id === chat.id);
    const received = new Set(
      clara
        .live('conversations.message')
        .filter(({ discussion }) => discussion === chat.id)
        .map(({ seq }) => seq),
    );
    const missed = (await seqs(clara, chat)).filter((seq) => seq > (first?.lastSeq ?? 0) && !received.has(seq));
    expect(missed).toEqual([]);
  });

  it('keeps earlier versions, refuses an edit of another version and of a deleted message', async () => {
    const chat = await group(boris);
    const { message } = await post(anna, chat, 'first');
    const { messages } = one.client;
    const edit = (by: TestPerson, version: number, content: string) =>
      messages.edit(by, chat.id, message.seq, { version, text: content });
    expect(await edit(anna, 1, 'second')).toMatchObject({ text: 'second', version: 2 });
    await expect(edit(anna, 1, 'third')).rejects.toMatchObject({
      code: 'CONVERSATIONS_VERSION',
      options: { details: { message: { text: 'second' } } },
    });
    await expect(edit(boris, 2, 'third')).rejects.toMatchObject({ code: 'CONVERSATIONS_FORBIDDEN' });
    expect(await messages.delete(anna, chat.id, message.seq)).toMatchObject({ text: '', version: 3 });
    expect(await messages.delete(anna, chat.id, message.seq)).toMatchObject({ version: 3 });
    await expect(edit(anna, 3, 'third')).rejects.toMatchObject({ code: 'CONVERSATIONS_DELETED' });
    await expect(messages.react(boris, chat.id, message.seq, '👍', true)).rejects.toMatchObject({
      code: 'CONVERSATIONS_DELETED',
    });
    const { versions } = await messages.history(anna, chat.id, message.seq);
    expect(versions.map((version) => version.text)).toEqual(['first', 'second']);
    await expect(messages.history(boris, chat.id, message.seq)).rejects.toMatchObject({ code: 'CONVERSATIONS_FORBIDDEN' });
    expect(await unreadOf(boris, chat)).toBe(0);
    const changes = boris.live('conversations.message-changed').filter(({ discussion }) => discussion === chat.id);
    expect(changes.map(({ version }) => version)).toEqual([2, 3, 3]);
  });

  it('removes hidden characters from titles', async () => {
    const title = 'Or\u202Eder\u200B 5\u0000';
    const { discussion } = await one.client.discussions.open(anna, { kind: 'group', title, members: [] });
    expect(discussion.title).toBe('Order 5');
    expect((await one.client.discussions.change(anna, discussion.id, { title: '\u2066x\u2069' })).title).toBe('x');
  });

  it('makes the oldest member the owner when the last owner leaves', async () => {
    const chat = await group(boris, clara);
    await one.client.discussions.remove(anna, chat.id, anna.person);
    const { members } = await one.client.discussions.get(boris, chat.id);
    expect(members.filter(({ role }) => role === 'owner')).toHaveLength(1);
    await expect(one.client.discussions.get(anna, chat.id)).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
  });

  it('refuses posts to an archived discussion, and lets only owners manage one', async () => {
    const chat = await group(boris);
    for (const attempt of [
      () => one.client.discussions.change(boris, chat.id, { title: 'Mine' }),
      () => one.client.discussions.invite(boris, chat.id, [clara.person]),
      () => one.client.discussions.remove(boris, chat.id, anna.person),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'CONVERSATIONS_FORBIDDEN' });
    await one.client.discussions.change(anna, chat.id, { isArchived: true });
    await expect(post(boris, chat)).rejects.toMatchObject({ code: 'CONVERSATIONS_ARCHIVED' });
    await one.client.discussions.change(anna, chat.id, { isArchived: false });
    expect((await post(boris, chat)).message.seq).toBe(1);
  });

  it('lists discussions by pages, newest activity first, and finds them by title', async () => {
    const dora = await test.person(one);
    const chats: string[] = [];
    for (let n = 0; n < 7; n++) {
      const title = n === 3 ? '100 % done_' : `List ${n}`;
      const { discussion } = await one.client.discussions.open(dora, { kind: 'group', title, members: [] });
      chats.unshift(discussion.id);
      await post(dora, discussion);
    }
    const found: string[] = [];
    for (let after: string | undefined, pages = 0; pages === 0 || (after !== undefined && pages < 9); pages++) {
      const page = await one.client.discussions.list(dora, { archived: false, limit: 3, after });
      found.push(...page.discussions.map(({ id }) => id));
      after = page.next;
    }
    expect(found).toEqual(chats);
    const search = async (wanted: string) =>
      (await one.client.discussions.list(dora, { archived: false, limit: 10, search: wanted })).discussions.map(
        ({ title }) => title,
      );
    expect(await search('0 % d')).toEqual(['100 % done_']);
    expect(await search('_')).toEqual(['100 % done_']);
    await expect(one.client.discussions.list(dora, { archived: false, limit: 3, after: 'x' })).rejects.toMatchObject({
      code: 'CONVERSATIONS_INVALID',
    });
  });

  it('reads messages in both directions and around one', async () => {
    const chat = await group();
    for (let n = 0; n < 9; n++) await post(anna, chat);
    const page = async (query: object) => {
      const { messages, hasMore, lastSeq } = await one.client.messages.page(anna, chat.id, { limit: 4, ...query });
      return { seqs: messages.map(({ seq }) => seq), hasMore, lastSeq };
    };
    expect(await page({})).toEqual({ seqs: [6, 7, 8, 9], hasMore: true, lastSeq: 9 });
    expect(await page({ before: 6 })).toEqual({ seqs: [2, 3, 4, 5], hasMore: true, lastSeq: 9 });
    expect(await page({ before: 2 })).toEqual({ seqs: [1], hasMore: false, lastSeq: 9 });
    expect(await page({ after: 6 })).toEqual({ seqs: [7, 8, 9], hasMore: false, lastSeq: 9 });
    expect(await page({ after: 9 })).toEqual({ seqs: [], hasMore: false, lastSeq: 9 });
    expect(await page({ around: 5 })).toEqual({ seqs: [3, 4, 5, 6], hasMore: true, lastSeq: 9 });
  });

  it('takes posts and marks over STOMP, under the id of the frame', async () => {
    const chat = await group(boris);
    const send = (word: string, data: object, headers = {}) => boris.desktop.send(`/conversations/test/${word}`, data, headers);
    await send('post', { discussion: chat.id, text: 'over STOMP' }, { id: 'frame 1' });
    await send('post', { discussion: chat.id, text: 'over STOMP' }, { id: 'frame 1' });
    expect(await seqs(anna, chat)).toEqual([1]);
    await send('typing', { discussion: chat.id });
    expect(anna.live('conversations.typing')).toContainEqual({ discussion: chat.id, person: boris.person });
    await post(anna, chat);
    await send('read', { marks: [{ discussion: chat.id, seq: 2 }] });
    expect(await unreadOf(boris, chat)).toBe(0);
    await expect(send('post', { discussion: chat.id, text: 'no id' })).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
    await expect(send('post', { discussion: chat.id, text: 'x'.repeat(1_000_000) }, { id: 'large' })).rejects.toMatchObject({
      code: 'CONVERSATIONS_INVALID',
    });
    await expect(boris.desktop.subscribe(one.client.feed.destinationOf(anna.person))).rejects.toMatchObject({
      code: 'GATEWAY_DESTINATION_FORBIDDEN',
    });
  });

  it('lets clients catch up when a host died between the commit and the live event, by hint, repeat and reading', async () => {
    const chat = await group(boris);
    const before = boris.live('conversations.message').length;
    const same = text('committed');
    const real = one.client.feed.publish.bind(one.client.feed);
    one.client.feed.publish = () => undefined;
    const { message } = await one.client.messages.post(anna, chat.id, same);
    one.client.feed.publish = real;
    expect(boris.live('conversations.message')).toHaveLength(before);
    expect(await seqs(boris, chat)).toEqual([1]);
    const hints = () =>
      boris.desktop.received.filter(
        ({ destination, event, data }) =>
          destination === '/user/events' &&
          event === 'conversations.unread' &&
          (data as { discussion: string }).discussion === chat.id,
      );
    await until('the mailbox has a hint', () => hints().length === 1);
    expect(hints()).toMatchObject([{ data: { lastSeq: 1, kind: 'group', title: 'Group' } }]);
    expect(await two.client.messages.post(anna, chat.id, same)).toMatchObject({ repeated: true, message: { id: message.id } });
    expect(boris.live('conversations.message').slice(before)).toMatchObject([{ id: message.id }]);
    // the mailbox contains one hint, until the client has marked something as delivered
    await post(anna, chat);
    await two.client.messages.delivered(boris, [{ discussion: chat.id, seq: 2 }]);
    await post(anna, chat);
    await until('the mailbox has the next hint', () => hints().length === 2);
    expect(hints()[1]).toMatchObject({ data: { lastSeq: 3 } });
  });

  it('passes the press of a button to the author once, and to nobody else', async () => {
    const chat = await group(boris);
    const buttons = [[{ id: 'yes', text: 'Yes', action: 'approve', data: { order: 5 }, enabled: true }]];
    await post(anna, chat, 'Approve?', { buttons });
    await Promise.all([one, two, one].map(({ client }) => client.messages.press(boris, chat.id, 1, 'yes', 'press 1')));
    const expected = { discussion: chat.id, seq: 1, button: 'yes', action: 'approve', data: { order: 5 }, person: boris.person };
    expect(anna.live('conversations.button').filter(({ discussion }) => discussion === chat.id)).toContainEqual(expected);
    const kept = anna.desktop.received.filter(
      ({ destination, event }) => destination === '/user/events' && event === 'conversations.button',
    );
    expect(kept.map(({ data }) => data)).toEqual([expected]);
    await expect(one.client.messages.press(boris, chat.id, 1, 'no', 'press 2')).rejects.toMatchObject({
      code: 'CONVERSATIONS_INVALID',
    });
  });

  it('deletes messages by the retention of their discussion with their files, and old client ids', async () => {
    const chat = await group(boris);
    const bytes = (async function* () {
      yield Buffer.from('content');
    })();
    const file = await one.client.attachments.upload(anna, { name: 'a.txt', type: 'text/plain', isShown: true, chunks: bytes });
    await post(anna, chat, 'old', { attachments: [file.id] });
    await post(anna, chat, 'new');
    await one.client.discussions.change(anna, chat.id, { retentionDays: 2 });
    await test.database.rows(`update message set at = now() - interval '3 days' where discussion = $1 and seq = 1`, [chat.id]);
    await test.database.rows(`update sent set at = now() - interval '31 days' where discussion = $1 and seq = 1`, [chat.id]);
    const { tables, attachments, outbox, clock } = one.client;
    const upkeep = new Upkeep({ tables, attachments, outbox, keepSentMs: 30 * 86_400_000, clock, log: one.host.log });
    await upkeep.run(new AbortController().signal);
    expect(await seqs(boris, chat)).toEqual([2]);
    const left = await test.database.rows<{ files: number; parts: number; sent: number }>(
      `select (select count(*)::int from attachment where id = $1) as files,
         (select count(*)::int from attachment_part where attachment = $1) as parts,
         (select count(*)::int from sent where discussion = $2) as sent`,
      [file.id, chat.id],
    );
    expect(left).toEqual([{ files: 0, parts: 0, sent: 1 }]);
  });

  it('keeps nothing of an upload that is cut off or too large, and shows a file to those who see its message', async () => {
    const chat = await group(boris);
    const other = await group(clara);
    const { attachments } = one.client;
    const upload = (chunks: () => AsyncGenerator<Buffer>) =>
      attachments.upload(anna, { name: '../../\u202Eevil.png', type: 'image/png', isShown: true, chunks: chunks() });
    const count = async () => (await test.database.rows('select from attachment_part')).length;
    const before = await count();
    await expect(
      upload(async function* () {
        yield Buffer.alloc(600_000);
        throw new Error('socket hang up');
      }),
    ).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
    await expect(
      upload(async function* () {
        for (let n = 0; n < 30; n++) yield Buffer.alloc(1024 ** 2);
      }),
    ).rejects.toMatchObject({ code: 'CONVERSATIONS_LIMIT' });
    expect(await count()).toBe(before);
    const content = Buffer.from(Array.from({ length: 700_000 }, (_, n) => n % 251));
    const file = await upload(async function* () {
      for (let from = 0; from < content.length; from += 65_536) yield content.subarray(from, from + 65_536);
    });
    expect(file).toMatchObject({ name: 'evil.png', bytes: content.length });
    await expect(attachments.open(boris, file.id)).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
    await expect(one.client.messages.post(boris, chat.id, text('not mine', { attachments: [file.id] }))).rejects.toMatchObject({
      code: 'CONVERSATIONS_MISSING',
    });
    const [first, second] = await Promise.allSettled([
      post(anna, chat, '', { attachments: [file.id] }),
      post(anna, other, '', { attachments: [file.id] }),
    ]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    const [reader, stranger] = first.status === 'fulfilled' ? [boris, clara] : [clara, boris];
    const { bytes } = await two.client.attachments.open(reader, file.id);
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part);
    expect(Buffer.concat(parts).equals(content)).toBe(true);
    await expect(attachments.open(stranger, file.id)).rejects.toMatchObject({ code: 'CONVERSATIONS_MISSING' });
  });

  it('has one message when PostgreSQL is restarted in the middle of posts that are repeated', async () => {
    const chat = await group(boris);
    const wanted = Array.from({ length: 60 }, (_, n) => text(`message ${n}`));
    const postAgain = async (message: (typeof wanted)[number]) => {
      const results: PostResult[] = [];
      const isPosted = async () => {
        try {
          results.push(await one.client.messages.post(anna, chat.id, message));
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNREACHABLE' });
        }
        return results.length > 0;
      };
      await until('the post to be answered', isPosted, RESTART_MS);
      return results[0] as PostResult;
    };
    const posting = wanted.map(postAgain);
    await Promise.race(posting);
    await test.server.kill();
    await test.server.start();
    const posted = await Promise.all(posting);
    const expected = Array.from({ length: 60 }, (_, n) => n + 1);
    expect(posted.map(({ message }) => message.seq).sort((a, b) => a - b)).toEqual(expected);
    expect(await seqs(boris, chat)).toEqual(expected);
  });
});
