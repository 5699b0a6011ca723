/** Maximum search words of one note. */
const MAX_WORDS = 128;
/** Maximum parts of a word that are also combined. A word of more parts, such as a UUID, is found as a whole and by single parts. */
const MAX_COMBINED_PARTS = 6;

/** One word of a query. */
export interface NoteQueryTerm {
  readonly word: string;
  /** True: words that begin with it match too. */
  readonly isPrefix: boolean;
}

/**
 * Returns the words of a note by which its run is found, in lower case. A word such as `W-4/2026` is found as a whole, by `4`, by `W-4` and by
 * `4/2026`; a number such as `00БП-00001234` also without its leading zeros.
 */
export function searchWordsOf(note: string): readonly string[] {
  const words = new Set<string>();
  for (const word of wordsOf(note)) {
    words.add(word);
    for (const part of partsOf(word)) words.add(part);
    if (words.size >= MAX_WORDS) break;
  }
  return [...words].slice(0, MAX_WORDS);
}

/**
 * Returns the words of a query. `*` at the end of a word matches all words that begin with it.
 *
 * @returns an empty list when the text has no letter and no digit
 */
export function parseNoteQuery(text: string): readonly NoteQueryTerm[] {
  return text.split(/\s+/u).flatMap((written) => {
    const isPrefix = written.endsWith('*');
    return wordsOf(written).map((word) => ({ word, isPrefix }));
  });
}

/** Returns whether the note has all words of a query. */
export function noteMatches(note: string, query: readonly NoteQueryTerm[]): boolean {
  const words = searchWordsOf(note);
  return query.every(({ word, isPrefix }) => words.some((one) => (isPrefix ? one.startsWith(word) : one === word)));
}

/** Returns the words between white space, without the punctuation around them. */
function wordsOf(text: string): readonly string[] {
  const folded = text.normalize('NFC').toLowerCase().replaceAll('ё', 'е');
  return folded
    .split(/[\s\p{Cc}\p{Cs}]+/u)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+/u, '').replace(/[^\p{L}\p{N}\p{M}]+$/u, ''))
    .filter((word) => word !== '');
}

/** Returns the sequences of neighbouring parts of a word: its groups of letters and of digits. */
function partsOf(word: string): readonly string[] {
  const groups = [...word.matchAll(/[\p{L}\p{M}]+|\p{N}+/gu)];
  if (groups.length > MAX_COMBINED_PARTS) return word.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const parts: string[] = [];
  for (const [from, first] of groups.entries()) {
    for (const last of groups.slice(from)) parts.push(word.slice(first.index, last.index + last[0].length));
    const bare = first[0].replace(/^0+(?=\d)/, '');
    if (bare !== first[0]) parts.push(bare);
  }
  return parts;
}
