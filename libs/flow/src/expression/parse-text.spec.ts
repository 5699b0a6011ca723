import { describe, expect, it } from '@jest/globals';
import { expressionEnd, parseText } from './index.js';

function cut(text: string): readonly string[] {
  return parseText(text).parts.map((part) => (part.kind === 'literal' ? part.value : `<${part.source.trim()}>`));
}

describe('parseText: an expression ends at the first }} at which it is complete', () => {
  it.each([
    ['${{ a }}', ['<a>']],
    ['x ${{ a }} y ${{ b }}', ['x ', '<a>', ' y ', '<b>']],
    ['${{ {"a":{"b":1}} }}', ['<{"a":{"b":1}}>']],
    ['${{{"a":1}}}', ['<{"a":1}>']],
    ['${{ "}}" }}', ['<"}}">']],
    ["${{ '${{' }}", ["<'${{'>"]],
    ['${{ a /* }} */ }}', ['<a /* }} */>']],
    ['${{ a }}}}', ['<a>', '}}']],
    ['no expression }}', ['no expression }}']],
    ['$ {{ a }}', ['$ {{ a }}']],
    ['', []],
  ])('finds the parts of %j', (text, expected) => {
    expect(cut(text)).toEqual(expected);
    expect(parseText(text).problems).toEqual([]);
  });
});

describe('parseText: whole', () => {
  it.each(['${{ a }}', '  ${{ a }}\n', '${{ {"a":{"b":1}} }}'])('is true for %j', (text) => {
    expect(parseText(text).whole).toBe(true);
  });

  it.each(['${{ a }}.', '${{ a }}${{ b }}', 'a', '', '${{ a'])('is false for %j', (text) => {
    expect(parseText(text).whole).toBe(false);
  });
});

describe('parseText: work', () => {
  it('returns the cached result for a text that was parsed before', () => {
    expect(parseText('a ${{ trigger.data.a }} b')).toBe(parseText('a ${{ trigger.data.a }} b'));
  });

  it('finds the end of each of many broken expressions', () => {
    const { parts, problems } = parseText('${{ a == 1 }} '.repeat(2000));
    expect(parts).toHaveLength(4000);
    expect(problems).toHaveLength(2000);
  });
});

describe('parseText: problems', () => {
  it('reports EXPR_UNCLOSED at the beginning of the expression', () => {
    expect(parseText('a ${{ b').problems).toEqual([
      {
        code: 'EXPR_UNCLOSED',
        severity: 'error',
        message: 'this expression has no end: "}}" is missing',
        start: 2,
        end: 5,
        write: '${{ b }}',
        edits: [{ start: 7, end: 7, text: ' }}' }],
      },
    ]);
  });

  it('reports the problems of all expressions', () => {
    const { parts, problems } = parseText('${{ a == 1 }} and ${{ b }} and ${{ {"a": c || d} }}');
    expect(problems.map(({ start, end }) => [start, end])).toEqual([
      [6, 8],
      [43, 45],
    ]);
    expect(parts.map((part) => (part.kind === 'expression' ? part.ast !== undefined : part.value))).toEqual([
      false,
      ' and ',
      true,
      ' and ',
      false,
    ]);
  });
});

describe('parseText: references', () => {
  function references(source: string): readonly string[] {
    const text = `\${{ ${source} }}`;
    return parseText(text).parts.flatMap((part) =>
      part.kind === 'literal'
        ? []
        : part.references.map(({ path, spans, guarded, inner }) => {
            const written = spans.map((span) => text.slice(span.start, span.end)).join('.');
            return `${path.join('/')} as ${written}${guarded ? ' guarded' : ''}${inner ? ' inner' : ''}`;
          }),
    );
  }

  it.each([
    ['trigger.data.a', ['trigger/data/a as trigger.data.a']],
    ['trigger . data."a".`b c`', ['trigger/data/a/b c as trigger.data."a".`b c`']],
    [
      'trigger.data.lines[sku = $$.vars.x][0].qty',
      ['trigger/data/lines/qty as trigger.data.lines.qty', 'sku as sku inner', 'vars/x as vars.x'],
    ],
    ['trigger.data.x ?? steps.a.y', ['trigger/data/x as trigger.data.x guarded', 'steps/a/y as steps.a.y']],
    ['trigger.data.x ?: 1', ['trigger/data/x as trigger.data.x']],
    ['$exists(steps.a)', ['steps/a as steps.a guarded']],
    [
      '$exists(steps.a) ? steps.a.x : steps.b',
      ['steps/a as steps.a guarded', 'steps/a/x as steps.a.x guarded', 'steps/b as steps.b'],
    ],
    ['$exists(steps.a) and steps.a.x', ['steps/a as steps.a guarded', 'steps/a/x as steps.a.x guarded']],
    ['(steps.a ?? steps.b).x', ['steps/a as steps.a guarded', 'steps/b as steps.b']],
    ['$map(trigger.data.l, function($x) { vars.a + $x.b })', ['trigger/data/l as trigger.data.l', 'vars/a as vars.a']],
    ['trigger.data.l.(qty * price)', ['trigger/data/l as trigger.data.l', 'qty as qty inner', 'price as price inner']],
    ['trigger.data.l^(qty)', ['trigger/data/l as trigger.data.l', 'qty as qty inner']],
    ['trigger.data.l{sku: qty}', ['trigger/data/l as trigger.data.l', 'sku as sku inner', 'qty as qty inner']],
    ['{"a": trigger.id, trigger.type: 1}', ['trigger/id as trigger.id', 'trigger/type as trigger.type']],
    ['trigger.*.x', ['trigger as trigger']],
    ['trigger.data.in', ['trigger/data/in as trigger.data.in']],
  ])('collects those of %s', (source, expected) => {
    expect(references(source)).toEqual(expected);
  });
});

describe('expressionEnd', () => {
  it.each([
    ['${{ {"a": "}}"} }} rest', 18],
    ['${{ a == b }} rest', 13],
    ['${{ a', undefined],
    ['plain', undefined],
  ])('finds the end in %s', (text, expected) => {
    expect(expressionEnd(text)).toBe(expected);
  });
});
