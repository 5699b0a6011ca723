import type { FailureOptions, Sent, SluiceError } from '@sluice/plugin-api';
import { fail } from '@sluice/plugin-api';
import type { ErrorPattern } from './connection-options.js';
import { onec, type OnecCode } from './failures.js';

interface ErrorRow {
  readonly code: OnecCode;
  /** Can the work have been done all the same? */
  readonly sent: Sent;
  /** Parts of the text, in the languages in which the platform speaks; case does not matter. */
  readonly texts: readonly string[];
}

/**
 * What 1C answers with 500 and is no refusal by its own code. The texts come in the language of the server: the Russian ones are those
 * that administrators quote, the English ones follow the platform's own translation.
 */
const ROWS: readonly ErrorRow[] = [
  {
    code: 'ONEC_LICENCE',
    sent: 'no',
    texts: [
      'не обнаружено свободной лицензии',
      'не найдена лицензия',
      'не обнаружен ключ защиты',
      'превышено максимальное количество пользователей',
      'no free license',
      'license not found',
      'license is not found',
      'no protection key',
    ],
  },
  {
    code: 'ONEC_BLOCKED',
    sent: 'no',
    texts: [
      'начало сеанса с информационной базой запрещено',
      'работа с информационной базой запрещена',
      'starting sessions with the infobase is denied',
      'session start with the infobase is denied',
    ],
  },
  {
    code: 'ONEC_SESSION_GONE',
    sent: 'no',
    texts: ['сеанс отсутствует или удален', 'session is missing or deleted', 'session not found or deleted'],
  },
  // the administrator may have ended it in the middle of our call
  {
    code: 'ONEC_SESSION_GONE',
    sent: 'unknown',
    texts: ['сеанс работы завершен администратором', 'session was terminated by the administrator'],
  },
  {
    code: 'ONEC_RESTARTING',
    sent: 'unknown',
    texts: [
      'рабочий процесс не найден',
      'процесс завершается. исходящий вызов запрещен',
      'соединение разорвано',
      'working process not found',
      'process is shutting down. outgoing call is forbidden',
      'connection is broken',
    ],
  },
  // the transaction was rolled back
  {
    code: 'ONEC_LOCKED',
    sent: 'yes',
    texts: [
      'конфликт блокировок',
      'превышено максимальное время ожидания предоставления блокировки',
      'lock conflict',
      'lock request timeout',
    ],
  },
];

const USER_ROWS: Readonly<Record<ErrorPattern['fate'], (message: string, options: FailureOptions) => SluiceError>> = {
  retry: onec.ONEC_RESTARTING,
  overload: fail.OVERLOADED,
  unavailable: onec.ONEC_BLOCKED,
  rejected: onec.ONEC_BUSINESS,
};

const MAX_MORE = 4_000; // characters that are kept of what came with a text
const LONGEST = 500; // characters of 1C's text in a message; the rest is in details

/**
 * Returns the failure that stands for a text with which 1C refused: by the user's patterns, then by the table, else a business refusal.
 *
 * @param more what else came with the text, such as the details of a SOAP fault: it is searched and kept in `details.text` too.
 */
export function failureOfText(text: string, patterns: readonly ErrorPattern[], more = ''): SluiceError {
  const { message, details: read } = readException(text);
  const details = more === '' ? read : { ...read, text: `${read.text}\n${more.slice(0, MAX_MORE)}`.trim() };
  const lower = `${text}\n${more}`.toLowerCase();
  const pattern = patterns.find(({ contains }) => lower.includes(contains.toLowerCase()));
  if (pattern) return USER_ROWS[pattern.fate](message, { details, sent: 'yes' });
  const row = ROWS.find(({ texts }) => texts.some((part) => lower.includes(part)));
  if (row) return onec[row.code](message, { details, sent: row.sent });
  return onec.ONEC_BUSINESS(message, { details, sent: 'yes' });
}

/** How 1C puts one exception under another. */
const REASON = /\r?\n\s*(?:по причине|by reason|due to|caused by):\s*/i;
const PLACE = /\{([^{}()]{1,200})\((\d{1,9})(?:,\d{1,9})?\)\}:\s*/;
/** Lines of the module itself are quoted behind a tab. */
const SOURCE_LINE = /\r?\n\t[^\n]*/g;

/**
 * What 1C's text of an exception says: of a chain of reasons the innermost, which is what somebody raised, and the place in the module
 * nearest to it. `details.text` is all of it.
 */
export function readException(text: string): { message: string; details: { text: string; module?: string; line?: number } } {
  const trimmed = text.trim().slice(0, 8 * LONGEST);
  const links = trimmed.split(REASON);
  const place = PLACE.exec(links.findLast((link) => PLACE.test(link)) ?? '');
  const root = (links.at(-1) ?? '').replace(SOURCE_LINE, '');
  const said = PLACE.exec(root);
  const message = shorten((said ? root.slice(said.index + said[0].length) : root).trim()) || '1C refused and gave no reason';
  if (!place) return { message, details: { text: trimmed } };
  const module = (place[1] ?? '').replace(/\.(Модуль|Module)$/, '');
  return { message, details: { text: trimmed, module, line: Number(place[2]) } };
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
