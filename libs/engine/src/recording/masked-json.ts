import { MASKED } from './secret-fields.js';

/**
 * Returns the value as JSON without secrets: in texts, in keys, and in numbers.
 *
 * @param mask replaces secrets in a text
 * @throws TypeError for a value that JSON cannot express, such as one with a cycle
 */
export function maskedJson(value: unknown, mask: (text: string) => string): string | undefined {
  const masked = (_key: string, item: unknown): unknown => {
    if (typeof item === 'string') return mask(item);
    if (typeof item === 'number') return mask(String(item)) === String(item) ? item : MASKED;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    const entries = Object.entries(item);
    if (entries.every(([key]) => mask(key) === key)) return item;
    return Object.fromEntries(entries.map(([key, one]) => [mask(key), one]));
  };
  return JSON.stringify(value, masked);
}
