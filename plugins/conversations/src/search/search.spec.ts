import { describe, expect, it } from '@jest/globals';
import { editDistance } from './edit-distance.js';
import { highlightsOf } from './highlights.js';
import { exactQuery, searchWords, textQuery, type ExpandedWord } from './query.js';
import { otherStems } from './other-stems.js';

const word = (text: string, more: Partial<ExpandedWord> = {}): ExpandedWord => ({ word: text, parts: [], similar: [], ...more });

describe('searchWords', () => {
  it('folds case and ё, splits at everything that is no letter and no digit, and drops repeats', () => {
    expect(searchWords("Счёт-фактура № УТ-0012, счет' & !")).toEqual(['счет', 'фактура', 'ут', '0012']);
  });
});

describe('editDistance', () => {
  it.each([
    ['накладная', 'накладная', 0],
    ['накалдная', 'накладная', 1],
    ['закас', 'заказ', 1],
    ['договр', 'договор', 1],
    ['договорр', 'договор', 1],
    ['оплпта', 'оплата', 1],
    ['аб', 'вг', 2],
    ['договор', 'доставка', 3],
    ['а', 'абвгд', 3],
  ])('counts the errors of %s and %s', (left, right, errors) => {
    expect(editDistance(left, right, 2)).toBe(errors);
    expect(editDistance(right, left, 2)).toBe(errors);
  });
});

describe('otherStems', () => {
  it.each([
    ['отец', 'отец', 'отц'],
    ['отца', 'отц', 'отец'],
    ['палец', 'палец', 'пальц'],
    ['рынка', 'рынк', 'рынок'],
    ['день', 'ден', 'дням'],
    ['время', 'врем', 'времен'],
    ['готовый', 'готов', 'гот'],
    ['писать', 'писа', 'пиш'],
    ['пишет', 'пишет', 'писа'],
    ['купить', 'куп', 'купл'],
    ['требовать', 'требова', 'требу'],
    ['провести', 'провест', 'провед'],
    ['помочь', 'помоч', 'поможет'],
    ['найти', 'найт', 'нашел'],
    ['закрыть', 'закр', 'закроет'],
  ])('finds the other stem of %s (%s): %s', (word, stem, other) => {
    expect(otherStems(word, stem)).toContain(other);
  });

  it('leaves English words and digits alone', () => {
    expect([...otherStems('orders', 'order'), ...otherStems('123', '123')]).toEqual([]);
  });
});

describe('queries', () => {
  const order = word('заказы', { stem: 'заказ', parts: ['заказывать'], similar: [{ word: 'указы', stem: 'указ' }] });

  it('require each word, unchanged or by something that stands for it', () => {
    const query = textQuery([order, word('и')]);
    for (const lexeme of ['заказы', 'заказ', 'заказывать', 'указы', 'указ']) expect(query).toContain(`'${lexeme}'`);
    expect(query).toMatch(/^\([^&]*\) & \('и'\)$/);
    expect(exactQuery([order, word('и')])).toBe("('заказы' | 'и')");
  });
});

describe('highlightsOf', () => {
  const stems = new Map([
    ['заказа', 'заказ'],
    ['счету', 'счет'],
  ]);
  const cut = (text: string, ...words: ExpandedWord[]) =>
    highlightsOf(text, words, (one) => stems.get(one)).map(({ from, to }) => text.slice(from, to));

  it('marks forms as whole words, in UTF-16 units', () => {
    expect(cut('👍 Нет заказа по счёту!', word('заказ', { stem: 'заказ' }), word('счет', { stem: 'счет' }))).toEqual([
      'заказа',
      'счёту',
    ]);
  });

  it('marks the part of a word', () => {
    expect(cut('Прочие перезаказы', word('заказ', { parts: ['перезаказы'] }))).toEqual(['заказ']);
  });

  it('marks what a typing error stands for', () => {
    expect(cut('Новый заказ', word('закас', { similar: [{ word: 'заказ', stem: 'заказ' }] }))).toEqual(['заказ']);
  });
});
