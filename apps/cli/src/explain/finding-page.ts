import { FINDING_CODES, FINDING_PAGES, type FindingCode } from '@sluice/flow/codes';
import { ENGINE_CODES } from '@sluice/plugin-api';
import { pageMarkdown, pageText, type Language, type Page } from './page.js';

const KINDS = {
  en: {
    error: 'finding of the lint, an error',
    warning: 'finding of the lint, a warning',
    either: 'finding of the lint, an error or a warning',
  },
  ru: {
    error: 'замечание проверки, ошибка',
    warning: 'замечание проверки, предупреждение',
    either: 'замечание проверки, ошибка или предупреждение',
  },
} as const;

export function pageOfFinding(code: FindingCode, language: Language): Page {
  const row = FINDING_CODES[code];
  const { ru, example } = FINDING_PAGES[code];
  const isThrown = Object.hasOwn(ENGINE_CODES, code);
  const notes = {
    en: [
      `the message reads: ${row.message}`,
      ...(isThrown ? ['in a run it is an error with the fate rejected: the run is parked'] : []),
    ],
    ru: [`сообщение: ${row.message}`, ...(isThrown ? ['в прогоне это ошибка с исходом rejected: прогон откладывается'] : [])],
  };
  return {
    code,
    kind: KINDS[language][row.severity],
    means: language === 'ru' ? ru.cause : row.cause,
    cure: language === 'ru' ? ru.cure : row.cure,
    example,
    notes: notes[language],
  };
}

/** Returns the explanation of a finding as text. */
export function findingPage(code: FindingCode, language: Language, { markdown = false } = {}): string {
  return (markdown ? pageMarkdown : pageText)(pageOfFinding(code, language), language);
}
