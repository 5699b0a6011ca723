/**
 * Characters that are invisible or change the direction of the text around them: controls, formats such as bidirectional overrides and
 * isolates, zero-width characters, fillers, variation selectors and tags. With them a name can look like the name of another person, or
 * reorder a line that contains it. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** A line break or a tab stands between words, so a space replaces it. */
const SPACES = /[\s\u0085]+/gu;

/** A name without hidden characters. */
export interface CleanName {
  readonly name: string;
  /** Code points that were removed, such as `U+202E`, each once, in the order in which they occur. */
  readonly removed: readonly string[];
}

/** Removes hidden characters from a name, joins spaces, and normalises to NFC. A name without visible characters is empty then. */
export function cleanName(raw: string): CleanName {
  const spaced = raw.normalize('NFC').replace(SPACES, ' ');
  const removed = new Set<string>();
  const drop = (character: string) => {
    removed.add(`U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`);
    return '';
  };
  const name = spaced.replace(HIDDEN, drop).replace(SPACES, ' ').trim();
  return { name, removed: [...removed] };
}

/** Returns the text in lower case with е for ё, as names and words of messages are compared. */
export function foldCase(text: string): string {
  return text.normalize('NFC').toLowerCase().replaceAll('ё', 'е');
}

const WORD = /[\p{L}\p{N}]+/gu;
/** PostgreSQL refuses longer lexemes than 2,046 bytes; a longer word is found by its beginning. */
const MAX_WORD_CHARS = 100;

function wordsOf(text: string): readonly string[] {
  return (foldCase(text).match(WORD) ?? []).map((word) => word.slice(0, MAX_WORD_CHARS));
}

/**
 * Returns the words under which the directory finds a person. A search compares beginnings, so the digits of a phone are contained from
 * each digit on: `912` finds `+7 912 …`.
 */
export function directoryWords(person: {
  readonly name: string;
  readonly phone?: string;
  readonly email?: string;
}): readonly string[] {
  const digits = (person.phone ?? '').replace(/\D/g, '').slice(0, 20);
  const endings = Array.from(digits, (_, from) => digits.slice(from)).filter((ending) => ending.length >= 2);
  const email =
    person.email === undefined || person.email === ''
      ? []
      : [foldCase(person.email).slice(0, MAX_WORD_CHARS), ...wordsOf(person.email)];
  return [...new Set([...wordsOf(person.name), ...email, ...endings])];
}

/** Maximum number of words of a search in the directory. */
const MAX_SEARCH_WORDS = 10;

/**
 * Returns the `tsquery` that matches people whose words begin with each word of the search. Undefined: the search contains no letter and no
 * digit.
 */
export function directoryQuery(search: string): string | undefined {
  const isPhone = /^[+\d\s()-]+$/.test(search);
  const words = isPhone ? [search.replace(/\D/g, '')] : search.includes('@') ? [foldCase(search.trim())] : wordsOf(search);
  const wanted = words.filter((word) => word !== '').slice(0, MAX_SEARCH_WORDS);
  if (wanted.length === 0) return undefined;
  // a lexeme in quotes, in which quotes and backslashes are doubled: https://www.postgresql.org/docs/current/datatype-textsearch.html
  return wanted.map((word) => `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}':*`).join(' & ');
}
