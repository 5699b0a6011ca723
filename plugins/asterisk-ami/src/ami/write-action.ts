import { ami } from '../failures.js';
import type { Charset } from './charset.js';

/** Values of one action by header; a list repeats the header, and undefined omits it. */
export interface AmiAction {
  readonly Action: string;
  readonly [header: string]: string | number | boolean | readonly string[] | undefined;
}

/** Asterisk drops lines of 1,024 bytes and more, and headers after the 128th. */
const MAX_LINE_LENGTH = 1_000;
const MAX_HEADERS = 127;
/** Characters that end a value for the exchange. */
const FORBIDDEN = /[\r\n\0]/;

/**
 * Returns the bytes of an action.
 *
 * @throws `AMI_UNWRITABLE` for a value that would become another line in Asterisk, and perhaps another action, or that Asterisk would drop
 *   without an error
 */
export function writeAction(action: AmiAction, id: string, charset: Charset): Buffer {
  const lines = Object.entries({ ...action, ActionID: id }).flatMap(([header, value]) => linesOf(header, value));
  if (lines.length > MAX_HEADERS) throw unwritable(`${action.Action} has ${lines.length} headers, more than ${MAX_HEADERS}`);
  const bytes = lines.map((line) => {
    if (FORBIDDEN.test(line)) throw unwritable(`${action.Action}: the value of ${headerOf(line)} contains a line break`);
    const written = charset.encode(line);
    if (written.length > MAX_LINE_LENGTH)
      throw unwritable(`${action.Action}: ${headerOf(line)} has ${written.length} bytes, more than ${MAX_LINE_LENGTH}`);
    return written;
  });
  const end = Buffer.from('\r\n');
  return Buffer.concat([...bytes.flatMap((line) => [line, end]), end]);
}

/** Returns `name=value` for the header `Variable`. Asterisk splits it at commas and interprets quotes, brackets and backslashes. */
export function assignments(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${value.replaceAll(/[\\",()[\]]/g, '\\$&')}`);
}

function linesOf(header: string, value: AmiAction[string]): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? (value as readonly string[]) : [value]).map((one) => `${header}: ${String(one)}`);
}

function headerOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

function unwritable(message: string): Error {
  return ami.AMI_UNWRITABLE(message, { sent: 'no' });
}
