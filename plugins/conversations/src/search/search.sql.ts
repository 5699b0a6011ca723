import { statement } from '../database/statement.js';

/** The stem of a word by the configuration `russian`; null for a stop word. */
export const STEM = (word: string) => `(tsvector_to_array(to_tsvector('russian'::regconfig, ${word})))[1]`;

/** `$2` words of the search, `$3` maximum number of parts of each. One row for each word, with the words that begin with it or contain it. */
export const EXPAND = statement<{
  readonly word: string;
  readonly stem: string | null;
  readonly known: boolean;
  readonly parts: readonly string[];
}>(
  'expand',
  `select asked.word, ${STEM('asked.word')} as stem,
    exists (select from word where word.subscriber = $1 and word.word = asked.word) as known,
    array(
      select found.word from (
        (select begin.word, 0 as place from word begin
         where begin.subscriber = $1 and begin.word > asked.word and begin.word < asked.word || chr(1114111) and length(asked.word) >= 2
         order by length(begin.word), begin.word limit $3)
        union all
        (select inner_part.word, 1 from word inner_part
         where inner_part.subscriber = $1 and length(asked.word) >= 2 and word_grams(inner_part.word) @> part_grams(asked.word)
           and strpos(inner_part.word, asked.word) > 1
         order by length(inner_part.word), inner_part.word limit $3)
      ) found order by found.place, length(found.word), found.word limit $3
    ) as parts
   from unnest($2::text[]) with ordinality as asked (word, number)
   order by asked.number`,
);

/** `$2` a word that the subscriber does not know, `$3` minimum similarity. The most similar known words. */
export const similarWords = (schema: string) =>
  statement<{ readonly word: string; readonly stem: string | null }>(
    `similar ${schema}`,
    `select word, ${STEM('word')} as stem from word
     where subscriber = $1 and word operator(${schema}.%) $2 and ${schema}.similarity(word, $2) >= $3
     order by ${schema}.similarity(word, $2) desc, word limit 50`,
  );

/** `$2` words. Those with their stems of which the subscriber knows a word that begins with the stem. */
export const KNOWN_BY_STEM = statement<{ readonly word: string; readonly stem: string }>(
  'known by stem',
  `select asked.word, asked.stem from (select word, ${STEM('word')} as stem from unnest($2::text[]) as one (word)) asked
   where length(asked.stem) > 2 and exists (
     select from word where word.subscriber = $1 and word.word >= asked.stem and word.word < asked.stem || chr(1114111))`,
);

/** `$2` minimum similarity. Options of the transaction: the plan has to fit the words of each search. */
export const SEARCH_OPTIONS = statement<object>(
  'search options',
  `select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('pg_trgm.similarity_threshold', $2, true),
     set_config('statement_timeout', '10s', true)
   where $1::uuid is not null`,
);

/** `$2` person, `$3` discussion or null, `$4` maximum number. The discussions that the person may search, and how far messages go. */
export const SEARCHED = statement<{ readonly discussion: string; readonly messages: string; readonly top: string }>(
  'searched discussions',
  `select discussion.id as discussion, discussion.last_seq as messages, (select last_value from message_ordinal) as top
   from member join discussion on discussion.subscriber = $1 and discussion.id = member.discussion
   where member.subscriber = $1 and member.person = $2
     and (discussion.id = $3 or $3::uuid is null and discussion.kind <> 'channel')
   limit $4`,
);

export interface FoundRow {
  readonly discussion: string;
  readonly title: string;
  readonly seq: string;
  readonly ordinal: string;
  readonly rank: number;
}

const find = (matches: string, ordinal: string) => `select newest.discussion, newest.title, newest.seq, newest.ordinal,
     case when $10::boolean then ts_rank(newest.words, $9::tsquery) * 4 + ts_rank(newest.words, $11::tsquery) else 0 end as rank
   from (
     select found.*, discussion.title from (
       select message.* from message where message.subscriber = $1 and ${matches} and ${ordinal} < $7 and ${ordinal} >= $12 offset 0
     ) found
     join discussion on discussion.subscriber = $1 and discussion.id = found.discussion
     join member on member.subscriber = $1 and member.discussion = found.discussion and member.person = $2
     where found.deleted_at is null
       and (found.recipients is null or $2 = any(found.recipients) or found.author = $2)
       and (found.discussion = $4 or $4::uuid is null and discussion.kind <> 'channel')
       and ($5::timestamptz is null or found.at >= $5) and ($6::timestamptz is null or found.at < $6)
     order by found.ordinal desc limit $8
   ) newest
   order by newest.ordinal desc`;

/**
 * `$2` person, `$3` query, `$4` discussion or null, `$5` from, `$6` to, `$7` ordinal behind the newest, `$8` limit, `$9` query of
 * the words as written, `$10` whether the rank is wanted, `$11` query of the words, `$12` the smallest ordinal. The subquery ends with
 * `offset 0`, and computes with the ordinal, so that the index of the words is always the one that is read.
 */
export const FIND = statement<FoundRow>('find messages', find('message.words @@ $3::tsquery', '(message.ordinal + 0)'));

/**
 * As {@link FIND} for a short range of ordinals. It calls the function of the operator `@@`, for which PostgreSQL does not use the index of
 * the words: to intersect fifty words there costs more than to read a thousand messages.
 */
export const LOOK_THROUGH = statement<FoundRow>(
  'look through messages',
  find('ts_match_vq(message.words, $3::tsquery)', 'message.ordinal'),
);

/** `$2` words. Their stems, for highlights. */
/** The stem of a word by the configuration `russian`; null for a stop word. */
export const STEMS = statement<{ readonly word: string; readonly stem: string | null }>(
  'stems',
  `select word, ${STEM('word')} as stem from unnest($2::text[]) as one (word) where $1::uuid is not null`,
);
