import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import { foldCase } from '../people/names.js';
import { STEM } from './search.sql.js';
import { authorLexeme, discussionLexeme, WORD } from './query.js';

/** Words in each of the two generations of the cache: together about 20 MiB. */
const MAX_GENERATION = 60_000;
/** Number of words of one message that are added to the table of words. The further ones are found whole and by their forms. */
const MAX_NEW_WORDS = 300;
/** Length of the words that the table of words contains, whose parts are found. */
const [MIN_WORD_CHARS, MAX_WORD_CHARS] = [2, 40];
/** PostgreSQL refuses lexemes of more than 2,046 bytes. Longer words are not found. */
const MAX_LEXEME_CHARS = 500;

/**
 * Adds the words `$3` to the table of words, and returns the stems of the words `$2`. Sorted, so that two statements which add the same words
 * do not wait for each other.
 */
const LEARN = statement<{ readonly word: string; readonly stem: string | null }>(
  'learn words',
  `with added as (
     insert into word (subscriber, word)
     select $1, word from unnest($3::text[]) as one (word) order by word collate "C" on conflict do nothing
   )
   select word, ${STEM('word')} as stem from unnest($2::text[]) as one (word)`,
);

/**
 * The words of posted messages with their stems, so that a post touches the table of words only for words that this host has not met before.
 * The table of words never loses one, so the cache has nothing to follow.
 */
export class Lexicon {
  /** Stems by subscriber and word, null for stop words. Words that were not used since the generation before are forgotten. */
  #young = new Map<string, string | null>();
  #old = new Map<string, string | null>();

  constructor(private readonly tables: Tables) {}

  /**
   * Returns the search index of a message as the text of a `tsvector`. A promise when the message contains
   * new words, which are in the table of words then. It rejects with `UNREACHABLE`.
   */
  index(subscriber: string, discussion: string, author: string, text: string): string | Promise<string> {
    const words = (foldCase(text).match(WORD) ?? []).filter((word) => word.length <= MAX_LEXEME_CHARS);
    const stems = new Map<string, string | null>();
    const unknown = new Set<string>();
    for (const word of words) {
      const stem = this.#stem(`${subscriber} ${word}`);
      if (stem === undefined) unknown.add(word);
      else stems.set(word, stem);
    }
    const write = () => vectorOf(words, stems, [discussionLexeme(discussion), authorLexeme(author)]);
    if (unknown.size === 0) return write();
    return this.#learn(subscriber, [...unknown], stems).then(write);
  }

  async #learn(subscriber: string, words: readonly string[], stems: Map<string, string | null>): Promise<void> {
    const kept = words.filter(({ length }) => length >= MIN_WORD_CHARS && length <= MAX_WORD_CHARS).slice(0, MAX_NEW_WORDS);
    const rows = await this.tables.of(subscriber).rows(LEARN, words, kept);
    const known = new Set(kept);
    for (const { word, stem } of rows) {
      stems.set(word, stem);
      if (known.has(word) || word.length < MIN_WORD_CHARS) this.#remember(`${subscriber} ${word}`, stem);
    }
  }

  #stem(key: string): string | null | undefined {
    const stem = this.#young.get(key);
    if (stem !== undefined) return stem;
    const old = this.#old.get(key);
    if (old !== undefined) this.#remember(key, old);
    return old;
  }

  #remember(key: string, stem: string | null): void {
    if (this.#young.size >= MAX_GENERATION) [this.#old, this.#young] = [this.#young, new Map<string, string | null>()];
    this.#young.set(key, stem);
  }
}

/** Words and stems with their positions. No lexeme contains a quote or a backslash. */
function vectorOf(words: readonly string[], stems: ReadonlyMap<string, string | null>, more: readonly string[]): string {
  let vector = '';
  for (const [index, word] of words.entries()) {
    const stem = stems.get(word) ?? word;
    vector += `'${word}':${index + 1} `;
    if (stem !== word) vector += `'${stem}':${index + 1} `;
  }
  return vector + more.map((lexeme) => `'${lexeme}'`).join(' ');
}
