import { isSluiceError, SluiceError } from '@sluice/plugin-api';

/** Deeper details than these are left out: they come from remote systems. */
const MAX_DEPTH = 32;
const OMITTED = '***';

/**
 * Returns the error of a plugin without secrets: in its message, its details, its stack and its causes. A remote system may repeat what it
 * was sent, and errors are stored, shown and sent on. The code, the fate and the other options stay.
 */
export function maskedError(error: unknown, mask: (text: string) => string, depth = 0): unknown {
  if (depth > MAX_DEPTH) return OMITTED;
  if (!(error instanceof Error) && !isSluiceError(error)) return typeof error === 'string' ? mask(error) : error;
  const masked = isSluiceError(error) ? maskedSluiceError(error, mask, depth) : maskedForeignError(error, mask, depth);
  if (masked !== error && error.stack !== undefined) masked.stack = mask(error.stack);
  return masked;
}

function maskedSluiceError(error: SluiceError, mask: (text: string) => string, depth: number): SluiceError {
  const { cause, details } = error.options;
  const options = {
    ...error.options,
    ...(cause !== undefined && { cause: maskedError(cause, mask, depth + 1) }),
    ...(details !== undefined && { details: maskedValue(details, mask, 0) }),
  };
  return new SluiceError(error.code, error.fate, mask(error.message), mask(error.cure), options);
}

/** The error itself where there is nothing to hide: callers may recognise it. */
function maskedForeignError(error: Error, mask: (text: string) => string, depth: number): Error {
  const message = mask(error.message);
  const cause = error.cause === undefined ? undefined : maskedError(error.cause, mask, depth + 1);
  if (message === error.message && cause === error.cause) return error;
  return Object.assign(new Error(message, { cause }), { name: error.name });
}

function maskedValue(value: unknown, mask: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number') return mask(String(value)) === String(value) ? value : OMITTED;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH || ArrayBuffer.isView(value)) return OMITTED;
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => maskedValue(item, mask, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [mask(key), maskedValue(item, mask, depth + 1)]));
}
