import { describe, expect, it } from '@jest/globals';
import { retryAfter } from './retry-after.js';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const read = (value: string) => retryAfter({ 'retry-after': value }, NOON);

describe('Retry-After', () => {
  it.each([
    ['7', { retryAfterMs: 7_000 }],
    ['Thu, 01 Jan 2026 12:01:00 GMT', { retryAfterMs: 60_000 }],
    ['Thu, 01 Jan 2026 11:59:00 GMT', { retryAfterMs: 0 }],
    ['soon', {}],
  ])('of %j is %j', (value, wait) => expect(read(value)).toEqual(wait));

  it('says nothing when it is missing', () => expect(retryAfter({})).toEqual({}));
});
