import type { z } from 'zod';
import type { searchPage, searchQuery } from '../contract.js';
import type { SubscriberTables, Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { messageOf } from '../messages/message-rows.js';
import { MESSAGES_AT } from '../messages/message-statements.js';
import type { Caller } from '../people/people.js';
import { allowedErrors, editDistance } from './edit-distance.js';
import { highlightsOf, wordsOfText } from './highlights.js';
import {
  authorQuery,
  discussionQuery,
  exactQuery,
  LOOKED_THROUGH,
  LOOKED_THROUGH_BY_RANK,
  MAX_EXPANSIONS,
  searchWords,
  textQuery,
  type ExpandedWord,
} from './query.js';
import {
  EXPAND,
  FIND,
  KNOWN_BY_STEM,
  LOOK_THROUGH,
  SEARCH_OPTIONS,
  SEARCHED,
  similarWords,
  STEMS,
  type FoundRow,
} from './search.sql.js';

export type SearchQuery = z.output<typeof searchQuery>;

/** A message that a search has found. */
export interface Match {
  readonly discussion: string;
  readonly seq: number;
  /** Title of the discussion. */
  readonly title: string;
}

/** A page of matches. */
export interface Matches {
  readonly matches: readonly Match[];
  readonly next?: string;
  /** The words that were searched, for {@link highlightsOf}. */
  readonly words: readonly ExpandedWord[];
}

/** Similar words that stand for one unknown word. */
const MAX_SIMILAR = 10;
/** In longer words only the first letters are swapped. */
const MAX_SWAPPED_CHARS = 20;
const MIN_SIMILARITY_SHORT = 0.2;
const MIN_SIMILARITY_LONG = 0.3;
/** Up to this number of discussions the index restricts the search to them; each costs a look-up in each partition, and makes each comparison slower. */
const MAX_DISCUSSIONS_IN_QUERY = 20;
/** So few messages are found by the index at once. */
const FEW_MESSAGES = 20_000;
/** A rank orders the newest matches only, because a rank of all matches would read all of them. */
const MAX_RANKED = 1_000;
const NOT_FOUND = { matches: [], words: [] };

/** Finds messages by their words. */
export class Search {
  private constructor(
    private readonly tables: Tables,
    /** The schema of pg_trgm; undefined when the extension is missing. */
    private readonly trigrams: string | undefined,
  ) {}

  /** Opens the search, and learns whether the extension for typing errors is installed. */
  static async open(tables: Tables): Promise<Search> {
    return new Search(tables, await trigramSchema(tables));
  }

  /**
   * Finds messages that the caller may read and in which each word of the text occurs: unchanged, in another form, as a part of a word, or
   * with a typing error.
   *
   * @throws `CONVERSATIONS_INVALID` when the text contains no letter and no digit, or the cursor is not one of this search.
   */
  async find({ subscriber, person }: Pick<Caller, 'subscriber' | 'person'>, query: SearchQuery): Promise<Matches> {
    const asked = searchWords(query.text);
    if (asked.length === 0)
      throw conversationsFail.CONVERSATIONS_INVALID('the text to search for contains no letter and no digit');
    const cursor = readCursor(query);
    return this.tables.of(subscriber).transaction(async (tables) => {
      await tables.rows(SEARCH_OPTIONS, String(MIN_SIMILARITY_SHORT));
      const mine = await tables.rows(SEARCHED, person, query.discussion ?? null, MAX_DISCUSSIONS_IN_QUERY + 1);
      const [first] = mine;
      if (!first) return NOT_FOUND;
      const words = await this.#expand(tables, asked);
      const before = cursor.before ?? BigInt(first.top) + 1n;
      const wanted = query.order === 'rank' ? MAX_RANKED : query.limit + 1;
      const scope = mine.length > MAX_DISCUSSIONS_IN_QUERY ? [] : [discussionQuery(mine.map(({ discussion }) => discussion))];
      const total = mine.reduce((sum, { messages }) => sum + Number(messages), 0);
      const isSmall = mine.length <= MAX_DISCUSSIONS_IN_QUERY && total <= FEW_MESSAGES;
      const author = query.author === undefined ? [] : [authorQuery(query.author)];
      const text = textQuery(words);
      const found: FoundRow[] = [];
      const read = async (statement: typeof FIND, from: bigint, end: bigint) => {
        const rows = await tables.rows(
          statement,
          person,
          [text, ...scope, ...author].join(' & '),
          query.discussion ?? null,
          query.from ?? null,
          query.to ?? null,
          String(end),
          wanted - found.length,
          exactQuery(words),
          query.order === 'rank',
          text,
          String(from),
        );
        found.push(...rows);
      };
      let end = before;
      const sizes = query.order === 'rank' ? LOOKED_THROUGH_BY_RANK : LOOKED_THROUGH;
      for (const size of isSmall ? [] : sizes) {
        await read(LOOK_THROUGH, end - BigInt(size), end);
        end -= BigInt(size);
        // behind a range without a match the words are rare, so the index contains few matches
        if (found.length === 0 || found.length >= wanted) break;
      }
      if (found.length < wanted && end > 0n) await read(FIND, 0n, end);
      return query.order === 'rank'
        ? rankedPage(found, words, query.limit, cursor.skip ?? 0, before)
        : newestPage(found, words, query.limit);
    });
  }

  /** As {@link find}, with the messages and the parts of their texts that were found. */
  async page(caller: Pick<Caller, 'subscriber' | 'person'>, query: SearchQuery): Promise<z.output<typeof searchPage>> {
    const { matches, words, next } = await this.find(caller, query);
    if (matches.length === 0) return { hits: [] };
    const rows = await this.tables.of(caller.subscriber).rows(
      MESSAGES_AT,
      matches.map(({ discussion }) => discussion),
      matches.map(({ seq }) => seq),
    );
    const messages = new Map(rows.map((row) => [`${row.discussion} ${row.seq}`, messageOf(row)]));
    const stemOf = await this.#stems(
      caller.subscriber,
      rows.map(({ text }) => text),
    );
    const hits = matches.flatMap(({ discussion, seq, title }) => {
      const message = messages.get(`${discussion} ${seq}`);
      return message ? [{ message, title, highlights: [...highlightsOf(message.text, words, stemOf)] }] : [];
    });
    return { hits, ...(next !== undefined && { next }) };
  }

  /** Returns the stem of each word of these texts, for {@link highlightsOf}. */
  async #stems(subscriber: string, texts: readonly string[]): Promise<(word: string) => string | undefined> {
    const words = [...new Set(texts.flatMap(wordsOfText))];
    const rows = words.length === 0 ? [] : await this.tables.of(subscriber).rows(STEMS, words);
    const stems = new Map(rows.map(({ word, stem }) => [word, stem ?? undefined]));
    return (word) => stems.get(word);
  }

  /** Looks up the words that contain a word of the search, and for unknown ones the most similar words. */
  async #expand(tables: SubscriberTables, asked: readonly string[]): Promise<readonly ExpandedWord[]> {
    const perWord = Math.max(1, Math.floor(MAX_EXPANSIONS / asked.length));
    const rows = await tables.rows(EXPAND, asked, perWord);
    const words: ExpandedWord[] = [];
    for (const { word, stem, known, parts } of rows) {
      const similar =
        known || parts.length > 0 ? [] : await this.#similar(tables, word, stem ?? word, Math.min(perWord, MAX_SIMILAR));
      words.push({ word, ...(stem !== null && { stem }), parts, similar });
    }
    return words;
  }

  async #similar(tables: SubscriberTables, word: string, stem: string, limit: number): Promise<ExpandedWord['similar']> {
    const errors = allowedErrors(word);
    if (errors === 0) return [];
    // two swapped letters leave few parts of a word as they are, so such a word is not similar for pg_trgm
    const swapped = await tables.rows(KNOWN_BY_STEM, swaps(word));
    if (this.trigrams === undefined) return swapped.slice(0, limit);
    const least = errors === 1 ? MIN_SIMILARITY_SHORT : MIN_SIMILARITY_LONG;
    const candidates = await tables.rows(similarWords(this.trigrams), word, least);
    // two forms of one word differ in their endings, so the stems count too
    const distance = (one: { readonly word: string; readonly stem: string | null }) =>
      Math.min(editDistance(word, one.word, errors), one.stem === null ? errors + 1 : editDistance(stem, one.stem, errors));
    const near = candidates
      .map((one) => ({ ...one, errors: distance(one) }))
      .filter((one) => one.errors <= errors)
      .sort((left, right) => left.errors - right.errors)
      .map((one) => ({ word: one.word, ...(one.stem !== null && { stem: one.stem }) }));
    return [...swapped, ...near].slice(0, limit);
  }
}

/** Returns the schema of the extension pg_trgm, in which its operators are, or undefined when it is not installed. */
export async function trigramSchema(tables: Pick<Tables, 'rows'>): Promise<string | undefined> {
  const [row] = await tables.rows<{ schema: string }>(
    `select quote_ident(nspname) as schema from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm'`,
  );
  return row?.schema;
}

const toMatch = ({ discussion, seq, title }: FoundRow): Match => ({ discussion, seq: Number(seq), title });

/** Returns the words that differ from a word by two swapped neighbours. */
function swaps(word: string): readonly string[] {
  const at = (index: number) => `${word.slice(0, index)}${word[index + 1]}${word[index]}${word.slice(index + 2)}`;
  return Array.from({ length: Math.min(word.length, MAX_SWAPPED_CHARS) - 1 }, (_, index) => at(index)).filter(
    (one) => one !== word,
  );
}

function newestPage(found: readonly FoundRow[], words: readonly ExpandedWord[], limit: number): Matches {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { matches: page.map(toMatch), words, ...(found.length > limit && last && { next: last.ordinal }) };
}

function rankedPage(
  found: readonly FoundRow[],
  words: readonly ExpandedWord[],
  limit: number,
  skip: number,
  before: bigint,
): Matches {
  // the sort is stable, so that of messages of one rank the newest is the first
  const page = [...found].sort((left, right) => right.rank - left.rank).slice(skip, skip + limit);
  const end = skip + limit;
  return { matches: page.map(toMatch), words, ...(found.length > end && { next: `${before}.${end}` }) };
}

/** A cursor is the ordinal of the last match; with a rank it is the ordinal behind the newest match and the number of matches before it. */
function readCursor({ after, order }: SearchQuery): { readonly before?: bigint; readonly skip?: number } {
  if (after === undefined) return {};
  const cursor = (order === 'rank' ? /^(\d{1,18})\.(\d{1,4})$/ : /^(\d{1,18})$/).exec(after);
  if (!cursor) throw conversationsFail.CONVERSATIONS_INVALID('`after` is not the `next` of a page of this search');
  const [, before = '0', skip] = cursor;
  return { before: BigInt(before), ...(skip !== undefined && { skip: Number(skip) }) };
}
