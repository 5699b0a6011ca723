import { describe, expect, it } from '@jest/globals';
import type { Scope } from '../../model.js';
import { beginBudget } from '../budget.js';
import { interpret } from '../evaluate.js';
import { libraryEvaluator } from '../library.fixture.js';
import { toData } from '../result.js';
import { parseExpression, type SyntaxNode } from '../syntax.js';
import { BAIL } from './bail.js';
import { compileNode } from './compile.js';
import type { Closure } from './path.js';
import { randomExpression, seeded, wideExpression } from './random-expression.fixture.js';

const DATA = {
  kind: 'A',
  empty: '',
  n: 3,
  zero: 0,
  half: 0.1,
  yes: true,
  no: false,
  nil: null,
  customer: { name: 'Иванов', phones: ['101'], address: { city: 'Москва' }, 'Номер заказа': '7', tags: ['x', 'y'] },
  lines: [
    { sku: 'A', qty: 2, price: 10.5, parts: [{ id: 1 }, { id: 2 }], tags: ['red'] },
    { sku: 'B', qty: 0, price: 1, parts: [], note: null },
    { sku: 'C', qty: 5, parts: [{ id: 3 }], tags: ['red', 'blue'] },
  ],
  one: [{ sku: 'S', qty: 1, tags: ['t'] }],
  none: [],
  nested: [[1, 2], [3], [], [[4]]],
  objects: [[{ a: 1 }], [{ a: [2, 3] }, { b: 4 }]],
  numbers: [3, 1, 2],
  texts: ['b', 'a'],
  mixed: [1, 'a', null, true, { a: 1 }, [2]],
  number: '16',
  bad: 'twelve',
  emoji: 'a😀б',
  spaced: '  a  b\n',
  deep: { deep: { deep: { deep: 1 } } },
  and: { or: { in: 5 } },
};

function scopeWith(data: unknown): Scope {
  return {
    trigger: { id: 'e1', type: 'order.created', data },
    steps: { a: { x: 1 }, list: [{ x: 1 }, { x: 2 }] },
    vars: { limit: 2, 'dash-ed': 'v' },
    env: { NAME: 'text' },
    run: { id: 'r', flow: 'f', startedAt: '2026-02-01T00:00:00Z' },
    context: { now: 1_770_000_000_000, uuid: (name) => `uuid-${name ?? 'counted'}`, timezone: 'Europe/Moscow', country: 'RU' },
  };
}

const SCOPES = [
  DATA,
  {},
  {
    ...DATA,
    lines: DATA.one,
    customer: [DATA.customer, { name: 'Петров', phones: [] }],
    n: '3',
    kind: ['A'],
    numbers: 7,
    texts: 'solo',
  },
  {
    ...DATA,
    lines: { sku: 'O', qty: 4, tags: 'bare' },
    customer: null,
    kind: null,
    numbers: [],
    none: undefined,
    nested: [[[]]],
  },
  'text',
  [{ kind: 'A' }, { kind: 'B', lines: [{ sku: 'L' }] }],
].map((data) => deepFrozen(scopeWith(data)));

interface Outcome {
  readonly value?: unknown;
  /** Only the failure is compared, because the product has its own messages. */
  readonly fails?: true;
}

const FAILS: Outcome = { fails: true };

function parsed(source: string): SyntaxNode {
  const found = parseExpression(source);
  if (!found.ok) throw new Error(`${source}: ${found.fault.message}`);
  return found.ast;
}

function remembered<Value>(make: (source: string) => Value): (source: string) => Value {
  const known = new Map<string, Value>();
  return (source) => {
    if (!known.has(source)) known.set(source, make(source));
    return known.get(source) as Value;
  };
}

const treeOf = remembered(parsed);
const closureOf = remembered<Closure | undefined>((source) => compileNode(treeOf(source), true));
const evaluatorOf = remembered(libraryEvaluator);

function compiled(source: string, scope: Scope): Outcome | 'bailed' | 'interpreter only' {
  const closure = closureOf(source);
  if (!closure) return 'interpreter only';
  beginBudget();
  try {
    return { value: toData(closure(undefined, scope)) };
  } catch (error) {
    return error === BAIL ? 'bailed' : FAILS;
  }
}

function interpreted(source: string, scope: Scope): Outcome {
  beginBudget();
  try {
    return { value: interpret(treeOf(source), scope) };
  } catch {
    return FAILS;
  }
}

/** Removes the marks that the library leaves on lists, including those of the data. */
function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutMarks(item)]));
}

/** Evaluates with the library, on a copy because the library changes its input. */
async function library(source: string, scope: Scope): Promise<Outcome> {
  const { context, ...data } = scope;
  try {
    return { value: withoutMarks(toData(await evaluatorOf(source)({ ...structuredClone(data), context }))) };
  } catch {
    return FAILS;
  }
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const item of Object.values(Object.freeze(value))) deepFrozen(item);
  return value;
}

const PATHS = [
  'trigger',
  'trigger.data',
  'trigger.data.kind',
  'trigger.data.customer.name',
  'trigger.data.customer.address.city',
  'trigger.data.x.y.z',
  'trigger.data.nil',
  'trigger.data.nil.x',
  'trigger.data.kind.length',
  'trigger.data.lines',
  'trigger.data.lines.sku',
  'trigger.data.lines.parts.id',
  'trigger.data.lines.tags',
  'trigger.data.one',
  'trigger.data.one.sku',
  'trigger.data.one.tags',
  'trigger.data.none',
  'trigger.data.none.x',
  'trigger.data.nested',
  'trigger.data.nested.x',
  'trigger.data.objects.a',
  'trigger.data.objects',
  'trigger.data.mixed',
  'trigger.data.mixed.a',
  'trigger.data.deep.deep.deep.deep',
  'steps.a.x',
  'steps.list.x',
  'steps.missing',
  'missing',
  'vars.`dash-ed`',
  'env.NAME',
  'run.id',
  'trigger.data.customer.`Номер заказа`',
  'trigger."data".kind',
  '$$.trigger.data.kind',
  '$.trigger.data.kind',
  'trigger.data.and.or.in',
  'context',
  'context.now',
  'trigger.constructor',
  'trigger.data.__proto__',
  'trigger.data.lines.length',
  'trigger.data.constructor.name',
  'trigger.data.toString',
  '(trigger.data.lines.sku)',
  '(trigger.data).customer.name',
  'trigger.(data.kind)',
  'trigger.data.(lines)',
  'trigger.data.lines.(qty * 2)',
  'trigger.data.lines.(qty & sku)',
  'trigger.data.lines.{"s": sku, "q": qty}',
  'trigger.data.one.{"s": sku}',
  'trigger.data.lines.$string(qty)',
  'trigger.data.lines.tags.$uppercase($)',
  'trigger.data.lines.($)',
  'trigger.data.lines.$',
  'trigger.data.lines.$.sku',
  'trigger.data.nested.($)',
  'trigger.data.lines.$exists(note)',
  'trigger.data.lines.(tags)',
  'trigger.data.lines.parts',
  'trigger.data.none.{"a": 1}',
];
const FILTERS = [
  'trigger.data.lines[0]',
  'trigger.data.lines[0].sku',
  'trigger.data.lines.sku[0]',
  '(trigger.data.lines.sku)[0]',
  'trigger.data.lines[-1].sku',
  'trigger.data.lines[9]',
  'trigger.data.lines[1.7].sku',
  'trigger.data.lines[sku = "A"]',
  'trigger.data.lines[sku = "A"].qty',
  'trigger.data.lines[qty > 0]',
  'trigger.data.lines[qty > 0].sku',
  'trigger.data.lines[qty > $$.vars.limit].sku',
  'trigger.data.lines[tags]',
  'trigger.data.lines[note = null].sku',
  'trigger.data.lines["sku"]',
  'trigger.data["sku"]',
  'trigger.data[kind = "A"].n',
  'trigger.data.lines[sku in ["A", "C"]].sku',
  'trigger.data.lines["red" in tags].sku',
  'trigger.data.lines[parts[id = 3]].sku',
  'trigger.data.lines[qty][0]',
  'trigger.data.numbers[$ > 1]',
  'trigger.data.numbers[[0, 1]]',
  'trigger.data.numbers[[-1, 0]]',
  'trigger.data.numbers[(-1)]',
  'trigger.data.numbers[$$.vars.limit]',
  'trigger.data.nested[0]',
  'trigger.data.nested[0][0]',
  'trigger.data.lines[0][0].sku',
  'trigger.data.nested[[]]',
  'trigger.data.lines[true].sku',
  'trigger.data.lines[false]',
  'trigger.data.kind[0]',
  'trigger.data.x[0]',
  '[1, 2, 3][1]',
  '[1, 2, 3][$ > 1]',
  '(1)[0]',
  '{"a": 1}[a = 1]',
  'trigger.data.lines[$exists(note)].sku',
  'trigger.data.lines[$.sku = "B"].qty',
  'trigger.data.lines[qty > 0][sku = "C"].sku',
  'trigger.data.lines[$$.trigger.data.kind = "A"].sku',
  'trigger[data.kind = "A"].id',
  'trigger.data.lines[1].parts',
  'trigger.data.lines[1].parts.id',
];
const KEPT_LISTS = [
  'trigger.data.kind[]',
  'trigger.data.x[]',
  'trigger.data.one[]',
  'trigger.data.none[]',
  'trigger.data.lines[].sku',
  'trigger.data.lines.sku[]',
  'trigger.data.one.sku[]',
  'trigger.data.one[].sku',
  'trigger.data.lines[][qty > 2]',
  'trigger.data.lines[qty > 2][]',
  'trigger.data.lines[qty > 9][]',
  'trigger.data.lines[qty > 2][].sku',
  'trigger.data.lines.tags[]',
  'trigger.data.nested[]',
  'trigger.data.nested[][0]',
  'trigger.data.objects.a[]',
  'trigger[]',
  'trigger[].data.kind',
  '$count(trigger.data.kind[])',
  '{"a": trigger.data.kind[]}',
  '[trigger.data.kind[]]',
  'trigger.data.lines.(tags[])',
  'trigger.data.lines[tags[]].sku',
  'trigger.data.lines.{"t": tags[]}',
  '(trigger.data.kind[])[0]',
  '(trigger.data.kind)[]',
  'trigger.data.kind[] ?? 1',
  'trigger.data.kind[] = ["A"]',
];
const OPERATORS = [
  '1 + 2',
  '0.1 + 0.2',
  'trigger.data.n + 1',
  'trigger.data.n - trigger.data.x',
  '"a" + 1',
  '1 / 0',
  '0 / 0',
  '1 / 0 + 1',
  '7 % 3',
  '-trigger.data.n',
  '-"a"',
  '-trigger.data.x',
  '-(1 + 1)',
  '1 = 1',
  '"16" = 16',
  'trigger.data.x = 1',
  'trigger.data.x != 1',
  'trigger.data.nil = null',
  'trigger.data.customer = trigger.data.customer',
  'trigger.data.lines = trigger.data.one',
  '[1, 2] = [1, 2]',
  '{"a": 1} = {"a": 1}',
  '{"a": 1} = [1]',
  'trigger.data.kind > "0"',
  '1 < "a"',
  '1 < 2',
  'true < false',
  'trigger.data.x < 1',
  'trigger.data.x > true',
  'trigger.data.yes and trigger.data.no',
  'trigger.data.x and true',
  'trigger.data.x or trigger.data.kind',
  'trigger.data.none and 1',
  'trigger.data.nested and true',
  '[0] or [1]',
  '[[0]] or false',
  '{} or false',
  '{"a": 0} or false',
  '"a" & "b"',
  '"№ " & trigger.data.x',
  '1 & 2',
  'true & null',
  '0.1 + 0.2 & ""',
  '1e21 & ""',
  '1e-7 & ""',
  '{"a": 0.1 + 0.2} & ""',
  '[1, "a"] & "x"',
  'trigger.data.lines & ""',
  '1 / 0 & ""',
  '"x" in trigger.data.customer.tags',
  '1 in 1',
  '1 in trigger.data.x',
  '{"a": 1} in [{"a": 1}]',
  'trigger.data._jsonata & ""',
  'trigger.data.nil & "x"',
];
const CONDITIONS = [
  'trigger.data.x ?? 1',
  'trigger.data.nil ?? 1',
  '1 + trigger.data.x ?? 5',
  'trigger.data.kind = trigger.data.x ?? 1',
  'trigger.data.lines[sku = "Z"] ?? "none"',
  'trigger.data.x ?: 1',
  'trigger.data.empty ?: "e"',
  'trigger.data.zero ?: "e"',
  'trigger.data.lines.sku ?: "e"',
  'trigger.data.yes ? 1 : 2',
  'trigger.data.no ? 1',
  'trigger.data.x ? 1 : 2',
  'trigger.data.none ? 1 : 2',
  'trigger.data.nested ? 1 : 2',
  'trigger.data.x ?? trigger.data.y ?? 3',
  '(trigger.data.x ?? {"a": 1}).a',
  'trigger.data.x ?? $omit',
  '{"a": trigger.data.x ?? $omit, "b": 1}',
  '[trigger.data.x ?? $omit, 1]',
  '{"a": [{"b": $omit}]}',
  '$omit',
  '$omit.a',
  '()',
  '(1; 2)',
];
const CONSTRUCTORS = [
  '[1..3]',
  '[3..1, 5]',
  '[trigger.data.zero..trigger.data.n]',
  '[trigger.data.missing..2]',
  '[]',
  '[1]',
  '[[1]]',
  '[[1], 2]',
  '[trigger.data.x]',
  '[trigger.data.x.y]',
  '[trigger.data.lines]',
  '[trigger.data.lines.sku]',
  '[trigger.data.one]',
  '[trigger.data.nested]',
  '[[trigger.data.nested]]',
  '[trigger.data.lines[qty > 0]]',
  '[trigger.data.one[0]]',
  '["["]',
  '[(trigger.data.lines)]',
  '[trigger.data.none]',
  '[null]',
  '[trigger.data.nil]',
  '{}',
  '{"a": 1}',
  '{"a": trigger.data.x}',
  '{"a": trigger.data.lines.sku}',
  '{trigger.data.kind: 1}',
  '{trigger.data.x: 1}',
  '{trigger.data.n: 1}',
  '{"a": 1, "a": 2}',
  '{"a": {"b": {"c": trigger.data.lines.qty}}}',
  '{"__proto__": 1}',
  '{"a": {"b": 1}}.a.b',
  '{"a": [1, 2]}.a',
  '{"a": [[1]]}.a',
  '{"1": "one", "b": 2, "0": "zero"}',
  '{trigger.data.kind: 1, "A": 2}',
  '{"l": trigger.data.lines[qty > 0]}.l.sku',
  '[{"a": 1}, {"a": 2}].a',
];
const CALLS = [
  '$string(trigger.data.n)',
  '$string(trigger.data.x)',
  '$string({"a": 1})',
  '$string(trigger.data.lines)',
  '$string(null)',
  '$string([])',
  '$length(trigger.data.emoji)',
  '$length(1)',
  '$substring(trigger.data.emoji, 1)',
  '$substring("hello", -3, 2)',
  '$substring("hello", -9)',
  '$substring("hello", 1, 0)',
  '$substring("hello", 1.5, 2.5)',
  '$substring(1, 2)',
  '$substring(trigger.data.x, 1)',
  '$substring("abc", trigger.data.x)',
  '$substringBefore("a-b", "-")',
  '$substringAfter("a-b", "-")',
  '$substringAfter("ab", "-")',
  '$substringBefore(trigger.data.x, "-")',
  '$uppercase(trigger.data.customer.name)',
  '$lowercase("АБВ")',
  '$uppercase(1)',
  '$trim(trigger.data.spaced)',
  '$trim(trigger.data.x)',
  '$contains("abc", "b")',
  '$contains(trigger.data.x, "b")',
  '$contains("abc", trigger.data.x)',
  '$contains(1, "a")',
  '$join(trigger.data.texts, ", ")',
  '$join(trigger.data.texts)',
  '$join("a", "-")',
  '$join([], "-")',
  '$join(trigger.data.x)',
  '$join([1], "-")',
  '$join(trigger.data.lines.sku, ",")',
  '$number(trigger.data.number)',
  '$number("1e3")',
  '$number("0x1F")',
  '$number("x0b1")',
  '$number(true)',
  '$number(null)',
  '$number(trigger.data.bad)',
  '$number("")',
  '$number(trigger.data.x)',
  '$floor(-1.5)',
  '$ceil(1.2)',
  '$abs(-1)',
  '$floor("a")',
  '$sum(trigger.data.numbers)',
  '$sum(trigger.data.lines.qty)',
  '$sum(trigger.data.x)',
  '$sum([])',
  '$sum("a")',
  '$sum(trigger.data.lines.price)',
  '$max(trigger.data.numbers)',
  '$min([])',
  '$average(trigger.data.numbers)',
  '$count(trigger.data.lines)',
  '$count(trigger.data.x)',
  '$count(1)',
  '$count([])',
  '$count(trigger.data.lines[qty > 0])',
  '$exists(trigger.data.x)',
  '$exists(trigger.data.nil)',
  '$exists(trigger.data.none)',
  '$boolean("false")',
  '$boolean([0])',
  '$boolean({})',
  '$boolean([[]])',
  '$not(trigger.data.x)',
  '$not(trigger.data.x ?? false)',
  '$not([0, 1])',
  '$type(trigger.data.nil)',
  '$type(trigger.data.lines)',
  '$type(trigger.data)',
  '$type(trigger.data.x)',
  '$type(1)',
  '$split("a,b", ",")',
  '$split("a,b", ",", 1)',
  '$split("a", ",", 0)',
  '$split("a", ",", -1)',
  '$split("abc", "")',
  '$split(trigger.data.x, ",")',
  '$keys(trigger.data.customer)',
  '$keys({"a": 1})',
  '[$keys({"a": 1})]',
  '$keys({})',
  '$keys(trigger.data.lines)',
  '$keys(1)',
  '$lookup(trigger.data.customer, "name")',
  '$lookup(trigger.data.lines, "sku")',
  '$lookup(trigger.data, "constructor")',
  '$lookup(trigger.data.x, "a")',
  '$merge([{"a": 1}, {"a": 2, "b": 3}])',
  '$merge({"a": 1})',
  '$merge([])',
  '$merge(1)',
  '$merge([trigger.data.customer, {"name": $omit}])',
  '$encodeUrlComponent("a b/ф")',
  '$encodeUrlComponent("\\ud83d")',
  '$now()',
  '$millis()',
  '$toMillis("2026-02-01T10:00:00")',
  '$toMillis(1)',
  '$fromMillis(0)',
  '$fromMillis(-1)',
  '$fromMillis(1.5)',
  '$fromMillis("a")',
  '$base64encode("ф")',
  '$base64decode($base64encode("ф😀"))',
  '$base64encode(1)',
  '$pad("a", 3)',
  '$pad("a", -3, "#!")',
  '$pad("a", "b")',
  '$pad("a", 1000000)',
  '$decimal("1 234,50")',
  '$decimal(trigger.data.x)',
  '$decimal("a")',
  '$decimal(1.005, 2)',
  '$dateTime1C("2026-02-01T10:00:00Z")',
  '$dateTime1C(null)',
  '$dateTime1C("soon")',
  '$instant("2026-02-01T10:00:00")',
  '$phone("8 (495) 123-45-67")',
  '$phone("abc")',
  '$phone({})',
  '$uuid("a")',
  '$uuid()',
  '$hash("a")',
  '$hash(1)',
  '$parse("{\\"a\\": [1]}").a',
  '$parse("nope")',
  '$xml("<a><b>1</b></a>").a.b',
  '$xml("<!DOCTYPE a><a/>")',
  '$string($omit)',
  '"a" & $omit',
  '$string({"a": $omit})',
  '$nosuch(1)',
  '$string(1, 2, 3)',
  '$uppercase()',
  'trigger.data.lines.sku.$uppercase()',
];
const INTERPRETED = [
  '$map([1, 2], function($x) { $x + 1 })',
  '$sort([2, 1])',
  'trigger.data.lines^(sku)',
  'trigger.data.lines{sku: qty}',
  '($x := 1; $x)',
  'trigger.*',
  '**.sku',

  '"a" ~> $uppercase',
  '$match("ab", /a/)',
  'trigger.data.none{sku: $sum(qty)}',
  'trigger.data.nested{"n": $count($)}',
  'trigger.data.lines{sku: {"q": $sum(qty), "p": parts.id}}',
  'trigger.data ~> |lines|{"qty": qty + 1}, ["tags"]|',
  '$ ~> |trigger.data.lines|{"x": 1}|',
  'trigger.data.lines^(>qty, sku).sku',
  'trigger.data.lines@$l.parts@$p.{"sku": $l.sku, "id": $p.id}',
  'trigger.data.lines#$i.{"i": $i, "sku": sku}',
  'trigger.data.lines.parts.{"id": id, "of": %.sku}',
  '$reduce(trigger.data.lines.qty, function($a, $b) { $a + $b })',
  '($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(20))',
  '($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, $a + $n) }; $f(50, 0))',
  '$map(trigger.data.lines, function($l, $i, $all) { $i & $l.sku & $count($all) })',
  '$replace("a1b22", /(\\d)(\\d)?/, "<$1$2$$>")',
  '$replace("ab", /[ab]/, function($m) { $uppercase($m.match) })',
  '$split("a, b;c", /[,;] */)',
  '$distinct([1, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}, [1], [1], null])',
  '$sort(["b", "a"]) ~> $reverse() ~> $join("-")',
  '$spread([{"a": 1, "b": 2}, {"c": 3}])',
  '$zip([1, 2], ["a", "b", "c"])',
  '$each(trigger.data.customer.address, function($v, $k) { $k & $v })',
  '$sift(trigger.data.customer, function($v) { $type($v) = "string" })',
  '$formatNumber(1234.5, "#,##0.00")',
  '$formatInteger(1999, "I")',
  '($add := function($a, $b) { $a + $b }; $inc := $add(?, 1); $inc(2))',
  '($double := function($x) { $x * 2 }; $twice := $double ~> $double; $twice(3))',
];

const WRITTEN = [...PATHS, ...FILTERS, ...KEPT_LISTS, ...OPERATORS, ...CONDITIONS, ...CONSTRUCTORS, ...CALLS];

/** Compares closure, interpreter and library on one scope of frozen data (a write would fail). Returns whether a closure took part. */
async function compare(source: string, scope: Scope): Promise<boolean> {
  const expected = { source, ...(await library(source, scope)) };
  expect({ source, ...interpreted(source, scope) }).toEqual(expected);
  const outcome = compiled(source, scope);
  if (typeof outcome === 'string') return false;
  expect({ source, ...outcome }).toEqual(expected);
  return true;
}

describe('closures and the interpreter return what the library returns', () => {
  it.each([...WRITTEN, ...INTERPRETED])('compares %s', async (source) => {
    for (const scope of SCOPES) await compare(source, scope);
  });

  it('compares random expressions of the compiled subset', async () => {
    const random = seeded(20260201);
    let closures = 0;
    for (let count = 0; count < 500; count += 1) {
      const source = randomExpression(random);
      for (const scope of SCOPES.slice(0, 4)) if (await compare(source, scope)) closures += 1;
    }
    expect(closures).toBeGreaterThan(700);
  });

  it('compares random expressions of the whole language', async () => {
    const random = seeded(20261130);
    for (let count = 0; count < 500; count += 1) {
      const source = wideExpression(random);
      for (const scope of SCOPES.slice(0, 4)) await compare(source, scope);
    }
  });
});

describe('data whose keys are marks of the library', () => {
  const scope = scopeWith({
    wrapped: { outerWrapper: true, sequence: true, tupleStream: true, cons: true, keepSingleton: true, a: 1 },
    called: { _jsonata_lambda: true, _jsonata_function: true, a: 1 },
  });

  it.each([
    ['trigger.data.wrapped.a', 1],
    ['trigger.data.wrapped[$].a', 1],
    ['trigger.data.wrapped.($).a', 1],
    ['trigger.data.wrapped{"x": a}', { x: 1 }],
    ['trigger.data.wrapped.*[0]', true],
    ['$count(trigger.data.wrapped.*)', 6],
    ['trigger.data.wrapped^(a).a', 1],
    ['trigger.data.called.a', 1],
    ['trigger.data.called.($).a', 1],
    ['$string(trigger.data.called)', '{"_jsonata_lambda":true,"_jsonata_function":true,"a":1}'],
    ['{"_jsonata_lambda": true}', { _jsonata_lambda: true }],
    ['$boolean(trigger.data.called)', true],
  ])('evaluates %s', (source, expected) => {
    expect(interpreted(source, scope)).toEqual({ value: expected });
    const outcome = compiled(source, scope);
    if (typeof outcome !== 'string') expect(outcome).toEqual({ value: expected });
  });
});

describe('the compiled subset', () => {
  it('contains the common expressions', () => {
    const left = WRITTEN.filter((source) => SCOPES.every((scope) => typeof compiled(source, scope) === 'string'));
    expect(left.length).toBeLessThan(WRITTEN.length / 5);
  });

  it.each(INTERPRETED)('leaves %s to the interpreter', (source) => {
    expect(compiled(source, scopeWith(DATA))).toBe('interpreter only');
  });
});
