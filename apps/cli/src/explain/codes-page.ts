import type { Catalogue } from './catalogue.js';
import { pageMarkdown, type Language } from './page.js';

const HEAD = {
  en: [
    '# Codes, explained',
    '',
    '<!-- Generated from the code by "npm run docs": do not edit. -->',
    '',
    'What `sluice explain CODE` shows, for each code of a finding and of an error. In Russian: [codes.ru.md](codes.ru.md). The tables:',
    '[findings](findings.md), [errors](errors.md).',
  ],
  ru: [
    '# Коды с объяснениями',
    '',
    '<!-- Generated from the code by "npm run docs": do not edit. -->',
    '',
    'То, что показывает `sluice explain КОД --lang ru`, для каждого кода замечания и ошибки. По-английски: [codes.md](codes.md).',
  ],
} as const;

/** Returns the page of the reference with all codes. */
export function codesPage(catalogue: Catalogue, language: Language): string {
  const seen = new Set<string>();
  const sections = catalogue.groups.flatMap(({ title, codes }) => {
    const pages = codes.filter((code) => !seen.has(code)).flatMap((code) => catalogue.page(code, language) ?? []);
    for (const { code } of pages) seen.add(code);
    if (pages.length === 0) return [];
    return [`## ${title[language]}`, ...pages.map((page) => `### ${page.code}\n\n${pageMarkdown(page, language)}`)];
  });
  return `${[HEAD[language].join('\n'), ...sections].join('\n\n')}\n`;
}
