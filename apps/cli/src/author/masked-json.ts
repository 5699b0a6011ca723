import { shortJson } from '../terminal/json-lines.js';

/** Maximum bytes of the texts and keys of a result. */
const MAX_BYTES = 32 * 1024 ** 2;
const MAX_LEVELS = 200;
const CUT_CHARACTERS = 200;

/**
 * Returns a copy of a value for output as JSON: without secrets, and with values beyond 32 MiB replaced by `{ "cut": "the beginning" }`. The
 * same large value may be the input of thousands of steps.
 */
export function maskedJson(value: unknown, mask: (text: string) => string): unknown {
  let left = MAX_BYTES;
  const copy = (one: unknown, level: number): unknown => {
    left -= 8;
    if (left < 0 || level > MAX_LEVELS) return { cut: shortJson(one, CUT_CHARACTERS, mask) };
    if (typeof one === 'string') {
      left -= one.length;
      return mask(one);
    }
    if (typeof one === 'number') return mask(String(one)) === String(one) ? one : '***';
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map((item) => copy(item, level + 1));
    return Object.fromEntries(
      Object.entries(one).map(([key, item]) => {
        left -= key.length;
        return [mask(key), copy(item, level + 1)];
      }),
    );
  };
  return copy(value, 0);
}
