import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock, type Bearer } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { FakeWorkspace, MemoryLog, openPlugin, startPostgres, until, type PostgresServer } from '@sluice/testing';
import { newDiscussion, newMessage, personQuery } from '../src/contract.js';
import type { Caller } from '../src/people/people.js';
import { plugin } from '../src/plugin.js';

const bearer = (sub: string, issuer = 'erp', scopes: readonly string[] = ['conversations']): Bearer => ({
  user: `${issuer}/${sub}`,
  issuer,
  sub,
  scopes,
  events: [],
  topics: [],
  groups: [],
  expiresAt: Number.POSITIVE_INFINITY,
});

describe('people on PostgreSQL', () => {
  let server: PostgresServer;
  let database: ConnectionDatabase;
  let workspace: FakeWorkspace;
  const open = () => openPlugin(plugin, {}, { workspace });
  let opened: Awaited<ReturnType<typeof open>>;

  beforeAll(async () => {
    server = await startPostgres();
    database = new ConnectionDatabase({ url: server.url, connection: 'talk', log: new MemoryLog(), clock: systemClock });
    workspace = new FakeWorkspace(database);
    opened = await open();
  });

  afterAll(async () => {
    await opened?.close();
    await database?.close();
    await server?.stop();
  });

  const parse = (query: object) => personQuery.parse(query);
  const names = async ({ subscriber }: Caller, query: object) =>
    (await opened.client.directory.page(subscriber, parse({ limit: '100', ...query }))).people.map(({ name }) => name);

  /** A subscriber of its own, whose application has the issuer of the same name. */
  async function anotherSubscriber(code: string): Promise<void> {
    await database.rows(
      `with one as (insert into subscriber (code, title) values ($1, $1) returning id)
       insert into application (subscriber, issuer) select id, $1 from one`,
      [code],
    );
  }

  it('creates one person and one application, however many visits come at once on two hosts', async () => {
    const other = await open();
    const visits = Array.from({ length: 40 }, (_, index) =>
      (index % 2 === 0 ? opened : other).client.people.callerOf(bearer('first', 'warehouse')),
    );
    const callers = await Promise.all(visits);
    await other.close();
    expect(new Set(callers.map(({ person }) => person)).size).toBe(1);
    const rows = await database.rows(`select from person where sub = 'first'`);
    expect(rows).toHaveLength(1);
    expect(await opened.client.directory.subscriber(callers[0]?.subscriber ?? '')).toMatchObject({ code: 'main' });
  });

  it('removes invisible characters from a name and reports them', async () => {
    const { subscriber, person } = await opened.client.people.callerOf(bearer('spoof\u202E'));
    const changed = await opened.client.directory.change(subscriber, person, { name: 'Ива\u200Bнова \u202EАнна' });
    expect(changed).toMatchObject({ name: 'Иванова Анна', removedCharacters: ['U+200B', 'U+202E'] });
    await expect(opened.client.directory.change(subscriber, person, { name: '\u200B' })).rejects.toMatchObject({
      code: 'CONVERSATIONS_INVALID',
    });
  });

  it('imports people, twice without effect, and finds them while somebody types', async () => {
    const server1c = await opened.client.people.callerOf(bearer('1c', 'erp', ['conversations:server']));
    const people = [
      { sub: 'sokolov', name: 'Соколов Фёдор', phone: '+7 (912) 345-67-89', email: 'f.sokolov@firma.ru' },
      { sub: 'sokolova', name: 'Соколова Мария' },
      { sub: 'petrov', name: 'Петров\u200B Сергей', phone: '1234' },
      { sub: 'nobody', name: '\u200B' },
    ];
    const first = await opened.client.directory.import(server1c, { people });
    expect(first).toEqual({
      created: 3,
      changed: 0,
      unchanged: 0,
      cleaned: [{ sub: 'petrov', name: 'Петров Сергей', removedCharacters: ['U+200B'] }],
      refused: [{ sub: 'nobody', message: expect.any(String) }],
    });
    expect(await opened.client.directory.import(server1c, { people })).toMatchObject({ created: 0, changed: 0, unchanged: 3 });
    expect(await names(server1c, { search: 'сок' })).toEqual(['Соколов Фёдор', 'Соколова Мария']);
    expect(await names(server1c, { search: 'федор СОК' })).toEqual(['Соколов Фёдор']);
    expect(await names(server1c, { search: '345' })).toEqual(['Соколов Фёдор']);
    expect(await names(server1c, { search: '+7 912' })).toEqual(['Соколов Фёдор']);
    expect(await names(server1c, { search: 'F.Sok' })).toEqual(['Соколов Фёдор']);
    expect(await names(server1c, { search: 'колов' })).toEqual([]);
    expect(await names(server1c, { search: "'\\&|!" })).toEqual([]);
    // a person who was imported is the person of a later token
    const sokolov = await opened.client.people.callerOf(bearer('sokolov'));
    expect(await opened.client.directory.get(sokolov.subscriber, sokolov.person)).toMatchObject({ name: 'Соколов Фёдор' });
  });

  it('returns the directory in pages, each person once', async () => {
    await anotherSubscriber('many');
    const caller = await opened.client.people.callerOf(bearer('1c', 'many', ['conversations:server']));
    const people = Array.from({ length: 250 }, (_, index) => ({ sub: `p${index}`, name: `Ёлкин ${index % 7}` }));
    await opened.client.directory.import(caller, { people });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const query = parse({ limit: '40', search: 'елк', ...(after !== undefined && { after }) });
      const page = await opened.client.directory.page(caller.subscriber, query);
      seen.push(...page.people.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toHaveLength(250);
    expect(new Set(seen).size).toBe(250);
    await expect(opened.client.directory.page(caller.subscriber, parse({ after: 'x' }))).rejects.toMatchObject({
      code: 'CONVERSATIONS_INVALID',
    });
  });

  it('refuses a locked person on another host within 5 s, and admits it after the unlock', async () => {
    const other = await open();
    const locked: string[] = [];
    other.client.people.onLocked((person) => locked.push(person));
    const { subscriber, person } = await other.client.people.callerOf(bearer('guest'));
    const isRefused = () =>
      other.client.people.callerOf(bearer('guest')).then(
        () => false,
        (error: { code?: string }) => error.code === 'CONVERSATIONS_LOCKED',
      );
    await opened.client.directory.lock(subscriber, person, true);
    await until('the other host refuses the person', isRefused, 5_000);
    await until('the feed is checked again', () => locked.includes(person), 5_000);
    await opened.client.directory.lock(subscriber, person, false);
    await until('the other host admits the person', async () => !(await isRefused()), 5_000);
    await other.close();
  });

  it('keeps subscribers apart', async () => {
    await anotherSubscriber('stranger');
    const own = await opened.client.people.callerOf(bearer('anna'));
    const stranger = await opened.client.people.callerOf(bearer('anna', 'stranger', ['conversations:server']));
    const { directory, personalData } = opened.client;
    const missing = { code: 'CONVERSATIONS_MISSING' };
    await expect(directory.get(stranger.subscriber, own.person)).rejects.toMatchObject(missing);
    await expect(directory.change(stranger.subscriber, own.person, { name: 'x' })).rejects.toMatchObject(missing);
    await expect(directory.lock(stranger.subscriber, own.person, true)).rejects.toMatchObject(missing);
    await expect(personalData.applicationOf(stranger.subscriber, own.person)).rejects.toMatchObject(missing);
    await expect(personalData.erase(stranger.subscriber, own.person, true)).rejects.toMatchObject(missing);
    await expect(personalData.export(stranger.subscriber, own.person).next()).rejects.toMatchObject(missing);
    expect(await directory.many(stranger.subscriber, [own.person])).toEqual([]);
    expect(await names(stranger, {})).toEqual(['anna']);
    // the same sub in another application is another person
    expect(stranger.person).not.toBe(own.person);
  });

  it('exports the data of a person, and erases them while its messages keep their place', async () => {
    const { client } = opened;
    const [author, reader] = await Promise.all([
      client.people.callerOf(bearer('author')),
      client.people.callerOf(bearer('reader')),
    ]);
    const actor = ({ subscriber, person }: Caller) => ({ subscriber, person, isServer: false });
    const { discussion } = await client.discussions.open(
      actor(author),
      newDiscussion.parse({ kind: 'group', title: 'Отдел', members: [reader.person] }),
    );
    const post = (text: string) =>
      client.messages.post(actor(author), discussion.id, newMessage.parse({ clientId: randomUUID(), text }));
    const { message: first } = await post('Первое письмо');
    await post('Второе письмо');
    await client.messages.edit(actor(author), discussion.id, first.seq, { version: 1, text: 'Исправленное письмо' });
    await client.messages.react(actor(author), discussion.id, first.seq, '👍', true);

    const lines: { kind: string; text?: string }[] = [];
    for await (const chunk of client.personalData.export(author.subscriber, author.person))
      lines.push(
        ...chunk
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { kind: string; text?: string }),
      );
    const kinds = ['person', 'membership', 'reaction', 'version', 'message', 'message'];
    expect(lines.map(({ kind }) => kind)).toEqual(kinds);
    expect(lines.map(({ text }) => text).filter(Boolean)).toEqual(['Исправленное письмо', 'Второе письмо']);

    await client.personalData.erase(author.subscriber, author.person, false);
    expect(await client.directory.get(author.subscriber, author.person)).toMatchObject({ name: '', sub: '', isLocked: true });
    const page = () => client.messages.page(actor(reader), discussion.id, { limit: 10 });
    expect((await page()).messages.map(({ text, author: by }) => [text, by])).toEqual([
      ['Исправленное письмо', author.person],
      ['Второе письмо', author.person],
    ]);
    // the discussion has an owner again
    expect(await client.discussions.get(actor(reader), discussion.id)).toMatchObject({ role: 'owner', memberCount: 1 });
    await client.personalData.erase(author.subscriber, author.person, true);
    expect((await page()).messages.map(({ text, seq, deletedAt }) => [text, seq, typeof deletedAt])).toEqual([
      ['', 1, 'string'],
      ['', 2, 'string'],
    ]);
    expect(await database.rows('select from message_version where discussion = $1', [discussion.id])).toEqual([]);
    const again = async () => (await client.people.callerOf(bearer('author'))).person;
    await until(
      'the token belongs to a new person',
      async () => (await again().catch(() => author.person)) !== author.person,
      5_000,
    );
  });
});
