import { describe, expect, it } from '@jest/globals';
import { scopeOf } from '../testing.fixture.js';
import { completeExpression } from './complete-expression.js';
import { isIncomplete, readValues, tryExpression } from './try-expression.js';

const DATA = {
  customer: { name: 'Ромашка', INN: '7701' },
  Учёт: { Сумма: 5 },
  lines: [
    { sku: 'a', qty: 2, tags: ['x'] },
    { sku: 'b', qty: 0 },
  ],
  codes: ['a', 'b'],
  empty: [],
  nothing: null,
  'due-date': '2026-02-01',
};

/** Returns the explanation and the offer for the first path of an expression without a value. */
async function why(source: string, data: unknown = DATA) {
  const trial = await tryExpression(source, scopeOf(data));
  if (trial.kind !== 'missing') throw new Error(`${source} is ${trial.kind}`);
  return { message: trial.message, write: trial.why[0]?.write };
}

describe('why a value is missing', () => {
  it('names the part of the path that is absent, and the names that exist', async () => {
    expect(await why('trigger.data.customer.adress.city')).toEqual({
      message: 'trigger.data.customer.adress.city has no value: trigger.data.customer has no "adress"; it has: name, INN',
      write: undefined,
    });
  });

  it.each([
    ['trigger.data.customer.inn', 'upper and lower case', 'trigger.data.customer.INN'],
    ['trigger.data.Учет.Сумма', 'the letters е and ё', 'trigger.data.Учёт.Сумма'],
    ['trigger.data.сustomer.name', 'Cyrillic and Latin letters that look alike', 'trigger.data.customer.name'],
    ['trigger.data.due_date', 'spaces, dashes or underscores', 'trigger.data.`due-date`'],
  ])('finds the name in %s that differs in %s', async (source, differs, write) => {
    const found = await why(source);
    expect(found.message).toContain(`differs in ${differs}`);
    expect(found.write).toBe(write);
  });

  it('offers a similar name', async () => {
    expect(await why('trigger.data.custmer.name')).toMatchObject({ write: 'trigger.data.customer.name' });
  });

  it('keeps the indexes of the source in what it offers', async () => {
    expect(await why('trigger.data.lines[0].Qty')).toMatchObject({ write: 'trigger.data.lines[0].qty' });
    expect(await why('trigger.data.lines[qty > 1].Sku')).toMatchObject({ write: 'trigger.data.lines[qty > 1].sku' });
    expect(await why('trigger.data.lines[0].Qty + trigger.data.lines[1].Qty')).toMatchObject({ write: undefined });
  });

  it('reports a list where an object was expected, with the names of its items', async () => {
    expect((await why('trigger.data.lines.price')).message).toBe(
      'trigger.data.lines.price has no value: trigger.data.lines is a list of 2, no item of which has "price"; its items have: sku, qty, tags',
    );
    expect((await why('trigger.data.codes.name')).message).toContain('a list of 2, and its first item is a text');
    expect((await why('trigger.data.empty.name')).message).toContain('trigger.data.empty is an empty list');
  });

  it('reports a value that has no names at all', async () => {
    expect((await why('trigger.data.customer.name.first')).message).toContain('trigger.data.customer.name is a text');
    expect((await why('trigger.data.nothing.first')).message).toContain('trigger.data.nothing is null');
  });

  it('finds the name in another place', async () => {
    expect(await why('trigger.sku')).toEqual({
      message: expect.stringContaining('the name is at trigger.data.lines.sku'),
      write: 'trigger.data.lines.sku',
    });
    expect(await why('steps.Наименование')).toMatchObject({ write: 'steps.party.Наименование' });
  });

  it('explains paths that a filter empties, and paths inside of a function', async () => {
    expect((await why('trigger.data.lines[sku = "z"].qty')).message).toContain('a filter or a function has left nothing');
    expect((await why('$sum(trigger.data.lines.prise)')).message).toContain('no item of which has "prise"');
  });

  it('does not read names of the prototype as present', async () => {
    expect((await why('trigger.data.customer.constructor')).message).toContain('has no "constructor"');
  });

  it('stays fast on data with many names', async () => {
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`field${index}`, { a: { b: index } }]));
    const { message } = await why('trigger.data.felid77.a', wide);
    expect(message).toContain('trigger.data has no "felid77"');
    expect(message.length).toBeLessThan(1_000);
  });
});

describe('tryExpression', () => {
  it('returns values, with or without braces', async () => {
    expect(await tryExpression('trigger.data.lines.qty', scopeOf(DATA))).toMatchObject({ kind: 'value', value: [2, 0] });
    expect(await tryExpression('${{ 1 + 1 }}', scopeOf(DATA))).toMatchObject({ kind: 'value', value: 2 });
    expect(await tryExpression('trigger.data.x ?? $omit', scopeOf(DATA))).toMatchObject({ kind: 'omit' });
  });

  it('returns the problems that lint would report, at their offsets', async () => {
    expect(await tryExpression('payload.x', scopeOf(DATA))).toMatchObject({
      kind: 'invalid',
      problems: [{ code: 'EXPR_ROOT', start: 0, end: 7, write: 'trigger.data.x' }],
    });
    expect(await tryExpression('1 == 1', scopeOf(DATA))).toMatchObject({ kind: 'invalid', problems: [{ code: 'EXPR_SYNTAX' }] });
    expect(await tryExpression('1 }} ${{ 2', scopeOf(DATA))).toMatchObject({ kind: 'invalid' });
  });

  it('keeps the limits of the language on an expression that never ends or builds too much', async () => {
    const endless = '($f := function($n) { $f($n + 1) }; $f(0))';
    expect(await tryExpression(endless, scopeOf(DATA))).toMatchObject({ kind: 'failed', code: 'EXPR_LIMIT' });
    expect(await tryExpression('[1..10000000]', scopeOf(DATA))).toMatchObject({ kind: 'failed', code: 'EXPR_LIMIT' });
    expect(await tryExpression('('.repeat(100_000), scopeOf(DATA))).toMatchObject({ kind: 'invalid' });
  });

  it('reports a function that fails, without the place of a file', async () => {
    const trial = await tryExpression('$number("x")', scopeOf(DATA));
    expect(trial).toMatchObject({ kind: 'failed', code: 'EXPR_FAILED' });
    expect(JSON.stringify(trial)).not.toContain('expression:1');
  });
});

describe('readValues', () => {
  it('returns the value of each path once', () => {
    expect(
      readValues('${{ trigger.data.customer.name = "a" and trigger.data.absent > trigger.data.customer.name }}', scopeOf(DATA)),
    ).toEqual([
      { path: 'trigger.data.customer.name', value: 'Ромашка' },
      { path: 'trigger.data.absent', value: undefined },
    ]);
  });
});

describe('isIncomplete', () => {
  it.each([
    ['(1 +', true],
    ['{ "a": trigger.data', true],
    ['trigger.data.a =', true],
    ['trigger.data.a and', true],
    ['trigger.data.a', false],
    ['1 == 2', false],
    ['a)', false],
  ])('returns for %s: %s', (source, expected) => {
    expect(isIncomplete(source)).toBe(expected);
  });
});

describe('completeExpression', () => {
  const complete = (text: string) => completeExpression(text, scopeOf(DATA)).candidates;

  it('lists roots, fields, fields of items and functions', () => {
    expect(complete('tr')).toEqual(['trigger']);
    expect(complete('1 + trigger.data.cu')).toEqual(['customer']);
    expect(complete('$sum(trigger.data.lines.')).toEqual(['qty', 'sku', 'tags']);
    expect(complete('trigger.data.lines[0].s')).toEqual(['sku']);
    expect(complete('$substringB')).toEqual(['$substringBefore']);
    expect(complete('trigger.data.')).toContain('`due-date`');
    expect(complete('trigger.data.Уч')).toEqual(['Учёт']);
  });

  it('lists nothing below a value without names', () => {
    expect(complete('trigger.data.customer.name.')).toEqual([]);
  });
});
