import { keyStore } from './storage.js';

export type Language = 'ru' | 'en';

const KEY = 'sluice.language';
const stored = keyStore('local');

/** The language of the page: the one that the user has chosen, otherwise the first of the browser's languages that the pages speak. */
export const language: Language = chosenLanguage(stored.get(KEY), globalThis.navigator?.languages ?? []);

/** Returns the stored language, or the first preferred one that the pages speak; Russian if there is none. */
export function chosenLanguage(own: string | undefined, preferred: readonly string[]): Language {
  const found = [own ?? '', ...preferred].map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === 'ru' || tag === 'en');
  return found ?? 'ru';
}

/** Stores the language for all pages of this host and loads the page again. */
export function setLanguage(next: Language): void {
  stored.set(KEY, next);
  location.reload();
}

/**
 * Returns the table of texts in the language of the page. The Russian table declares the type: the English one must have the same keys.
 *
 *     export const texts = defineTexts({ ru: { save: 'Сохранить' }, en: { save: 'Save' } });
 */
export function defineTexts<Texts extends object>(tables: { readonly ru: Texts; readonly en: NoInfer<Texts> }): Texts {
  return tables[language];
}

/** Forms of a word by number. Russian needs `one`, `few` and `many`; English `one` and `other`. */
export type PluralForms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;

/**
 * Returns the form for the number in a language, with `#` replaced by the number: `plural(2, { one: '# запись', few: '# записи', many: '# записей' })`
 * returns "2 записи". Without the exact form it takes `other`, then `many`.
 */
export function plural(count: number, forms: PluralForms, of: Language = language): string {
  const form = forms[rules(of).select(count)] ?? forms.other ?? forms.many ?? '#';
  return form.replace('#', numberFormat(of).format(count));
}

const locales: Readonly<Record<Language, string>> = { ru: 'ru-RU', en: 'en-GB' };
const cache = new Map<string, unknown>();

function cached<Value>(key: string, make: () => Value): Value {
  const known = cache.get(key) as Value | undefined;
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

const rules = (of: Language) => cached(`plural ${of}`, () => new Intl.PluralRules(locales[of]));
const numberFormat = (of: Language) => cached(`number ${of}`, () => new Intl.NumberFormat(locales[of]));

/** Returns the date format with these options in the language of the page; hours are 00 to 23. Formats are created once per options. */
export function dateFormat(options: Intl.DateTimeFormatOptions, of: Language = language): Intl.DateTimeFormat {
  return cached(
    `date ${of} ${JSON.stringify(options)}`,
    () => new Intl.DateTimeFormat(locales[of], { ...(options.hour !== undefined && { hourCycle: 'h23' }), ...options }),
  );
}
