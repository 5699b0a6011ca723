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

/** Messages of one bucket; the index contains the lexeme `~<ordinal / BUCKET>` of each message. */
const BUCKET = 4_096;

/** Returns the `tsquery` of messages with an ordinal in a bucket from `first` to `last`. */
export function bucketQuery(first: number, last: number): string {
  return anyOf(Array.from({ length: last - first + 1 }, (_, index) => `~${first + index}`));
}

/** A range of ordinals which a search reads in one statement. */
export interface Window {
  /** Buckets, both included. Absent: all. */
  readonly buckets?: { readonly first: number; readonly last: number };
  /** The first ordinal of the range. */
  readonly from: bigint;
  /** The first ordinal behind the range. */
  readonly before: bigint;
}

/** Buckets of a larger range are not named in the query, which then reads all matches. */
const MAX_WINDOW = 64;

/**
 * Returns the range of the messages before an ordinal. A search reads the newest bucket first, where a frequent word has enough matches; without
 * ranges, each search for such a word would read all of its matches.
 *
 * @param size number of buckets; the range contains all older messages when there are not more, and when the size is above 64
 */
export function windowBefore(before: bigint, size: number): Window {
  const last = Math.max(0, Number((before - 1n) / BigInt(BUCKET)));
  const first = Math.max(0, last - size + 1);
  if (size > MAX_WINDOW) return { from: 0n, before };
  return { buckets: { first, last }, from: BigInt(first) * BigInt(BUCKET), before };
}

/** Returns the size of the range after one with so few matches: behind a range without a match the word is rare, and all that is left is read soon. */
export function nextSize(size: number, matches: number): number {
  return size * (matches === 0 ? 32 : 8);
}

/** Lexemes in quotes. None of them contains a quote or a backslash: words are letters and digits, ids are hexadecimal. */
function anyOf(lexemes: Iterable<string>): string {
  const quoted = [...new Set(lexemes)].map((lexeme) => `'${lexeme}'`);
  return `(${quoted.join(' | ')})`;
}
