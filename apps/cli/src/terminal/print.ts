import type { Log } from '@sluice/plugin-api';
import { oneLine, shown, shownJson } from './paint.js';

/*
 * All output of commands goes through this file. Names, errors and data come from other systems, so control characters are shown escaped.
 */

/** Writes the result of a command, one or more lines, to standard output. */
export function print(lines = ''): void {
  process.stdout.write(`${shown(lines)}\n`);
}

/** Writes one line to standard output; a line break in it is shown as an escape. */
export function printLine(line: string): void {
  print(oneLine(line));
}

/** Writes messages that accompany the result to standard error. */
export function printNotice(lines = ''): void {
  process.stderr.write(`${shown(lines)}\n`);
}

/** Writes a value as JSON to standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${shownJson(JSON.stringify(value, undefined, 2))}\n`);
}

/** A log without output, for code that runs inside a command. */
export const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
