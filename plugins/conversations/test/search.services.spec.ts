import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { FakeWorkspace, MemoryLog, openPlugin, startPostgres, until, type PostgresServer } from '@sluice/testing';
import { newDiscussion, newMessage, searchQuery } from '../src/contract.js';
import type { Caller } from '../src/people/people.js';
import { plugin } from '../src/plugin.js';

/** Messages in one statement, which ends after 15 s on a busy machine too. */
const FILLED_AT_ONCE = 1_000;
/** A busy machine rebuilds the index of all tests within this time. */
const REBUILT_MS = 90_000;

/** Lemmas with their forms. */
const paradigmsOf = (file: string) =>
  readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '));

describe('the search in messages on PostgreSQL', () => {
  let server: PostgresServer;
  let database: ConnectionDatabase;
  const open = () => openPlugin(plugin, {}, { workspace: new FakeWorkspace(database) });
  let opened: Awaited<ReturnType<typeof open>>;

  beforeAll(async () => {
    server = await startPostgres();
    database = new ConnectionDatabase({ url: server.url, connection: 'talk', log: new MemoryLog(), clock: systemClock });
    opened = await open();
  });

  afterAll(async () => {
    await opened?.close();
    await database?.close();
    await server?.stop();
  });

  const person = (sub: string, issuer = 'erp') =>
    opened.client.people.callerOf({
      user: `${issuer}/${sub}`,
      issuer,
      sub,
      scopes: ['conversations'],
      events: [],
      topics: [],
      groups: [],
      expiresAt: Number.POSITIVE_INFINITY,
    });
  const actor = ({ subscriber, person: id }: Caller) => ({ subscriber, person: id, isServer: false });

  async function group(owner: Caller, ...others: Caller[]): Promise<string> {
    const members = others.map((one) => one.person);
    const opening = newDiscussion.parse({ kind: 'group', title: 'Отдел продаж', members });
    return (await opened.client.discussions.open(actor(owner), opening)).discussion.id;
  }
  const post = async (author: Caller, discussion: string, text: string, more: object = {}) =>
    (await opened.client.messages.post(actor(author), discussion, newMessage.parse({ clientId: randomUUID(), text, ...more })))
      .message;
  const search = async (asker: Caller, text: string, more: object = {}) =>
    opened.client.search.page(asker, searchQuery.parse({ text, ...more }));
  const texts = async (asker: Caller, text: string, more: object = {}) =>
    (await search(asker, text, more)).hits.map(({ message }) => message.text);

  /** Inserts one message for each text, without the path of a post. */
  async function fill({ subscriber, person: id }: Caller, discussion: string, all: readonly string[]): Promise<void> {
    for (let from = 0; from < all.length; from += FILLED_AT_ONCE)
      await database.rows(
        `insert into message (subscriber, discussion, seq, id, author, text)
         select $1, $2, number + $5, gen_random_uuid(), $3, text from unnest($4::text[]) with ordinality as one (text, number)`,
        [subscriber, discussion, id, all.slice(from, from + FILLED_AT_ONCE), from],
      );
    await database.rows('update discussion set last_seq = $2 where id = $1', [discussion, all.length]);
  }

  it('finds a word by its forms, beginning, middle and end, with ё or е, and with typing errors', async () => {
    const anna = await person('anna');
    const discussion = await group(anna);
    const texted = ['Привезли накладные на счёт УТ-000123', 'Заказ-наряд готов', 'Оплата по договору прошла', 'Hello orders'];
    for (const text of texted) await post(anna, discussion, text);
    const [bill, order, paid, hello] = texted;
    for (const [query, found] of [
      ['накладная', bill],
      ['наклад', bill],
      ['клад', bill],
      ['адные', bill],
      ['накалдная', bill],
      ['счет', bill],
      ['Счёту', bill],
      ['000123', bill],
      ['123', bill],
      ['ут-000123', bill],
      ['наряд', order],
      ['заказы', order],
      ['договоров', paid],
      ['договорр', paid],
      ['оплпта', paid],
      ['order', hello],
      ['накладная счетов', bill],
    ] as const)
      expect([query, await texts(anna, query)]).toEqual([query, [found]]);
    expect(await texts(anna, 'накладная договор')).toEqual([]);
    await expect(search(anna, '!?')).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
  });

  it('marks what was found in UTF-16 units', async () => {
    const anna = await person('marks');
    await post(anna, await group(anna), '😀 Заказы и ПЕРЕЗАКАЗЫ');
    const { hits } = await search(anna, 'заказ');
    const [hit] = hits;
    expect(hit?.title).toBe('Отдел продаж');
    expect(hit?.highlights.map(({ from, to }) => hit.message.text.slice(from, to))).toEqual(['Заказы', 'ЗАКАЗ']);
  });

  it('finds only what the asker may read', async () => {
    const [anna, boris, carla] = await Promise.all([person('a1'), person('b1'), person('c1')]);
    const own = await group(anna, boris, carla);
    const closed = await group(anna);
    await post(anna, own, 'секретик для всех');
    await post(anna, own, 'секретик для Бориса', { recipients: [boris.person] });
    await post(anna, closed, 'секретик закрытый');
    const gone = await post(anna, own, 'секретик удалённый');
    await opened.client.messages.delete(actor(anna), own, gone.seq);
    expect(await texts(boris, 'секретик')).toEqual(['секретик для Бориса', 'секретик для всех']);
    expect(await texts(carla, 'секретик')).toEqual(['секретик для всех']);
    expect(await texts(carla, 'секретик', { discussion: closed })).toEqual([]);
    expect(await texts(anna, 'секретик')).toHaveLength(3);
    await opened.client.discussions.remove(actor(anna), own, carla.person);
    expect(await texts(carla, 'секретик')).toEqual([]);
    const stranger = await person('a1', 'elsewhere');
    await database.rows(
      `with one as (insert into subscriber (code, title) values ('elsewhere', '') returning id), app as (
         insert into application (subscriber, issuer) select id, 'elsewhere2' from one)
       select`,
    );
    const foreign = await person('a1', 'elsewhere2');
    expect(foreign.subscriber).not.toBe(stranger.subscriber);
    expect(await texts(foreign, 'секретик', { discussion: own })).toEqual([]);
    expect(await texts({ ...foreign, person: anna.person }, 'секретик')).toEqual([]);
  });

  it('follows edits, and filters by discussion, author and time', async () => {
    const [anna, boris] = await Promise.all([person('a2'), person('b2')]);
    const [one, two] = [await group(anna, boris), await group(anna, boris)];
    const first = await post(anna, one, 'жираф первый');
    await post(boris, two, 'жираф второй');
    expect(await texts(anna, 'жирафы', { discussion: one })).toEqual(['жираф первый']);
    expect(await texts(anna, 'жирафы', { author: boris.person })).toEqual(['жираф второй']);
    expect(await texts(anna, 'жирафы', { to: new Date(0).toISOString() })).toEqual([]);
    expect(await texts(anna, 'жирафы', { from: new Date(0).toISOString() })).toHaveLength(2);
    await opened.client.messages.edit(actor(anna), one, first.seq, { version: 1, text: 'бегемот' });
    expect(await texts(anna, 'жираф')).toEqual(['жираф второй']);
    expect(await texts(anna, 'бегемоты')).toEqual(['бегемот']);
  });

  it.each(['newest', 'rank'])('returns pages in the order %s, each message once, over all windows', async (order) => {
    const anna = await person(`pages-${order}`);
    const discussion = await group(anna);
    const word = order === 'rank' ? 'крокодил' : 'носорог';
    await fill(
      anna,
      discussion,
      Array.from({ length: 21_000 }, (_, index) => (index % 500 === 0 ? `${word} ${index}` : 'прочее')),
    );
    const found: number[] = [];
    let after: string | undefined;
    do {
      const page = await search(anna, word, { order, limit: '10', ...(after !== undefined && { after }) });
      found.push(...page.hits.map(({ message }) => message.seq));
      after = page.next;
    } while (after !== undefined);
    expect(new Set(found).size).toBe(42);
    expect(found).toHaveLength(42);
    if (order === 'newest') expect(found).toEqual([...found].sort((left, right) => right - left));
    await expect(search(anna, word, { order, after: 'x' })).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
  });

  it.each([
    ['russian-forms.txt', 205, 0.99],
    ['russian-forms-unseen.txt', 40, 0.93],
  ])('finds the forms of the words of %s', async (file, count, least) => {
    const paradigms = paradigmsOf(file);
    expect(paradigms).toHaveLength(count);
    const anna = await person(file);
    const discussion = await group(anna);
    await fill(anna, discussion, paradigms.flat());
    let [wanted, found] = [0, 0];
    const missed: string[] = [];
    for (const paradigm of paradigms) {
      const [lemma = ''] = paradigm;
      const own = new Set(paradigm);
      const got = new Set((await texts(anna, lemma, { limit: '100', discussion })).filter((text) => own.has(text)));
      wanted += own.size;
      found += got.size;
      missed.push(...[...own].filter((form) => !got.has(form)).map((form) => `${lemma}/${form}`));
    }
    if (found / wanted < least) throw new Error(`${found} of ${wanted} forms were found; missed: ${missed.join(' ')}`);
    process.stdout.write(`${file}: ${found} of ${wanted} forms found\n`);
    expect(found / wanted).toBeGreaterThanOrEqual(least);
  });

  it('adds words at the same time without a deadlock', async () => {
    const anna = await person('parallel');
    const discussions = await Promise.all(Array.from({ length: 8 }, () => group(anna)));
    const words = Array.from({ length: 30 }, (_, index) => `слово${index}парал`);
    const posts = Array.from({ length: 160 }, (_, index) => {
      const text = [...words.slice(index % 30), ...words.slice(0, index % 30)].join(' ');
      return post(anna, discussions[index % 8] as string, index % 2 === 0 ? text : text.split(' ').reverse().join(' '));
    });
    expect(await Promise.all(posts)).toHaveLength(160);
    expect(await database.rows(`select from word where word like '%парал'`)).toHaveLength(30);
  });

  it('rebuilds the index in batches, and continues where it was interrupted', async () => {
    const anna = await person('rebuild');
    const discussion = await group(anna);
    await fill(
      anna,
      discussion,
      Array.from({ length: 1_200 }, (_, index) => `дирижабль ${index}`),
    );
    await database.rows(`update message set words = null where discussion = $1`, [discussion]);
    await database.rows(`delete from word where word = 'дирижабль'`);
    expect(await texts(anna, 'дирижабли')).toEqual([]);
    const { searchIndex } = opened.client;
    await searchIndex.request();
    const interrupted = AbortSignal.abort();
    expect(await searchIndex.rebuild(interrupted)).toBe(1);
    const [{ seq } = { seq: '0' }] = await database.rows<{ seq: string }>('select seq from search_state');
    expect(Number(seq)).toBeGreaterThan(0);
    // the open connection rebuilds as well, once a minute, and the one that comes second begins again
    await until(
      'the index to be rebuilt',
      async () => (await searchIndex.rebuild(new AbortController().signal)) === 0,
      REBUILT_MS,
    );
    expect(await texts(anna, 'дирижабли', { limit: '100' })).toHaveLength(100);
    expect(await texts(anna, 'рижабл', { limit: '1' })).toHaveLength(1);
    await expect(searchIndex.diagnose()).resolves.toBeUndefined();
  });
});
