import type { Log } from '@sluice/plugin-api';
import { oneLine, shown, shownJson } from './paint.js';

/*
 * All output of commands goes through here. Names, errors and data come from other systems: what a terminal would obey is shown as an escape.
 */

/** Writes the answer of a command, of one line or several, to standard output. */
export function print(lines = ''): void {
  process.stdout.write(`${shown(lines)}\n`);
}

/** Writes one line to standard output; a line break in it is shown as an escape. */
export function printLine(line: string): void {
  print(oneLine(line));
}

/** Writes what accompanies the answer to standard error. */
export function say(lines = ''): void {
  process.stderr.write(`${shown(lines)}\n`);
}

/** Writes a value as JSON to standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${shownJson(JSON.stringify(value, undefined, 2))}\n`);
}

/** The log of what runs within a command: its answer is all that is printed. */
export const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
