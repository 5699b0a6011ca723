import { describe, expect, it } from '@jest/globals';
import { retryAfter } from './retry-after.js';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const read = (value: string) => retryAfter({ 'retry-after': value }, NOON);

describe('retryAfter', () => {
  it.each([
    ['7', { retryAfterMs: 7_000 }],
    ['Thu, 01 Jan 2026 12:01:00 GMT', { retryAfterMs: 60_000 }],
    ['Thu, 01 Jan 2026 11:59:00 GMT', { retryAfterMs: 0 }],
    ['soon', {}],
  ])('reads %j as %j', (value, wait) => expect(read(value)).toEqual(wait));

  it('returns nothing when the header is missing', () => expect(retryAfter({})).toEqual({}));
});
