import { ami } from '../failures.js';
import type { Charset } from './charset.js';

/** Values of one action by header; a list repeats the header, and nothing leaves it out. */
export interface AmiAction {
  readonly Action: string;
  readonly [header: string]: string | number | boolean | readonly string[] | undefined;
}

/** Asterisk throws away a line of 1,024 bytes and more, and headers past the 128th. */
const MAX_LINE_LENGTH = 1_000;
const MAX_HEADERS = 127;
/** They end a value where the exchange reads it. */
const FORBIDDEN = /[\r\n\0]/;

/**
 * The bytes of an action. Throws `AMI_UNWRITABLE` for what would become another line, and so perhaps another action, on the other side,
 * and for what the exchange would throw away unseen.
 */
export function writeAction(action: AmiAction, id: string, charset: Charset): Buffer {
  const lines = Object.entries({ ...action, ActionID: id }).flatMap(([header, value]) => linesOf(header, value));
  if (lines.length > MAX_HEADERS)
    throw unwritable(`${action.Action} has ${lines.length} headers, and ${MAX_HEADERS} is the most`);
  const bytes = lines.map((line) => {
    if (FORBIDDEN.test(line)) throw unwritable(`${action.Action}: the value of ${headerOf(line)} has a line break in it`);
    const written = charset.encode(line);
    if (written.length > MAX_LINE_LENGTH)
      throw unwritable(`${action.Action}: ${headerOf(line)} has ${written.length} bytes, and ${MAX_LINE_LENGTH} is the most`);
    return written;
  });
  const end = Buffer.from('\r\n');
  return Buffer.concat([...bytes.flatMap((line) => [line, end]), end]);
}

/** `name=value` as `Variable` takes it: Asterisk splits at commas and takes quotes, brackets and backslashes for its own. */
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
