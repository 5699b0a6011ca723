import type { FailureOptions, Sent, SluiceError } from '@sluice/plugin-api';
import { fail } from '@sluice/plugin-api';
import type { ErrorPattern } from './connection-options.js';
import { onec, type OnecCode } from './failures.js';

interface ErrorRow {
  readonly code: OnecCode;
  /** Whether 1C may have done the work before it refused. */
  readonly sent: Sent;
  /** Parts of the text, in the languages of the platform; case does not matter. */
  readonly texts: readonly string[];
}

/**
 * Answers with status 500 that are not refusals by 1C's own code. The texts are in the language of the server: the Russian ones are those
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
  // the administrator may have ended the session during the call
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
  // 1C rolled the transaction back
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

const MAX_MORE = 4_000; // maximum length of `more` in the details
const MAX_TEXT_LENGTH = 500; // maximum length of 1C's text in a message; the rest is in the details

/**
 * Returns the failure that corresponds to a text with which 1C refused: by the patterns of the connection, then by the table, otherwise a
 * business refusal.
 *
 * @param more further text, such as the details of a SOAP fault. It is searched too, and kept in `details.text`.
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

/** The words with which 1C joins an exception to its cause. */
const REASON = /\r?\n\s*(?:по причине|by reason|due to|caused by):\s*/i;
const PLACE = /\{([^{}()]{1,200})\((\d{1,9})(?:,\d{1,9})?\)\}:\s*/;
/** Source lines, which 1C quotes after a tab. */
const SOURCE_LINE = /\r?\n\t[^\n]*/g;

/**
 * Reads the text of an exception of 1C. The message is the innermost reason of the chain, which is the one that was raised; module and line
 * are those nearest to it. `details.text` is the whole text.
 */
export function readException(text: string): { message: string; details: { text: string; module?: string; line?: number } } {
  const trimmed = text.trim().slice(0, 8 * MAX_TEXT_LENGTH);
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
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text;
}
