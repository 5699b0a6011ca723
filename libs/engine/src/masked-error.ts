import { isSluiceError, SluiceError } from '@sluice/plugin-api';

/** Maximum depth of details and causes. Deeper ones are omitted: they come from remote systems. */
const MAX_DEPTH = 32;
/** Values in the details of one error. */
const MAX_VALUES = 100_000;
const OMITTED = '***';

type Mask = (text: string) => string;

/**
 * Returns the error of a plugin without secrets: in its message, its details, its stack and its causes. A remote system may repeat what it
 * was sent, and errors are stored, shown and sent on. The code, the fate and the other options stay. An error that is none of ours is
 * returned itself where it has nothing to hide.
 */
export function maskedError(error: unknown, mask: Mask, depth = 0): unknown {
  if (depth > MAX_DEPTH) return OMITTED;
  if (isSluiceError(error)) return maskedSluiceError(error, mask, depth);
  return error instanceof Error ? maskedForeignError(error, mask, depth) : maskedValue(error, mask);
}

function maskedSluiceError(error: SluiceError, mask: Mask, depth: number): SluiceError {
  const { cause, details } = error.options;
  const options = {
    ...error.options,
    ...(cause !== undefined && { cause: maskedError(cause, mask, depth + 1) }),
    ...(details !== undefined && { details: maskedValue(details, mask) }),
  };
  const masked = new SluiceError(error.code, error.fate, mask(error.message), mask(error.cure), options);
  if (error.stack !== undefined) masked.stack = mask(error.stack);
  return masked;
}

/**
 * Fields such as `code` and `errno` stay: callers, and readers of the log, tell errors apart by them. Objects in other fields are left out.
 */
function maskedForeignError(error: Error, mask: Mask, depth: number): Error {
  const { message, name, stack = '' } = error;
  const texts = { message: mask(message), name: mask(name), stack: mask(stack) };
  const cause = error.cause === undefined ? undefined : maskedError(error.cause, mask, depth + 1);
  const errors = error instanceof AggregateError ? error.errors.map((one) => maskedError(one, mask, depth + 1)) : undefined;
  const fields = Object.entries(error).filter(([, value]) => typeof value !== 'object' && typeof value !== 'function');
  const maskedFields = fields.map(([key, value]) => [key, maskedValue(value, mask)] as const);
  const isSame =
    texts.message === message &&
    texts.name === name &&
    texts.stack === stack &&
    cause === error.cause &&
    (errors ?? []).every((one, index) => one === (error as AggregateError).errors[index]) &&
    maskedFields.every(([, value], index) => value === fields[index]?.[1]);
  if (isSame) return error;
  const options = cause === undefined ? {} : { cause };
  const masked = errors ? new AggregateError(errors, texts.message, options) : new Error(texts.message, options);
  Object.assign(masked, Object.fromEntries(maskedFields));
  const hidden = { writable: true, configurable: true, enumerable: false };
  return Object.defineProperties(masked, {
    name: { value: texts.name, ...hidden },
    stack: { value: texts.stack, ...hidden },
  });
}

/** Data without secrets, as JSON will show it. */
function maskedValue(value: unknown, mask: Mask): unknown {
  let left = MAX_VALUES;
  const masked = (one: unknown, depth: number): unknown => {
    if (--left < 0) return OMITTED;
    if (typeof one === 'string') return mask(one);
    if (typeof one === 'number') return mask(String(one)) === String(one) ? one : OMITTED;
    if (typeof one === 'bigint') return mask(String(one));
    if (typeof one !== 'object' || one === null || one instanceof Date) return one;
    if (one instanceof Error || isSluiceError(one)) return mask(String(one));
    if (depth >= MAX_DEPTH || ArrayBuffer.isView(one)) return OMITTED;
    if (one instanceof URL) return mask(one.href);
    if (Array.isArray(one)) return one.map((item) => masked(item, depth + 1));
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [mask(key), masked(item, depth + 1)]));
  };
  return masked(value, 0);
}
