import { expect, it } from '@jest/globals';
import { neighbour } from '../../page/keyboard-navigation.js';

const at = (id: string, group: string, hour: number) => ({ id, group, start: new Date(Date.UTC(2026, 1, 2, hour)) });
const ROWS = ['anna', 'boris', 'empty', 'yoga'];
const ENTRIES = [
  at('anna-12', 'anna', 12),
  at('anna-9', 'anna', 9),
  at('boris-10', 'boris', 10),
  at('boris-16', 'boris', 16),
  at('yoga-b', 'yoga', 11),
  at('yoga-a', 'yoga', 11),
];

it.each([
  ['anna-9', 'ArrowRight', 'anna-12'],
  ['anna-12', 'ArrowLeft', 'anna-9'],
  ['anna-9', 'ArrowLeft', undefined],
  ['anna-9', 'ArrowUp', undefined],
  ['anna-12', 'ArrowDown', 'boris-10'],
  ['boris-16', 'ArrowUp', 'anna-12'],
  // skips a row without entries
  ['boris-16', 'ArrowDown', 'yoga-a'],
  // entries with the same start are all reached
  ['yoga-a', 'ArrowRight', 'yoga-b'],
  ['yoga-a', 'Enter', undefined],
  ['gone', 'ArrowRight', undefined],
])('from %s %s leads to %s', (id, key, expected) => {
  expect(neighbour(ENTRIES, ROWS, id, key)).toBe(expected);
});
