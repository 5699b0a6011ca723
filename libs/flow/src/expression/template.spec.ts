import { describe, expect, it } from '@jest/globals';
import { compileCondition, compileTemplate, parseText, withTimeBudget } from './index.js';
import { condition, evaluate, LOCATION, render, scopeOf, sourceOf, text } from './testing.fixture.js';

const DATA = {
  customer: { name: 'Иванов', phone: '101' },
  n: 0.1,
  list: [1],
  yes: true,
  nil: null,
  lines: [{ sku: 'A', qty: 1 }],
};
const SCOPE = scopeOf(DATA);

async function testCondition(source: string): Promise<boolean> {
  return condition(source).test(SCOPE);
}

async function textOf(source: string): Promise<string> {
  return text(source).text(SCOPE);
}

describe('an expression as a whole value', () => {
  it.each([
    ['null as null', 'trigger.data.nil', null],
    ['true as true', 'trigger.data.yes', true],
    ['a number as a number', 'trigger.data.n + 0.2', 0.30000000000000004],
    ['a text as a text', 'trigger.data.customer.name', 'Иванов'],
    ['a list as a list', 'trigger.data.list', [1]],
    ['an object as an object', 'trigger.data.customer', DATA.customer],
    ['an object of JSONata without keys that are $omit', '{"a": trigger.data.x ?? $omit, "b": {"c": $omit}}', { b: {} }],
    ['a list of JSONata without items that are $omit', '[1, trigger.data.x ?? $omit, [$omit]]', [1, []]],
    ['an object of the interpreter without keys that are $omit', '$merge([{"a": 1}, {"a": $omit}]) ~> $merge', {}],
  ])('returns %s', async (_, source, expected) => {
    expect(await evaluate(source, SCOPE)).toEqual(expected);
  });

  it.each([
    ['nothing', 'trigger.data.x', 'EXPR_MISSING'],
    ['NaN', '0 / 0', 'EXPR_VALUE'],
    ['Infinity', '1 / 0', 'EXPR_VALUE'],
    ['a function', '$sum', 'EXPR_VALUE'],
    ['a function inside an object', '{"a": $sum}', 'EXPR_VALUE'],
    ['a regular expression', '/a/', 'EXPR_VALUE'],
    ['NaN inside a list', '[0 / 0]', 'EXPR_VALUE'],
  ])('rejects %s', async (_, source, code) => {
    await expect(evaluate(source, SCOPE)).rejects.toMatchObject({ code, fate: 'rejected' });
  });

  it('leaves out keys and items of YAML whose value is $omit', async () => {
    const source = { a: '${{ trigger.data.x ?? $omit }}', b: ['${{ $omit }}', 1], c: { d: '${{ $omit }}' } };
    expect(await render(source, SCOPE)).toEqual({ b: [1], c: {} });
    expect(await render('${{ $omit }}', SCOPE)).toBeUndefined();
  });

  it('passes data on without a copy', async () => {
    expect(await evaluate('trigger.data', SCOPE)).toBe(DATA);
    expect(await evaluate('trigger.data.customer ?? {}', SCOPE)).toBe(DATA.customer);
  });

  it('returns plain lists and objects from closures and from the interpreter', async () => {
    expect(JSON.stringify(await evaluate('trigger.data.lines.sku', SCOPE))).toBe('"A"');
    const mapped = (await evaluate('$map([1, 2], function($x) { {"x": $x} })', SCOPE)) as object[];
    expect(Object.keys(mapped)).toEqual(['0', '1']);
    expect(Object.getPrototypeOf(mapped[0])).toBe(Object.prototype);
  });

  it('treats __proto__ as an ordinary key', async () => {
    const made = await render(JSON.parse('{"__proto__": "${{ 1 }}"}'), SCOPE);
    expect(Object.keys(made as object)).toEqual(['__proto__']);
    expect(Object.keys((await evaluate('$parse("{\\"__proto__\\": 1}")', SCOPE)) as object)).toEqual(['__proto__']);
  });
});

describe('an expression inside a text', () => {
  it.each([
    ['true', '=${{ trigger.data.yes }}', '=true'],
    ['a number, with at most 15 significant digits', '${{ trigger.data.n + 0.2 }}!', '0.3!'],
    ['a text', '${{ trigger.data.customer.name }} (${{ trigger.data.customer.phone }})', 'Иванов (101)'],
    ['an empty text', 'a${{ "" }}b', 'ab'],
    ['a single number', ' ${{ 7 }}\n', '7'],
    ['a text of the interpreter', '${{ "a" ~> $uppercase }}-${{ 1 }}', 'A-1'],
  ])('writes %s', async (_, source, expected) => {
    expect(await textOf(source)).toBe(expected);
  });

  it.each([
    ['nothing', '${{ trigger.data.x }}', 'EXPR_MISSING'],
    ['$omit', '${{ $omit }}', 'EXPR_TEXT'],
    ['null', '${{ trigger.data.nil }}', 'EXPR_TEXT'],
    ['an object', '${{ trigger.data.customer }}', 'EXPR_TEXT'],
    ['a list', '${{ trigger.data.list }}', 'EXPR_TEXT'],
    ['a function', '${{ $sum }}', 'EXPR_VALUE'],
    ['NaN', '${{ 0 / 0 }}', 'EXPR_VALUE'],
    ['$omit within &', '${{ "a" & $omit }}', 'EXPR_TEXT'],
  ])('rejects %s', async (_, source, code) => {
    await expect(textOf(`№ ${source}`)).rejects.toMatchObject({ code });
  });
});

describe('an expression as a condition', () => {
  it.each([
    ['${{ trigger.data.yes }}', true],
    ['${{ trigger.data.x = 1 }}', false],
    ['${{ trigger.data.x != 1 }}', false],
    ['${{ $not(trigger.data.x = 1) }}', true],
    ['${{ trigger.data.vip ?? false }}', false],
    ['${{ $exists(trigger.data.x) }}', false],
    ['${{ $single([true], function($x) { $x }) }}', true],
  ])('evaluates %s to %s', async (source, expected) => {
    expect(await testCondition(source)).toBe(expected);
  });

  it.each([
    'trigger.data.x',
    '$omit',
    'trigger.data.nil',
    '1',
    '"true"',
    'trigger.data.list',
    'trigger.data.customer',
    '$not(trigger.data.x)',
    'trigger.data.x > 1',
  ])('rejects %s with EXPR_NOT_BOOLEAN', async (source) => {
    await expect(testCondition(`\${{ ${source} }}`)).rejects.toMatchObject({ code: 'EXPR_NOT_BOOLEAN' });
  });

  it('accepts a literal', () => {
    expect(compileCondition(true, () => LOCATION).test(SCOPE)).toBe(true);
  });
});

describe('a missing value inside an expression', () => {
  it.each([
    ['{"a": trigger.data.x}', {}],
    ['[trigger.data.x]', []],
    ['[trigger.data.x.y]', []],
    ['"№ " & trigger.data.x', '№ '],
    ['$count(trigger.data.x)', 0],
    ['$sum([trigger.data.x.y])', 0],
    ['trigger.data.nil ?? 1', null],
    ['trigger.data.x ?? 1', 1],
    ['1 + trigger.data.x ?? 5', 5],
  ])('evaluates %s to %j', async (source, expected) => {
    expect(await evaluate(source, SCOPE)).toEqual(expected);
  });

  it.each(['$not(trigger.data.x)', 'trigger.data.x > 1', 'trigger.data.x + 1', '$sum(trigger.data.x.y)'])(
    'rejects %s with EXPR_MISSING',
    async (source) => {
      await expect(evaluate(source, SCOPE)).rejects.toMatchObject({ code: 'EXPR_MISSING' });
    },
  );
});

describe('lists', () => {
  const scope = scopeOf({
    main: 'A',
    lines: [
      { sku: 'A', qty: 1 },
      { sku: 'B', qty: 0 },
    ],
    tags: ['x'],
    'Номер заказа': 7,
  });
  it.each([
    ['a filter returns the bare value for one match', 'trigger.data.lines[qty > 0]', { sku: 'A', qty: 1 }],
    ['[ … ] around a filter makes a list', '[trigger.data.lines[qty > 0]]', [{ sku: 'A', qty: 1 }]],
    ['[ … ] does not nest', '[trigger.data.lines.sku]', ['A', 'B']],
    ['an index selects the first line', 'trigger.data.lines[0].sku', 'A'],
    ['an index at the end applies to each line', 'trigger.data.lines.sku[0]', ['A', 'B']],
    ['parentheses apply an index to the whole list', '(trigger.data.lines.sku)[0]', 'A'],
    ['names in [ ] belong to the item', '[trigger.data.lines[sku = trigger.data.main]]', []],
    ['$$ in [ ] reads the roots', '[trigger.data.lines[sku = $$.trigger.data.main].sku]', ['A']],
    ['a text in [ ] is a true condition', 'trigger.data["x"].main', 'A'],
    ['backticks read a name with a space', 'trigger.data.`Номер заказа`', 7],
    ['a list is not a text', 'trigger.data.tags = "x"', false],
    ['"in" searches a list', '"x" in trigger.data.tags', true],
    ['$map of one item returns the bare value', '$map(trigger.data.lines[0], function($l) { [$l.sku, $l.qty] })', ['A', 1]],
  ])('%s', async (_, source, expected) => {
    expect(await evaluate(source, scope)).toEqual(expected);
  });
});

describe('error messages', () => {
  it('name the existing fields, the place and the cure', async () => {
    await expect(evaluate('trigger.data.customer.inn', SCOPE)).rejects.toMatchObject({
      code: 'EXPR_MISSING',
      message: 'trigger.data.customer.inn has no value (customer has: name, phone) at flows/web-order.yaml:31:18',
      cure: 'write: ${{ trigger.data.customer.inn ?? $omit }}, if it may be absent',
    });
  });

  it.each([
    ['trigger.data.customer.name.x', 'name is a text'],
    ['trigger.data.nil.x', 'nil is null'],
    ['steps.other.x', 'steps has: party'],
    ['$number(trigger.data.customer.inn)', 'customer has: name, phone'],
  ])('explain for %s that %s', async (source, expected) => {
    await expect(evaluate(source, SCOPE)).rejects.toThrow(`${source} has no value (${expected})`);
  });

  it('offer a fitting default, with parentheses where ?? needs them', async () => {
    await expect(evaluate('trigger.data.x + 1', SCOPE)).rejects.toMatchObject({
      cure: expect.stringContaining('${{ (trigger.data.x + 1) ?? $omit }}'),
    });
    await expect(textOf('a ${{ trigger.data.x }}')).rejects.toMatchObject({
      cure: expect.stringContaining('${{ trigger.data.x ?? "" }}'),
    });
    await expect(testCondition('${{ trigger.data.x }}')).rejects.toMatchObject({
      cure: expect.stringContaining('${{ trigger.data.x ?? false }}'),
    });
  });

  it('name the operator and the place', async () => {
    await expect(evaluate('"a" + 1', SCOPE)).rejects.toMatchObject({
      code: 'EXPR_FAILED',
      message: 'the left side of "+" is not a number at flows/web-order.yaml:31:18',
    });
  });
});

describe('rendering', () => {
  it('is synchronous in the compiled subset', () => {
    const template = compileTemplate(sourceOf({ a: ['${{ trigger.data.n }}'], b: 'x ${{ trigger.id }}' }));
    expect(template.render(SCOPE)).toEqual({ a: [0.1], b: 'x e1' });
  });

  it('returns the same frozen value for a template without expressions', () => {
    const template = compileTemplate(sourceOf({ a: ['b', { c: 1 }] }));
    expect(template.constant).toBe(true);
    expect(template.render(SCOPE)).toBe(template.render(scopeOf({})));
    expect(Object.isFrozen(template.render(SCOPE))).toBe(true);
  });

  it('does not parse data that no expression reads', async () => {
    const trigger = Object.defineProperty({ id: 'e1' }, 'data', {
      enumerable: true,
      get: () => {
        throw new Error('the body was parsed');
      },
    });
    const scope = { ...SCOPE, trigger };
    expect(await evaluate('trigger.id', scope)).toBe('e1');
    expect(await evaluate('trigger.id ~> $uppercase', scope)).toBe('E1');
  });

  it('looks up the place of each expression by its offset', () => {
    const offsets: number[] = [];
    compileTemplate({
      kind: 'text',
      text: parseText('a ${{ 1 }} b ${{ 2 }}'),
      locationOf: (offset) => (offsets.push(offset), LOCATION),
    });
    expect(offsets).toEqual([2, 13]);
  });
});

describe('built-ins of JavaScript', () => {
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'constructor.constructor'];
  const places = ['trigger.data', 'trigger.data.customer.name', 'trigger.data.list', 'trigger', '$$', '$sum', 'trigger.data.n'];
  it.each(places.flatMap((location) => names.map((name) => `${location}.${name}`)))('are hidden from %s', async (source) => {
    await expect(evaluate(source, SCOPE)).rejects.toMatchObject({ code: 'EXPR_MISSING' });
    await expect(evaluate(`(${source}) ~> $string`, SCOPE)).rejects.toMatchObject({ code: 'EXPR_MISSING' });
  });

  it.each([
    'trigger.data.list.length',
    '$lookup(trigger.data, "constructor")',
    'context.now',
    '$$.context',
    '$lookup($$, "context")',
  ])('are hidden from %s', async (source) => {
    await expect(evaluate(source, SCOPE)).rejects.toMatchObject({ code: 'EXPR_MISSING' });
  });
});

describe('limits of an evaluation', () => {
  it.each([
    ['a long range', '[1..200000]'],
    ['a wide $pad', '$pad("a", 1000000)'],
    ['an endless loop', '($f := function() { $f() }; $f())'],
    ['endless recursion', '($f := function($n) { 1 + $f($n) }; $f(1))'],
    ['a large result', '$join($map([1..1000], function($x) { $pad("a", 9000) }))'],
    ['a large result that repeats one text', '[$map([1..1000], function($x) { $$.trigger.data.long })]'],
    ['a filter over many items', '$count(trigger.data.many[$ in $$.trigger.data.many])'],
  ])('end %s with EXPR_LIMIT', async (_, source) => {
    const many = Array.from({ length: 90_000 }, (__, index) => index);
    await expect(evaluate(source, scopeOf({ long: 'x'.repeat(10_000), many }))).rejects.toMatchObject({ code: 'EXPR_LIMIT' });
  });

  it('do not affect a regular expression that would block JavaScript', async () => {
    expect(await evaluate(`$contains("${'a'.repeat(40)}b", /^(a+)+$/)`)).toBe(false);
  });
});

describe('regular expressions', () => {
  it.each([
    ['$match("a1b22", /[0-9]+/).match', ['1', '22']],
    ['$match("Ёлка и ёж", /ё[а-яё]+/i).match', ['Ёлка', 'ёж']],
    ['$match("😀ab", /(a)(b)?/).[index, groups[0]]', [2, 'a']],
    ['$replace("2026-02-01", /(\\d+)-(\\d+)-(\\d+)/, "$3.$2.$1")', '01.02.2026'],
    ['$split("a, b;c", /[,;] */)', ['a', 'b', 'c']],
    ['$contains("a\\nb", /^b$/m)', true],
    ['$match("x", /y/) ?? "none"', 'none'],
    ['$match("xy", /y/).match ?? "none"', 'y'],
    ['$replace("aaa", /^a/, "b")', 'baa'],
  ])('work in %s', async (source, expected) => {
    expect(await evaluate(source)).toEqual(expected);
  });
});

describe('frozen constants', () => {
  const list = Object.freeze([Object.freeze({ sku: 'b', n: 2 }), Object.freeze({ sku: 'a', n: 1 })]);
  const vars = Object.freeze({ list, one: Object.freeze([Object.freeze({ n: 1 })]), numbers: Object.freeze([3, 1, 2]) });

  // the library would write its marks on the lists that it processes
  it.each([
    ['vars.one[]', [{ n: 1 }]],
    ['[vars.list]', [...list]],
    ['vars.list^(n).sku', ['a', 'b']],
    ['$sort(vars.numbers)', [1, 2, 3]],
    ['$append(vars.numbers, 4)', [3, 1, 2, 4]],
    ['($l := vars.list; $l[])', [...list]],
    [
      'vars ~> |list|{"n": 0}|',
      {
        ...vars,
        list: [
          { sku: 'b', n: 0 },
          { sku: 'a', n: 0 },
        ],
      },
    ],
    ['$map(vars.list, function($line, $i, $all) { $count($all) })', [2, 2]],
  ])('are not changed by %s', async (source, expected) => {
    expect(await evaluate(source, { ...SCOPE, vars })).toEqual(expected);
  });
});

describe('the time of a value', () => {
  const SLOW = '${{ $sum([1..5000].($ * 2)) }}';
  const list = (count: number) => compileTemplate({ kind: 'list', items: Array.from({ length: count }, () => sourceOf(SLOW)) });

  it('is enough for one expression of many milliseconds', () => {
    expect(list(1).render(SCOPE)).toEqual([25_005_000]);
  });

  it('is shared by all of its expressions', () => {
    expect(() => list(1_000).render(SCOPE)).toThrow('the expressions of one value take longer than 200 ms');
  });

  it('is shared by the expressions of a text', () => {
    expect(() => text(SLOW.repeat(300)).text(SCOPE)).toThrow('the expressions of one value take longer than 200 ms');
  });

  it('is shared by the conditions and values of one step, which the error names', () => {
    const condition = compileCondition(parseText('${{ $sum([1..5000].($ * 2)) < 0 }}'), () => ({
      file: 'f.yaml',
      line: 1,
      column: 1,
    }));
    const step = () => {
      for (let n = 0; n < 500; n++) void condition.test(SCOPE);
      return list(500).render(SCOPE);
    };
    expect(() => withTimeBudget('check', step)).toThrow('the expressions of step check take longer than 200 ms');
    expect(withTimeBudget('check', () => list(1).render(SCOPE))).toEqual([25_005_000]);
  });

  it('begins anew after a value that took too long', () => {
    expect(() => list(1_000).render(SCOPE)).toThrow('longer than');
    expect(list(1).render(SCOPE)).toEqual([25_005_000]);
  });
});
