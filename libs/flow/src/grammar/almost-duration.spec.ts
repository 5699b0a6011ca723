import { describe, expect, it } from '@jest/globals';
import { meantDuration } from './almost-duration.js';

describe('a duration that is spelt otherwise', () => {
  it.each([
    ['5 s', '5s'],
    ['5sec', '5s'],
    ['1h30m', '90m'],
    ['0.5s', '500ms'],
    ['1,5 часа', '90m'],
    ['5 минут', '5m'],
    ['24 hours', '1d'],
    ['2H', '2h'],
  ])('%s means %s', (text, expected) => {
    expect(meantDuration(text)).toBe(expected);
  });

  it.each(['soon', '5 weeks', '5', '0s', '-5s', '5s later'])('%s means nothing that is known', (text) => {
    expect(meantDuration(text)).toBeUndefined();
  });
});
