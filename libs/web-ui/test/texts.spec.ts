import { describe, expect, it } from '@jest/globals';
import { initials } from '../ui/components/shown.js';
import { chosenLanguage, dateFormat, plural } from '../ui/client/i18n.js';

describe('the language of a page', () => {
  it.each([
    [undefined, ['en-US', 'ru'], 'en'],
    [undefined, ['de', 'ru-RU', 'en'], 'ru'],
    ['en', ['ru-RU'], 'en'],
    [undefined, ['kk-KZ'], 'ru'],
    ['nonsense', [], 'ru'],
  ] as const)('chosen %s, preferred %j: %s', (own, preferred, expected) => {
    expect(chosenLanguage(own, preferred)).toBe(expected);
  });
});

describe('plural', () => {
  const forms = { one: '# запись', few: '# записи', many: '# записей' };

  it.each([
    [0, '0 записей'],
    [1, '1 запись'],
    [2, '2 записи'],
    [5, '5 записей'],
    [11, '11 записей'],
    [21, '21 запись'],
    [1.5, '1,5 записей'],
  ])('returns the Russian form for %d', (count, expected) => {
    expect(plural(count, forms, 'ru')).toBe(expected);
  });

  it('returns the English form', () => {
    const english = { one: '# entry', other: '# entries' };
    expect([plural(1, english, 'en'), plural(1_000, english, 'en')]).toEqual(['1 entry', '1,000 entries']);
  });
});

it('formats hours from 00 to 23 in both languages', () => {
  const options = { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' } as const;
  const midnight = new Date('2026-02-01T00:05Z');
  expect([dateFormat(options, 'ru').format(midnight), dateFormat(options, 'en').format(midnight)]).toEqual(['00:05', '00:05']);
});

it.each([
  ['Иванова А. П.', 'ИА'],
  ['anna', 'A'],
  ['Йога (группа)', 'Й'],
  ['👩 Ольга', 'О'],
  ['', ''],
])('shortens %j to the initials %j', (name, expected) => {
  expect(initials(name)).toBe(expected);
});
