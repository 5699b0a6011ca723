import { ENGINE_CODES, isSluiceError } from '@sluice/plugin-api';

/** Exit codes of the process. */
export const EXIT = {
  done: 0,
  /** Findings or failures. */
  failed: 1,
  wrongUse: 2,
  /** The exit code of shells for SIGINT. */
  interrupted: 130,
} as const;

/** An error for the user, with its cure in the message. */
export class CommandError extends Error {}

/** Thrown when a command has wrong arguments. */
export class UsageError extends Error {}

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? EXIT.wrongUse : EXIT.failed;
}

/** Returns an error as one line: its message, and its cure if the message does not contain it. With `stack` returns the stack. */
export function describeError(error: unknown, options: { readonly stack?: boolean } = {}): string {
  if (!(error instanceof Error)) return String(error);
  if (options.stack && error.stack !== undefined) return error.stack;
  const cure = isSluiceError(error) && error.cure !== ENGINE_CODES.CONFIG_INVALID.cure ? error.cure : undefined;
  return oneLine(cure === undefined || error.message.includes(cure) ? error.message : `${error.message}: ${cure}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
