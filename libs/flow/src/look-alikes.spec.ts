import { describe, expect, it } from '@jest/globals';
import { inLatinLetters } from './look-alikes.js';

describe('a word that mixes both alphabets', () => {
  it.each([
    ['cоnnection', 'connection'],
    ['sаve', 'save'],
    ['МETHOD', 'METHOD'],
  ])('%s is read in Latin letters', (word, expected) => {
    expect(inLatinLetters(word)).toBe(expected);
  });

  it.each(['connection', 'заказ', 'номер1', 'saveЗаказ'])('%s is left as it is', (word) => {
    expect(inLatinLetters(word)).toBeUndefined();
  });
});
