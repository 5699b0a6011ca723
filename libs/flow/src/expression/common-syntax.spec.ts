import { describe, expect, it } from '@jest/globals';
import { parseCommon } from './common-syntax.js';
import { randomExpression, seeded } from './compiled/random-expression.fixture.js';
import { parseWithLibrary } from './syntax.js';
import { tokenize } from './tokens.js';

function common(source: string): unknown {
  return parseCommon(tokenize(source));
}

function library(source: string): unknown {
  const parsed = parseWithLibrary(source);
  // The library leaves absent fields as undefined; its nodes have prototypes with methods.
  return parsed.ok ? (JSON.parse(JSON.stringify(parsed.ast)) as unknown) : undefined;
}

describe('the parser of common expressions', () => {
  it.each([
    'trigger.data.x',
    ' steps . `a b` . Имя ',
    'trigger.data.x ?? $omit',
    'a ?? b ?? c.d',
    '(a ?? 0) > 1 and $not(b = "x")',
    '$phone(trigger.data.from ?? "")',
    '$f()',
    'a - b - 1.50 * 2 & "x"',
    'a = 1 ? b : c ? 1 : null',
    '[trigger.data.lines, 1]',
    '{"a": b, "c": {"d": []}}',
    '$',
  ])('parses %s into the tree of the library', (source) => {
    expect(common(source)).toBeDefined();
    expect(common(source)).toEqual(library(source));
  });

  it.each([
    '',
    'a.',
    '.a',
    'a b',
    'a ?? ',
    '(a',
    'a)',
    '[a,]',
    '{"a"}',
    '"a',
    '"a\\n"',
    'null.a',
    'a.null',
    'a ? b',
    'and',
    'a.and',
    '$f(',
    '1e999',
    '`a',
    '- 1',
    'a[0]',
    'a.$f()',
    'a /* x */ = b',
    'function($x){$x}',
    '$f(?)',
    '("a"; "b")',
    'a{"b": c}',
    '$f(a)(b)',
    '"a".b',
    'a?:b',
  ])('leaves %j to the library', (source) => {
    expect(common(source)).toBeUndefined();
  });

  it('agrees with the library about random expressions, also broken ones', () => {
    const random = seeded(20_260);
    let parsed = 0;
    for (let count = 0; count < 4_000; count += 1) {
      const whole = randomExpression(random);
      const source = count % 2 === 0 ? whole : damaged(whole, random);
      const tree = common(source);
      if (tree === undefined) continue;
      parsed += 1;
      expect({ source, tree }).toEqual({ source, tree: library(source) });
    }
    expect(parsed).toBeGreaterThan(500);
  });
});

/** Removes, repeats or swaps a few characters. */
function damaged(source: string, random: () => number): string {
  const at = Math.floor(random() * source.length);
  const other = Math.floor(random() * source.length);
  const [start, end] = [Math.min(at, other), Math.max(at, other)];
  const kind = Math.floor(random() * 3);
  if (kind === 0) return source.slice(0, at) + source.slice(at + 1 + Math.floor(random() * 3));
  if (kind === 1) return source.slice(0, end) + source.slice(start, end) + source.slice(end);
  return source.slice(0, start) + source.slice(end) + source.slice(start, end);
}
