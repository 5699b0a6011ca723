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

/** A word that mixes both alphabets, all in Latin letters: a keyboard was in the wrong layout. Undefined for any other word. */
export function inLatinLetters(word: string): string | undefined {
  if (!/[A-Za-z]/.test(word)) return undefined;
  const latin = [...word].map((letter) => LATIN[letter] ?? letter).join('');
  return latin !== word && !/\p{Script=Cyrillic}/u.test(latin) ? latin : undefined;
}

/** What a message adds about a name that mixes both alphabets: on the screen it looks like the right one. Empty for any other. */
export function lookAlikeNote(name: string): string {
  return inLatinLetters(name) === undefined ? '' : ' (Cyrillic letters in it look like Latin ones)';
}
