/**
 * Stems that other forms of a Russian word have. The stemmer of PostgreSQL (Snowball) removes endings only, so `отец` and `отца`, or `писать`
 * and `пишу`, have different stems for it. https://snowballstem.org/algorithms/russian/stemmer.html
 *
 * The rules make stems of which some belong to no word; those find nothing.
 */

/** A vowel before the last consonant that other forms do not have: отец — отца, рынок — рынка. */
const FLEETING = /^(.*[бвгджзйклмнпрстфхцчшщ])[ое]([бвгджзйклмнпрстфхцчшщ])$/;
/** Two consonants at the end, between which another form may have a vowel: отц — отец, письм — писем. */
const PAIR = /^(.+[бвгджзйклмнпрстфхцчшщ])ь?([бвгджзйклмнпрстфхцчшщ])$/;

/** Words whose forms follow no rule. */
const IRREGULAR: readonly (readonly string[])[] = [
  ['ден', 'день', 'дня', 'дню', 'днем', 'дне', 'дни', 'дням', 'днями'],
  ['доч', 'дочер'],
  ['мат', 'матер'],
  ['друг', 'друз'],
  ['человек', 'люд'],
  ['письм', 'пис'],
  ['идт', 'ид', 'идет', 'идут', 'шел', 'шла', 'шло', 'шли'],
  ['ехат', 'еха', 'ед', 'едет', 'едут', 'ехал'],
  ['взят', 'возьм', 'возьмет', 'возьмут', 'взял'],
];
const IRREGULAR_STEMS = new Map(IRREGULAR.flatMap((stems) => stems.map((stem) => [stem, stems] as const)));

/** Last consonants of roots of verbs, and those of the first person: писать — пишу, купить — куплю. */
const SOFTENED: readonly (readonly [string, readonly string[]])[] = [
  ['ск', ['щ']],
  ['ст', ['щ']],
  ['с', ['ш']],
  ['х', ['ш']],
  ['т', ['ч', 'щ']],
  ['к', ['ч']],
  ['д', ['ж']],
  ['з', ['ж']],
  ['г', ['ж']],
  ['б', ['бл']],
  ['п', ['пл']],
  ['в', ['вл']],
  ['м', ['мл']],
  ['ф', ['фл']],
];

/** What the stemmer leaves of present tense and imperative when the word is short. */
const PRESENT = ['', 'ет', 'ут', 'ют', 'ат', 'ят', 'ьт', 'йт'];
const MIN_CHARS = 2;

/**
 * Returns the stems that other forms of a word may have, without `stem`.
 *
 * @param word in lower case, with е for ё
 * @param stem its stem by the configuration `russian`
 */
export function otherStems(word: string, stem: string): readonly string[] {
  if (!/^[а-я]+$/.test(word) || !/^[а-я]+$/.test(stem)) return [];
  const stems = [...(IRREGULAR_STEMS.get(stem) ?? []), ...nominal(word, stem), ...verbal(word)];
  return [...new Set(stems)].filter((one) => one.length >= MIN_CHARS && one !== stem);
}

function nominal(word: string, stem: string): readonly string[] {
  const stems: string[] = [];
  const [, start, end = ''] = FLEETING.exec(stem) ?? [];
  // палец — пальца
  if (start !== undefined) stems.push(start + end, ...(start.endsWith('л') ? [`${start}ь${end}`] : []));
  const [, before, after = ''] = PAIR.exec(stem) ?? [];
  if (before !== undefined) stems.push(`${before}о${after}`, `${before}е${after}`);
  // the stemmer takes деталь, запись and печать for verbs in some of their forms
  if (word.endsWith('ь')) stems.push(word.slice(0, -1));
  if (/[аяиеы]ли$/.test(word)) stems.push(word.slice(0, -1));
  if (/[аяе]ль$/.test(word)) stems.push(word.slice(0, -2));
  if (/ис$/.test(stem) && stem.length > 4) stems.push(stem.slice(0, -2));
  // имя — имени
  if (word.endsWith('мя')) stems.push(`${word.slice(0, -1)}ен`);
  if (/мен$/.test(stem)) stems.push(stem.slice(0, -2));
  // готовый — готов, нужный — нужен
  if (/(ов|ев)$/.test(stem) && stem.length > 4) stems.push(stem.slice(0, -2));
  if (/[бвгджзклмпрстфхцчшщ]н$/.test(stem) && /(?:[ыио]й|[ая]я|[ое]е|[ыи]е|ого|ому|ым|ых|ую)$/.test(word))
    stems.push(stem.slice(0, -1));
  if (word.endsWith('ен') && word.length > 4) stems.push(`${word.slice(0, -2)}н`);
  return stems;
}

/** Returns the stems of a verb, of which the word is the infinitive, a form of the past, or a longer form of the present. */
function verbal(word: string): readonly string[] {
  const base = word.replace(/(ся|сь)$/, '');
  const roots: string[] = [];
  const stems: string[] = [];
  const [, infinitive] = /^(.+[аеиоуыя])(?:ть|л|ла|ло|ли)$/.exec(base) ?? [];
  if (infinitive !== undefined) {
    const root = infinitive.slice(0, -1);
    stems.push(infinitive, `${infinitive}л`, `${infinitive}т`);
    roots.push(infinitive, root, ...softened(root));
    // закрыть — закрою
    if (infinitive.endsWith('ы')) roots.push(`${root}о`);
    if (/(^|[^и])да$/.test(infinitive)) stems.push(...['м', 'ст', 'д', 'дут', 'йт', 'ш'].map((end) => infinitive + end));
    if (infinitive.endsWith('ня')) roots.push(...['м', 'йм', 'ним'].map((end) => infinitive.slice(0, -2) + end));
    // требовать — требую, выбрать — выберу
    if (/[ое]ва$/.test(infinitive)) roots.push(infinitive.replace(/ова$/, 'у').replace(/ева$/, 'ю'));
    if (infinitive.endsWith('бра')) roots.push(infinitive.replace(/бра$/, 'бер'));
    if (infinitive.endsWith('нача')) roots.push(`${root}н`);
  }
  const [, carried] = /^(.*[аеиоуыя][зс])ти$/.exec(base) ?? [];
  if (carried !== undefined) {
    roots.push(carried);
    stems.push(`${carried}л`);
    // провести — проведу — провёл, учесть — учту
    if (carried.endsWith('с')) {
      const root = carried.slice(0, -1);
      roots.push(`${root}д`, `${root}т`);
      stems.push(`${root}л`);
    }
  }
  const [, come] = /^(.*)йти$/.exec(base) ?? [];
  if (come !== undefined) {
    roots.push(`${come}йд`, `${come}д`);
    stems.push(`${come}шел`, `${come}шл`);
  }
  const [, can] = /^(.+)чь$/.exec(base) ?? [];
  if (can !== undefined) {
    roots.push(...['г', 'ж', 'к', 'ч'].map((end) => can + end));
    stems.push(`${can}гл`, `${can}кл`);
  }
  // пишет — писать
  const [, present] = /^(.{3,})(?:ет|ем|ете|ешь|ут|ют|ат|ят|ите|ьте|йте)$/.exec(base) ?? [];
  if (present !== undefined) {
    roots.push(present);
    stems.push(...[present, ...hardened(present)].flatMap((root) => [root, `${root}а`, `${root}л`]));
  }
  return [...stems, ...roots.flatMap((root) => PRESENT.map((end) => root + end))];
}

function softened(root: string): readonly string[] {
  return SOFTENED.filter(([hard]) => root.endsWith(hard)).flatMap(([hard, soft]) =>
    soft.map((end) => root.slice(0, -hard.length) + end),
  );
}

function hardened(root: string): readonly string[] {
  return SOFTENED.flatMap(([hard, soft]) =>
    soft.filter((end) => root.endsWith(end)).map((end) => root.slice(0, -end.length) + hard),
  );
}
