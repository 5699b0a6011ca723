import { createHash } from 'node:crypto';

/** Maximum characters of a key that is stored as it is. */
const MAX_PLAIN_LENGTH = 100;
/** Characters of a longer key that people see behind its hash. */
const SHOWN_LENGTH = 60;
const HASH_MARK = '#';
const PLAIN = /^[^\p{Cc}\p{Cs}]*$/u;
const UNSHOWN = /[\p{Cc}\p{Cs}]/gu;

/**
 * Returns the lane of a key: the key itself, or `#`, its SHA-256, and its first 60 characters. A hash replaces keys of more than 100
 * characters, keys with control characters or half surrogate pairs, which PostgreSQL cannot store, and keys that begin like a hash.
 *
 * @returns a text of at most 120 characters; equal only for equal keys
 */
export function laneOf(key: string): string {
  if (key.length <= MAX_PLAIN_LENGTH && !key.startsWith(HASH_MARK) && PLAIN.test(key)) return key;
  const hash = createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('base64url');
  return `${HASH_MARK}${hash} ${key.slice(0, SHOWN_LENGTH).replaceAll(UNSHOWN, '·')}`;
}
