import { describe, expect, it } from '@jest/globals';
import { noteMatches, parseNoteQuery, searchWordsOf } from './note-search.js';

describe('the words of a note', () => {
  it.each([
    ['Заказ W-4 от ООО «Василёк»', 'W-4'],
    ['Заказ W-4 от ООО «Василёк»', 'василек заказ'],
    ['№W-4/2026', 'w-4'],
    ['№W-4/2026', '4/2026'],
    ['реализация 00БП-00001234', '1234'],
    ['реализация ЦБ00001234.', 'цб00001234'],
    ['звонок +79161112233', '79161112233'],
    ['Заказ W-4', 'зак* W*'],
    ['a 0198a1f2-1111-5000-8000-00000000000a', '0198a1f2-1111-5000-8000-00000000000a'],
  ])('of %j are found by %j', (note, text) => {
    expect(noteMatches(note, parseNoteQuery(text))).toBe(true);
  });

  it.each([
    ['Заказ W-40', 'W-4'],
    ['Заказ W-4', 'аказ'],
    ['Заказ W-4', 'W-4 отменён'],
    ['Заказ W-4', 'за'],
  ])('of %j are not found by %j', (note, text) => {
    expect(noteMatches(note, parseNoteQuery(text))).toBe(false);
  });

  it('are at most 128', () => {
    expect(searchWordsOf('a1b2c3 '.repeat(28)).length).toBeLessThanOrEqual(128);
    expect(searchWordsOf(Array.from({ length: 100 }, (_, n) => `a${n}/b`).join(' '))).toHaveLength(128);
  });

  it('are absent from a text without letters and digits', () => {
    expect(parseNoteQuery(' - * \u0000 ')).toEqual([]);
  });
});
