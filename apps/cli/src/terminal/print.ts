import type { Log } from '@sluice/plugin-api';

/** What a command answers: standard output, for people and for pipes. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** What is said beside the answer. */
export function say(line = ''): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** The log of what runs within a command: its answer is all that is printed. */
export const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
