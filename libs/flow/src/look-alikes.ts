/** Cyrillic letters that look like Latin ones. */
const LATIN: Readonly<Record<string, string>> = {
  а: 'a',
  в: 'b',
  е: 'e',
  к: 'k',
  м: 'm',
  н: 'h',
  о: 'o',
  р: 'p',
  с: 'c',
  т: 't',
  у: 'y',
  х: 'x',
  і: 'i',
  ѕ: 's',
  ј: 'j',
  А: 'A',
  В: 'B',
  Е: 'E',
  К: 'K',
  М: 'M',
  Н: 'H',
  О: 'O',
  Р: 'P',
  С: 'C',
  Т: 'T',
  Х: 'X',
  І: 'I',
};

/**
 * Spells a word that mixes Latin letters with Cyrillic look-alikes in Latin letters only: it was typed with the wrong keyboard layout.
 * Returns undefined for any other word.
 */
export function inLatinLetters(word: string): string | undefined {
  if (!/[A-Za-z]/.test(word)) return undefined;
  const latin = [...word].map((letter) => LATIN[letter] ?? letter).join('');
  return latin !== word && !/\p{Script=Cyrillic}/u.test(latin) ? latin : undefined;
}

/** Returns a note for a message about a name that mixes both alphabets, because it looks correct on the screen. Otherwise an empty text. */
export function lookAlikeNote(name: string): string {
  return inLatinLetters(name) === undefined ? '' : ' (Cyrillic letters in it look like Latin ones)';
}
