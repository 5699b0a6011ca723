import { describe, expect, it } from '@jest/globals';
import { meantDuration } from './almost-duration.js';

describe('meantDuration', () => {
  it.each([
    ['5 s', '5s'],
    ['5sec', '5s'],
    ['1h30m', '90m'],
    ['0.5s', '500ms'],
    ['1,5 часа', '90m'],
    ['5 минут', '5m'],
    ['24 hours', '1d'],
    ['2H', '2h'],
  ])('reads %s as %s', (text, expected) => {
    expect(meantDuration(text)).toBe(expected);
  });

  it.each(['soon', '5 weeks', '5', '0s', '-5s', '5s later'])('returns undefined for %s', (text) => {
    expect(meantDuration(text)).toBeUndefined();
  });
});
