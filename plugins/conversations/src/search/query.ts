import { foldCase } from '../people/names.js';
import { otherStems } from './other-stems.js';

/** Maximum number of words of a search text; further ones are ignored. */
export const MAX_SEARCH_WORDS = 12;
/** Maximum number of words to which parts of words and typing errors of one search expand. */
export const MAX_EXPANSIONS = 50;

/** Splits a text into its words as the index does. */
export const WORD = /[\p{L}\p{N}]+/gu;

/** Returns the distinct words of a search, in lower case and with е for ё. */
export function searchWords(text: string): readonly string[] {
  return [...new Set(foldCase(text).match(WORD) ?? [])].slice(0, MAX_SEARCH_WORDS);
}

/** A word of a search with everything that stands for it. */
export interface ExpandedWord {
  readonly word: string;
  /** Stem by the configuration `russian`; absent for stop words. */
  readonly stem?: string;
  /** Words that contain it. */
  readonly parts: readonly string[];
  /** Words that differ from it by a typing error, with their stems. */
  readonly similar: readonly { readonly word: string; readonly stem?: string }[];
}

/** Returns the stems of all forms of a word and of the words that it may have been meant to be. */
export function stemsOf({ word, stem, similar }: ExpandedWord): ReadonlySet<string> {
  const all = [{ word, stem }, ...similar];
  return new Set(all.flatMap((one) => (one.stem === undefined ? [] : [one.stem, ...otherStems(one.word, one.stem)])));
}

/** Returns the `tsquery` of which each word has to match, unchanged, a form, a part or a corrected error. */
export function textQuery(words: readonly ExpandedWord[]): string {
  return words
    .map((word) => anyOf([word.word, ...stemsOf(word), ...word.parts, ...word.similar.map((one) => one.word)]))
    .join(' & ');
}

/** Returns the `tsquery` of the words as they were written, which ranks them before their forms. */
export function exactQuery(words: readonly ExpandedWord[]): string {
  return anyOf(words.map(({ word }) => word));
}

/** Returns the `tsquery` of messages of these discussions. */
export function discussionQuery(discussions: readonly string[]): string {
  return anyOf(discussions.map(discussionLexeme));
}

/** Returns the `tsquery` of messages of this author. */
export function authorQuery(person: string): string {
  return `'${authorLexeme(person)}'`;
}

/** Returns the lexeme of all messages of a discussion. */
export function discussionLexeme(discussion: string): string {
  return `#${discussion.replaceAll('-', '')}`;
}

/** Returns the lexeme of all messages of an author. */
export function authorLexeme(person: string): string {
  return `@${person.replaceAll('-', '')}`;
}

/**
 * Numbers of the newest messages which a search looks through one by one, before it reads the index of all words: a frequent word has enough
 * matches among them, and its matches in the index are too many to be read.
 */
export const LOOKED_THROUGH = [1_000, 8_000] as const;
/** A rank needs up to 1,000 matches, so a further range comes before all matches of a word that is neither frequent nor rare. */
export const LOOKED_THROUGH_BY_RANK = [...LOOKED_THROUGH, 64_000] as const;

/** Lexemes in quotes. None of them contains a quote or a backslash: words are letters and digits, ids are hexadecimal. */
function anyOf(lexemes: Iterable<string>): string {
  const quoted = [...new Set(lexemes)].map((lexeme) => `'${lexeme}'`);
  return `(${quoted.join(' | ')})`;
}
