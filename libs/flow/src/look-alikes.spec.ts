import { describe, expect, it } from '@jest/globals';
import { inLatinLetters } from './look-alikes.js';

describe('inLatinLetters', () => {
  it.each([
    ['cоnnection', 'connection'],
    ['sаve', 'save'],
    ['МETHOD', 'METHOD'],
  ])('spells the mixed word %s in Latin letters', (word, expected) => {
    expect(inLatinLetters(word)).toBe(expected);
  });

  it.each(['connection', 'заказ', 'номер1', 'saveЗаказ'])('returns undefined for %s, which is not mixed by mistake', (word) => {
    expect(inLatinLetters(word)).toBeUndefined();
  });
});
