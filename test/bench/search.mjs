// Measures the search in messages: times of searches, and what the index adds to a post.
//
//   node test/bench/search.mjs [messages] [searches]
//
// Words of the messages follow Zipf's law over 20,000 words. The discussions of the asker contain half of all messages.
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { ConnectionDatabase } from '@sluice/store';
import { startPostgres } from '@sluice/testing/servers';
import { systemClock } from '@sluice/plugin-api';
import { Search } from '../../plugins/conversations/dist/search/search.js';
import { Tables } from '../../plugins/conversations/dist/database/tables.js';
import { searchQuery } from '../../plugins/conversations/dist/contract.js';

const MESSAGES = Number(process.argv[2] ?? 50_000);
const SEARCHES = Number(process.argv[3] ?? 300);
const VOCABULARY = 20_000;
const DISCUSSIONS = 400;
const WORDS = 15;
const POSTS = 500;

const log = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error };
const ROOTS = [
  'заказ',
  'договор',
  'накладн',
  'оплат',
  'достав',
  'склад',
  'товар',
  'клиент',
  'постав',
  'отгруз',
  'возврат',
  'остат',
];
const SYLLABLES = [
  'ба',
  'ве',
  'гор',
  'дом',
  'жи',
  'зем',
  'кол',
  'лес',
  'мир',
  'нос',
  'пол',
  'рук',
  'сто',
  'тра',
  'фон',
  'хол',
  'цен',
  'чис',
];

/** A pseudo random number generator, so that runs compare: mulberry32. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = generator(7);
const vocabulary = Array.from({ length: VOCABULARY }, (_, rank) => {
  let [left, word] = [rank, ROOTS[rank % ROOTS.length]];
  while (left > 0) [word, left] = [word + SYLLABLES[left % SYLLABLES.length], Math.floor(left / SYLLABLES.length)];
  return word;
});
/** Rank by Zipf's law with exponent 1. */
const anyWord = () => vocabulary[Math.floor(VOCABULARY ** random()) - 1] ?? vocabulary[0];
const anyText = () => Array.from({ length: WORDS }, anyWord).join(' ');

function percentiles(times) {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`;
}

const server = await startPostgres();
const database = new ConnectionDatabase({ url: server.url, connection: 'bench', log, clock: systemClock });
const tables = await Tables.open(database, 'bench', log);
const { url, schema } = database.connectionInfo;
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query(`set search_path to ${schema}; set synchronous_commit = off; set maintenance_work_mem = '512MB'`);
try {
  const { rows } = await client.query(
    `with app as (insert into application (subscriber, issuer) select id, 'bench' from subscriber returning id, subscriber)
     insert into person (subscriber, application, sub, name, sort_name, words)
     select subscriber, id, 'p' || number, 'p', 'p', '' from app, generate_series(1, 2) number returning subscriber, id`,
  );
  const [{ subscriber, id: asker }, { id: author }] = rows;
  await client.query(
    `with made as (
       insert into discussion (id, subscriber, kind, title, created_by, last_seq)
       select gen_random_uuid(), $1, 'group', number::text, $2, $3 from generate_series(1, $4::integer) number returning id, title
     )
     insert into member (subscriber, discussion, person, role)
     select $1, id, $2, 'owner' from made union all select $1, id, $5, 'member' from made where title::integer % 2 = 0`,
    [subscriber, author, Math.ceil(MESSAGES / DISCUSSIONS), DISCUSSIONS, asker],
  );
  const discussions = (await client.query('select id from discussion order by title::integer')).rows.map(({ id }) => id);

  // the index is built at the end, because that is faster; posts are measured with it
  await client.query('alter table message disable trigger index_message; drop index message_words');
  const seqs = new Map();
  for (let done = 0; done < MESSAGES; done += 5_000) {
    const places = Array.from({ length: Math.min(5_000, MESSAGES - done) }, () => {
      const discussion = discussions[Math.floor(random() * DISCUSSIONS)];
      seqs.set(discussion, (seqs.get(discussion) ?? 0) + 1);
      return [discussion, seqs.get(discussion)];
    });
    await client.query(
      `insert into message (subscriber, discussion, seq, id, author, text, ordinal, words)
       select $1, discussion, seq, gen_random_uuid(), $2, text, ordinal, message_words(discussion, $2, fold_text(text))
       from (select discussion, seq, text, nextval('message_ordinal') as ordinal
         from unnest($3::uuid[], $4::bigint[], $5::text[]) one (discussion, seq, text)) made`,
      [subscriber, author, places.map(([id]) => id), places.map(([, seq]) => seq), places.map(anyText)],
    );
  }
  await client.query('insert into word select $1, unnest($2::text[]) on conflict do nothing', [subscriber, vocabulary]);
  await client.query('create index message_words on message using gin (words) with (gin_pending_list_limit = 256)');
  await client.query('analyze');

  const post = async (trigger) => {
    await client.query(`alter table message ${trigger} trigger index_message`);
    const times = [];
    for (let index = 0; index < POSTS; index++) {
      const discussion = discussions[index % DISCUSSIONS];
      const seq = (seqs.get(discussion) ?? 0) + 1;
      seqs.set(discussion, seq);
      const text = anyText();
      const began = performance.now();
      await client.query(
        `insert into message (subscriber, discussion, seq, id, author, text) values ($1, $2, $3, gen_random_uuid(), $4, $5)`,
        [subscriber, discussion, seq, author, text],
      );
      times.push(performance.now() - began);
    }
    return percentiles(times);
  };
  console.log(`insert of a message without index: ${await post('disable')}`);
  console.log(`insert of a message with index:    ${await post('enable')}`);

  const search = await Search.open(tables);
  const swapped = (word) => word.slice(0, 3) + word[4] + word[3] + word.slice(5);
  const queries = {
    'frequent words': () => vocabulary[Math.floor(random() * 100)],
    'any words': anyWord,
    'rare words': () => vocabulary[Math.floor(random() * VOCABULARY)],
    'two words': () => `${anyWord()} ${anyWord()}`,
    'parts of words': () => anyWord().slice(1, 6),
    'typing errors': () => swapped(anyWord()),
    'by rank': anyWord,
  };
  const all = [];
  for (const [name, make] of Object.entries(queries)) {
    const times = [];
    let hits = 0;
    for (let index = 0; index < SEARCHES / Object.keys(queries).length; index++) {
      const query = searchQuery.parse({ text: make(), order: name === 'by rank' ? 'rank' : 'newest' });
      const began = performance.now();
      hits += (await search.page({ subscriber, person: asker }, query)).hits.length;
      times.push(performance.now() - began);
    }
    all.push(...times);
    console.log(`${name}: ${percentiles(times)}, ${(hits / times.length).toFixed(1)} hits`);
  }
  console.log(`all searches over ${MESSAGES} messages: ${percentiles(all)}`);
} finally {
  await client.end();
  await tables.close();
  await database.close();
  await server.stop();
}
