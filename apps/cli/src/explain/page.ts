import type { CodeExample } from '@sluice/flow/codes';

export const LANGUAGES = ['en', 'ru'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The explanation of one code in one language. */
export interface Page {
  readonly code: string;
  /** Where the code belongs to, such as "finding of the lint, an error". */
  readonly kind: string;
  /** The event that the code stands for. */
  readonly means: string;
  /** The instruction to correct it. */
  readonly cure: string;
  readonly example?: CodeExample | undefined;
  /** Further facts, one line each. */
  readonly notes: readonly string[];
}

const WORDS = {
  en: { wrong: 'Wrong', right: 'Right', cure: 'What to do', times: (count: number) => `# … ${count} lines like this` },
  ru: { wrong: 'Неверно', right: 'Верно', cure: 'Что делать', times: (count: number) => `# … ${count} таких строк` },
} as const;

/** Returns the page as text for a terminal. */
export function pageText({ code, kind, means, cure, example, notes }: Page, language: Language): string {
  const words = WORDS[language];
  return [
    `${code}: ${kind}`,
    '',
    sentence(means),
    ...notes.map(sentence),
    ...(example
      ? ['', `${words.wrong}:`, indented(wrongOf(example, language)), '', `${words.right}:`, indented(example.right)]
      : []),
    ...(example?.note ? ['', sentence(example.note[language])] : []),
    '',
    `${words.cure}: ${cure}`,
  ].join('\n');
}

/** Returns the page in Markdown, without a heading. */
export function pageMarkdown({ kind, means, cure, example, notes }: Page, language: Language): string {
  const words = WORDS[language];
  return [
    `*${kind}.* ${sentence(means)}`,
    ...notes.map(sentence),
    ...(example
      ? ['', `${words.wrong}:`, '', ...fenced(wrongOf(example, language)), '', `${words.right}:`, '', ...fenced(example.right)]
      : []),
    ...(example?.note ? ['', sentence(example.note[language])] : []),
    '',
    `${words.cure}: ${cure}`,
  ].join('\n');
}

function wrongOf({ wrong, times }: CodeExample, language: Language): string {
  return times === undefined ? wrong : `${wrong}\n  ${WORDS[language].times(times)}`;
}

function fenced(text: string): readonly string[] {
  return ['```text', text, '```'];
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

function sentence(text: string): string {
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?:]$/.test(first) ? first : `${first}.`;
}
