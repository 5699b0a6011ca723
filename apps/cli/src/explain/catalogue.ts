import { HOST_CODES, PACER_CODES } from '@sluice/host/failures';
import { FINDING_CODES, isFindingCode } from '@sluice/flow/codes';
import { BODY_CODES, ENGINE_CODES, SHARED_CODES, type Fate } from '@sluice/plugin-api';
import { CONNECTOR_PAGES } from './connector-pages.js';
import { BODY_PAGES, ENGINE_PAGES, SHARED_PAGES } from './engine-pages.js';
import type { ErrorPage } from './error-page.js';
import { pageOfFinding } from './finding-page.js';
import { HTTP_PAGES } from './http-pages.js';
import type { Language, Page } from './page.js';

/** One row of a table of codes. */
export interface CodeRow {
  readonly fate: Fate;
  readonly cure: string;
}

/** The codes of one plugin. */
export interface PluginTable {
  readonly plugin: string;
  readonly codes: Readonly<Record<string, CodeRow>>;
}

/** A group of codes in the list, with its title. */
export interface CodeGroup {
  readonly title: Readonly<Record<Language, string>>;
  readonly codes: readonly string[];
}

/** Codes without a row in a table: they stand for errors that were thrown without a code. */
const WITHOUT_ROW: Readonly<Record<string, CodeRow>> = {
  UNEXPECTED: { fate: 'retry', cure: 'read the cause and the log of the host, and report it to the author of the connector' },
  INTERNAL: { fate: 'retry', cure: 'read the log of the host, and send the request again' },
};

const FATES: Readonly<Record<Language, Readonly<Record<Fate, string>>>> = {
  en: {
    retry: 'the engine repeats the call after a delay, which spends an attempt',
    overload: 'the engine lowers the pace of the connection and spends no attempt',
    unavailable: 'the failure counts for the breaker of the connection and spends no attempt',
    rejected: 'the engine never repeats the call',
    fatal: 'the engine never repeats the call, and /health/ready reports the failure',
  },
  ru: {
    retry: 'движок повторит вызов после паузы, это расходует попытку',
    overload: 'движок снизит темп подключения, попытка не расходуется',
    unavailable: 'отказ учитывается размыкателем подключения, попытка не расходуется',
    rejected: 'движок не повторяет вызов',
    fatal: 'движок не повторяет вызов, и об этом сообщает /health/ready',
  },
};

/** All codes that are known, with their pages. The tables of the codes are the source; the pages add what happened and an example. */
export class Catalogue {
  readonly #rows: ReadonlyMap<string, CodeRow>;
  readonly #owners = new Map<string, string[]>();
  readonly groups: readonly CodeGroup[];

  /** @param plugins the tables of the plugins that are installed */
  constructor(plugins: readonly PluginTable[]) {
    const engine = { ...ENGINE_CODES, ...PACER_CODES };
    const http = { ...HOST_CODES, ...BODY_CODES };
    const own: Readonly<Record<string, CodeRow>> = { ...engine, ...SHARED_CODES, ...WITHOUT_ROW, ...http };
    this.#rows = new Map([...Object.entries(own), ...plugins.flatMap(({ codes }) => Object.entries(codes))]);
    for (const { plugin, codes } of plugins)
      for (const code of Object.keys(codes)) this.#owners.set(code, [...(this.#owners.get(code) ?? []), plugin]);
    this.groups = [
      group('Findings of the lint', 'Замечания проверки', FINDING_CODES),
      // an expression fails with the same code before the start and in a run
      { ...group('Engine', 'Движок', engine), codes: Object.keys(engine).filter((code) => !isFindingCode(code)) },
      group('All connectors', 'Все коннекторы', { ...SHARED_CODES, ...WITHOUT_ROW }),
      group('HTTP requests', 'HTTP-запросы', http),
      ...plugins.map(({ plugin, codes }) => group(`Connector ${plugin}`, `Коннектор ${plugin}`, codes)),
    ];
  }

  get codes(): readonly string[] {
    return [...new Set(this.groups.flatMap(({ codes }) => codes))];
  }

  /** Returns the page of a code; undefined for an unknown one. */
  page(code: string, language: Language): Page | undefined {
    if (isFindingCode(code)) return pageOfFinding(code, language);
    const row = this.#rows.get(code);
    if (!row) return undefined;
    const page = ERROR_PAGES.get(code);
    const isRussian = language === 'ru' && page !== undefined;
    return {
      code,
      kind: this.#kindOf(code, row.fate, language),
      // a code of a plugin of others has a row and no page: its messages state what happened
      means: (isRussian ? page.ru.means : page?.means) ?? MESSAGE_ONLY[language],
      cure: isRussian ? page.ru.cure : row.cure,
      example: page?.example,
      notes: [FATES[language][row.fate]],
    };
  }

  #kindOf(code: string, fate: Fate, language: Language): string {
    const owners = this.#owners.get(code)?.join(', ');
    if (language === 'ru') return `ошибка${owners === undefined ? '' : ` коннектора ${owners}`}, исход ${fate}`;
    return `error${owners === undefined ? '' : ` of the connector ${owners}`}, fate ${fate}`;
  }
}

const MESSAGE_ONLY = {
  en: 'the message of the error states what happened',
  ru: 'что произошло, говорит сообщение ошибки',
} as const;

function group(en: string, ru: string, codes: Readonly<Record<string, unknown>>): CodeGroup {
  return { title: { en, ru }, codes: Object.keys(codes) };
}

const ERROR_PAGES: ReadonlyMap<string, ErrorPage> = new Map(
  Object.entries({ ...ENGINE_PAGES, ...SHARED_PAGES, ...BODY_PAGES, ...HTTP_PAGES, ...CONNECTOR_PAGES }),
);
