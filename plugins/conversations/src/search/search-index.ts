import { pause, type Clock, type Log, type Services } from '@sluice/plugin-api';
import { trigramIndex } from '../database/search.sql.js';
import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { trigramSchema } from './search.js';

/** Messages of one batch: a few tens of milliseconds, during which edits of these messages wait. */
const BATCH = 500;
const LOOK_EVERY_MS = 60_000;
/** How often a batch may fail before the next look. */
const RETRY_MS = 5_000;

const START = '00000000-0000-0000-0000-000000000000';

/** `$1`, `$2` the last message of the batch before, `$3` size. The last message of this batch; no row at the end. */
const LAST_OF_BATCH = `
select discussion, seq from (
  select discussion, seq from message where (discussion, seq) > ($1::uuid, $2::bigint) order by discussion, seq limit $3
) batch order by discussion desc, seq desc limit 1`;

const IN_BATCH = `(discussion, seq) > ($1::uuid, $2::bigint) and (discussion, seq) <= ($3::uuid, $4::bigint)`;

/** Before the messages and in a transaction of its own, so that it cannot deadlock with an edit, which locks a message and then adds words. */
const ADD_WORDS = `
insert into word (subscriber, word)
select distinct message.subscriber, one.word
from message cross join lateral unnest(words_to_keep(fold_text(message.text))) as one (word)
where ${IN_BATCH} and message.deleted_at is null
order by 1, 2
on conflict do nothing`;

/** The words are those of the row that is locked, so that an edit at the same time is not lost. */
const SET_WORDS = `
with indexed as (
  update message
  set words = message_words(discussion, author, case when deleted_at is null then fold_text(text) else '' end)
  where ${IN_BATCH}
)
update search_state set discussion = $3, seq = $4 where discussion = $1 and seq = $2 and wanted = $5 returning seq`;

/** The rebuilding of the search index while messages are posted and searched. */
export class SearchIndex {
  constructor(
    private readonly tables: Tables,
    private readonly options: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
  ) {}

  /** Rebuilds the index on one host whenever that is wanted, until the signal fires. */
  async run(services: Pick<Services, 'lease'>): Promise<void> {
    const { clock, log, signal } = this.options;
    await services.lease('search-index', signal, async (held) => {
      while (!held.aborted) {
        const isDone = await this.rebuild(held).then(
          () => true,
          (error: unknown) => {
            if (!held.aborted) log.warn('the search index cannot be rebuilt now', { error: String(error) });
            return false;
          },
        );
        await pause(clock, isDone ? LOOK_EVERY_MS : RETRY_MS, held, { ref: false });
      }
    });
  }

  /** Requests that the index is rebuilt from the first message. A host begins within a minute. */
  async request(): Promise<void> {
    await this.tables.rows(`update search_state set wanted = wanted + 1, discussion = $1, seq = 0`, [START]);
  }

  /**
   * Rebuilds the index if that is wanted: from the message at which the last attempt ended, in batches, with a pause as long as each batch.
   *
   * @returns the number of batches
   */
  async rebuild(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.options;
    const [state] = await this.tables.rows<{ wanted: number; version: number; discussion: string; seq: string }>(
      'select wanted, version, discussion, seq from search_state',
    );
    if (!state || state.wanted === state.version) return 0;
    const schema = await trigramSchema(this.tables);
    if (schema !== undefined) await this.tables.rows(trigramIndex(schema));
    let from: readonly [string, string] = [state.discussion, state.seq];
    for (let batches = 0; ; batches++) {
      const began = clock.monotonic();
      const [last] = await this.tables.rows<{ discussion: string; seq: string }>(LAST_OF_BATCH, [...from, BATCH]);
      if (!last) {
        await this.tables.rows('update search_state set version = $1 where wanted = $1', [state.wanted]);
        log.info('the search index has been rebuilt', { batches });
        return batches;
      }
      const to = [last.discussion, last.seq] as const;
      await this.tables.rows(ADD_WORDS, [...from, ...to]);
      const saved = await this.tables.rows(SET_WORDS, [...from, ...to, state.wanted]);
      // somebody has requested the rebuilding again
      if (saved.length === 0) return batches + 1;
      from = to;
      await pause(clock, clock.monotonic() - began, signal, { ref: false });
      if (signal.aborted) return batches + 1;
    }
  }

  /**
   * Throws when the database cannot search as described.
   *
   * @throws `CONVERSATIONS_LETTERS` when the database does not know Cyrillic letters, `CONVERSATIONS_TRIGRAMS` when the extension pg_trgm is
   *   missing: then only typing errors are not tolerated.
   */
  async diagnose(): Promise<void> {
    const [row] = await this.tables.rows<{ letters: boolean; index: boolean }>(
      `select lower('ЁЖ') = 'ёж' and 'Ж' ~ '^[[:alpha:]]$' and to_tsvector('simple', 'Заказ') = '''заказ'':1'::tsvector as letters,
         to_regclass('word_trigrams') is not null as index`,
    );
    if (!row?.letters)
      throw conversationsFail.CONVERSATIONS_LETTERS(
        'the character type of the database does not treat Cyrillic letters as letters, so searches find no Russian words',
      );
    if ((await trigramSchema(this.tables)) === undefined)
      throw conversationsFail.CONVERSATIONS_TRIGRAMS('the extension pg_trgm is missing, so searches tolerate no typing errors');
    if (!row.index)
      throw conversationsFail.CONVERSATIONS_TRIGRAMS('pg_trgm was installed after the tables, and its index does not exist yet');
  }
}
