import { foldCase } from '../people/names.js';
import { stemsOf, WORD, type ExpandedWord } from './query.js';

/** A part of a text in UTF-16 units. */
export interface Highlight {
  readonly from: number;
  readonly to: number;
}

const MAX_HIGHLIGHTS = 100;

/** Returns the distinct words of a text, folded, of which {@link highlightsOf} needs the stems. */
export function wordsOfText(text: string): readonly string[] {
  return [...new Set([...text.matchAll(WORD)].map(([word]) => foldCase(word)))];
}

/**
 * Returns the parts of a text which a search has found, in the order of the text: whole words, or the part of a word that contains a word of
 * the search. At most 100.
 *
 * @param stemOf returns the stem of a word of the text; undefined for a stop word
 */
export function highlightsOf(
  text: string,
  words: readonly ExpandedWord[],
  stemOf: (word: string) => string | undefined,
): readonly Highlight[] {
  const wanted = words.map((word) => ({
    word: word.word,
    whole: new Set([word.word, ...word.similar.map((one) => one.word)]),
    parts: new Set(word.parts),
    stems: stemsOf(word),
  }));
  const found: Highlight[] = [];
  for (const match of text.matchAll(WORD)) {
    if (found.length === MAX_HIGHLIGHTS) break;
    const [original] = match;
    const folded = foldCase(original);
    const stem = stemOf(folded);
    const isFound = wanted.some(({ whole, stems }) => whole.has(folded) || (stem !== undefined && stems.has(stem)));
    const part = isFound ? undefined : wanted.find(({ parts }) => parts.has(folded));
    if (!isFound && !part) continue;
    // the offset within the folded word is that of the word if folding has not changed its length
    const offset = part && folded.length === original.length ? folded.indexOf(part.word) : 0;
    const length = part && folded.length === original.length ? part.word.length : original.length;
    found.push({ from: match.index + offset, to: match.index + offset + length });
  }
  return found;
}
