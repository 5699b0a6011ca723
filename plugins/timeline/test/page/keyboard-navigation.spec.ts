import { expect, it } from '@jest/globals';
import { neighbour } from '../../page/keyboard-navigation.js';

const at = (id: string, group: string, hour: number) => ({ id, group, from: hour * 60 });
const COLUMNS = ['anna', 'boris', 'empty', 'yoga'];
const ENTRIES = [
  at('anna-12', 'anna', 12),
  at('anna-9', 'anna', 9),
  at('boris-10', 'boris', 10),
  at('boris-16', 'boris', 16),
  at('yoga-b', 'yoga', 11),
  at('yoga-a', 'yoga', 11),
];

it.each([
  ['anna-9', 'ArrowDown', 'anna-12'],
  ['anna-12', 'ArrowUp', 'anna-9'],
  ['anna-9', 'ArrowUp', undefined],
  ['anna-9', 'ArrowLeft', undefined],
  ['anna-12', 'ArrowRight', 'boris-10'],
  ['boris-16', 'ArrowLeft', 'anna-12'],
  // skips a column without entries
  ['boris-16', 'ArrowRight', 'yoga-a'],
  // entries with the same start are all reached
  ['yoga-a', 'ArrowDown', 'yoga-b'],
  ['yoga-a', 'Enter', undefined],
  ['gone', 'ArrowDown', undefined],
])('from %s %s leads to %s', (id, key, expected) => {
  expect(neighbour(ENTRIES, COLUMNS, id, key)).toBe(expected);
});
