import type { NoteQueryTerm } from '@sluice/engine';

/*
 * The search words of a note are stored in a `tsvector` unchanged, without a parser, a dictionary or a locale: `find` works alike in every
 * database, and needs no extension.
 */

/** Returns the parameter from which {@link SEARCH_WORDS_VECTOR} makes the value of a column. No word contains a space. */
export function searchWordsColumn(words: readonly string[]): string | null {
  return words.length === 0 ? null : words.join(' ');
}

/** Returns the SQL of the value of a column of words. @param words the SQL of the parameter, a text or null */
export const SEARCH_WORDS_VECTOR = (words: string): string => `array_to_tsvector(string_to_array(${words}, ' '))`;

/** Returns the text of a `tsquery` that a column of words matches when it has all these words. */
export function tsqueryOf(query: readonly NoteQueryTerm[]): string {
  return query.map(({ word, isPrefix }) => `'${word.replaceAll(/['\\]/g, '$&$&')}'${isPrefix ? ':*' : ''}`).join(' & ');
}
