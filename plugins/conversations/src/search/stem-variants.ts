/**
 * Endings of Russian stems that change within one word: the stemmer of PostgreSQL (Snowball) removes endings only, so `отец` and `отца`, or
 * `писать` and `пишу`, have different stems for it. https://snowballstem.org/algorithms/russian/stemmer.html
 */
const VOWEL = /[аеиоуыэюя]/;
const CONSONANT = '[бвгджзйклмнпрстфхцчшщ]';

/** A vowel before the last consonant that other forms do not have: отец — отца, день — дня, рынок — рынка. */
const FLEETING = new RegExp(`^(.*${CONSONANT})([ое])(ь?)(${CONSONANT})$`);
/** Two consonants at the end, between which another form may have a vowel: отц — отец, окн — окон. */
const PAIR = new RegExp(`^(.+${CONSONANT})(ь?)(${CONSONANT})$`);

/** Consonants that alternate in the forms of verbs and nouns. */
const ALTERNATIONS: readonly (readonly [string, readonly string[]])[] = [
  ['ск', ['щ']],
  ['ст', ['щ']],
  ['бл', ['б']],
  ['пл', ['п']],
  ['вл', ['в']],
  ['мл', ['м']],
  ['фл', ['ф']],
  ['щ', ['ст', 'ск', 'т']],
  ['ч', ['т', 'к', 'ц']],
  ['ш', ['с', 'х']],
  ['ж', ['д', 'з', 'г']],
  ['т', ['ч', 'щ']],
  ['к', ['ч']],
  ['ц', ['ч']],
  ['с', ['ш']],
  ['х', ['ш']],
  ['д', ['ж']],
  ['з', ['ж']],
  ['г', ['ж']],
  ['б', ['бл']],
  ['п', ['пл']],
  ['в', ['вл']],
  ['м', ['мл']],
];

const MIN_CHARS = 2;

/**
 * Returns stems that other forms of the same Russian word may have, without the stem itself. Some belong to no word; these find nothing.
 */
export function stemVariants(stem: string): readonly string[] {
  if (stem.length < MIN_CHARS || !/^[а-я]+$/.test(stem)) return [];
  const variants = new Set<string>();
  const fleeting = FLEETING.exec(stem);
  if (fleeting) {
    const [, start = '', , , end = ''] = fleeting;
    if (VOWEL.test(start) || start.length <= 2) {
      variants.add(start + end);
      // лев — льва, боец — бойца
      if (start.endsWith('л')) variants.add(`${start}ь${end}`);
    }
  }
  const pair = PAIR.exec(stem);
  if (pair) {
    const [, start = '', , end = ''] = pair;
    variants.add(`${start}о${end}`);
    variants.add(`${start}е${end}`);
  }
  if (stem.length > MIN_CHARS)
    for (const [from, others] of ALTERNATIONS)
      if (stem.endsWith(from)) for (const to of others) variants.add(stem.slice(0, -from.length) + to);
  variants.delete(stem);
  return [...variants].filter((variant) => variant.length >= MIN_CHARS);
}
