import { ENGINE_CODES, isSluiceError } from '@sluice/plugin-api';

/** What the process ends with. */
export const EXIT = {
  done: 0,
  /** Findings or failures. */
  failed: 1,
  wrongUse: 2,
  /** As shells say "ended by SIGINT". */
  interrupted: 130,
} as const;

/** What could not be done, and what to do about it. */
export class CommandError extends Error {}

/** The command was called in a way that it does not understand. */
export class UsageError extends Error {}

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? EXIT.wrongUse : EXIT.failed;
}

/** One line for people: what is wrong, and the cure where the message does not hold it. The stack is for those who debug. */
export function describeError(error: unknown, options: { readonly stack?: boolean } = {}): string {
  if (!(error instanceof Error)) return String(error);
  if (options.stack && error.stack !== undefined) return error.stack;
  const cure = isSluiceError(error) && error.cure !== ENGINE_CODES.CONFIG_INVALID.cure ? error.cure : undefined;
  return oneLine(cure === undefined || error.message.includes(cure) ? error.message : `${error.message}: ${cure}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
