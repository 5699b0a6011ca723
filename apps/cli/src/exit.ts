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

/** Returns whether a write failed because the disk, the quota or the largest size of a file is used up. */
export function isDiskFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** Returns an error as one line: its message, and its cure if the message does not contain it. With `stack` returns the stack. */
export function describeError(error: unknown, options: { readonly stack?: boolean } = {}): string {
  if (!(error instanceof Error)) return String(error);
  if (options.stack && error.stack !== undefined) return error.stack;
  const ofFile = fileProblem(error);
  if (ofFile !== undefined) return oneLine(ofFile);
  const cure = isSluiceError(error) && error.cure !== ENGINE_CODES.CONFIG_INVALID.cure ? error.cure : undefined;
  return oneLine(cure === undefined || error.message.includes(cure) ? error.message : `${error.message}: ${cure}`);
}

/** What is wrong with a file, by the code of the operating system. */
const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'a folder stands where a file is needed',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'it exists already',
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not read or write it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'it is a link that leads to itself',
};

/** Returns what is wrong with the file of an error of the operating system; undefined for any other error. */
function fileProblem(error: Error): string | undefined {
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  const says = FILE_PROBLEMS[code];
  // errors of connections have these codes too
  if (says === undefined || syscall === undefined || syscall === 'connect' || syscall === 'listen') return undefined;
  return `${path ?? 'a file'}: ${says}: name another one`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
