import { describe, expect, it } from '@jest/globals';
import { checkExpression, parseText, type CheckOptions } from './index.js';

const OPTIONS: CheckOptions = { roots: ['trigger', 'steps', 'vars', 'env', 'error', 'run'], whole: true };

/** Returns each finding as "CODE underlined text -> text to write". */
function findings(source: string, options: Partial<CheckOptions> = {}): readonly string[] {
  const parsed = parseText(`\${{ ${source} }}`);
  const part = parsed.parts[0];
  const checked = part?.kind === 'expression' ? checkExpression(part, { ...OPTIONS, ...options }) : [];
  return [...parsed.problems, ...checked].map((problem) => {
    const underlined = parsed.text.slice(problem.start, problem.end);
    return `${problem.code} ${underlined}${problem.write === undefined ? '' : ` -> ${problem.write}`}`;
  });
}

function messages(source: string, options: Partial<CheckOptions> = {}): readonly string[] {
  const parsed = parseText(`\${{ ${source} }}`);
  const part = parsed.parts[0];
  const checked = part?.kind === 'expression' ? checkExpression(part, { ...OPTIONS, ...options }) : [];
  return [...parsed.problems, ...checked].map((problem) => problem.message);
}

describe('EXPR_ROOT', () => {
  it.each([
    ['payload.CallerIDNum', 'payload -> trigger.data.CallerIDNum'],
    ['data.x', 'data -> trigger.data.x'],
    ['body.x', 'body -> trigger.data.x'],
    ['msg.payload.x', 'msg -> trigger.data.x'],
    ['event.data.x', 'event -> trigger.data.x'],
    ['$json.x', '$json -> trigger.data.x'],
    ['triger.data.x', 'triger -> trigger.data.x'],
    ['headers.`x-id`', 'headers -> trigger.meta.headers.`x-id`'],
    ['step.party.x', 'step -> steps.party.x'],
    ['foobar', 'foobar'],
    ['$string(payload.x)', 'payload -> trigger.data.x'],
  ])('reports the wrong root of %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_ROOT ${expected}`]);
  });

  it('names the roots and the wrong word in the message', () => {
    expect(messages('payload.x')).toEqual([
      'an expression begins with trigger, steps, vars, env, error, run or a loop\'s name, not with "payload"',
    ]);
  });

  it('names the roots that can be read at the place', () => {
    expect(messages('steps.a.x', { roots: ['env', 'vars'] })).toEqual(['"steps" cannot be read here, only env and vars']);
  });

  it.each([
    ['trigger.data.x-request-id', 'x-request-id -> trigger.data.`x-request-id`'],
    ['steps.my-step.x', 'my-step -> steps.myStep'],
  ])('reports the dash in %s as a subtraction', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_ROOT ${expected}`]);
  });

  it.each([
    'trigger.data.a - 1',
    'trigger.data.a-vars.b',
    '$$.trigger.data.x',
    '$.trigger.data.x',
    '{"a": 1}',
    '($x := trigger.data; $x.y)',
    '$map([1], function($v, $i) { $v + $i })',
  ])('accepts the root of %s', (source) => {
    expect(findings(source, { whole: false })).toEqual([]);
  });
});

describe('EXPR_INNER_ROOT in the pattern of a transform', () => {
  it.each([
    '$ ~> |trigger.data|{"x": 1}|',
    '$$ ~> |trigger.data.lines|{"x": qty}, ["a"]|',
    'trigger.data ~> |lines|{"x": $$.trigger.id}|',
    'trigger.data ~> |$|{"x": 1}|',
    'trigger.data.lines[0] ~> |parts|{"x": 1}|',
  ])('accepts %s', (source) => {
    expect(findings(source)).toEqual([]);
  });

  it.each([
    ['trigger.data ~> |trigger.data.lines|{"x": 1}|', 'EXPR_INNER_ROOT trigger.data.lines -> lines'],
    ['trigger.data ~> |trigger.data|{"x": 1}|', 'EXPR_INNER_ROOT trigger.data -> $'],
    ['trigger.data ~> |$$.trigger.data.lines|{"x": 1}|', 'EXPR_INNER_ROOT $$.trigger.data.lines -> lines'],
    ['$ ~> |$$.trigger.data|{"x": 1}|', 'EXPR_INNER_ROOT $$.trigger.data -> trigger.data'],
    ['trigger.data.lines[0] ~> |trigger.data.lines|{"x": 1}|', 'EXPR_INNER_ROOT trigger.data.lines'],
    ['$ ~> |triger.data|{"x": 1}|', 'EXPR_ROOT triger -> trigger.data'],
    ['trigger.data ~> |lines|{"x": trigger.id}|', 'EXPR_INNER_ROOT trigger -> $$.trigger.id'],
  ])('reports the pattern of %s', (source, expected) => {
    expect(findings(source)).toEqual([expected]);
  });
});

describe('EXPR_SIZE: an expression that is too large to be checked', () => {
  it.each([
    ['characters', `1${' + 1'.repeat(20_000)}`],
    ['brackets', `${'('.repeat(200)}1${')'.repeat(200)}`],
    ['operations', `${'- '.repeat(9_000)}1`],
    ['defaults in defaults', `${'('.repeat(20)}vars.a${' ?? 1)'.repeat(20)}`],
  ])('reports too many of these, with a cure: %s', (_, source) => {
    const { problems } = parseText(`\${{ ${source} }}`);
    expect(problems).toMatchObject([{ code: 'EXPR_SIZE', do: expect.any(String) }]);
  });

  it('accepts a long chain of defaults', () => {
    expect(parseText(`\${{ vars.a${' ?? vars.b'.repeat(50)} }}`).problems).toEqual([]);
  });

  it('ends in time for a text with thousands of braces', () => {
    expect(parseText(`\${{ a b ${'}} '.repeat(20_000)}`).problems).toMatchObject([{ code: 'EXPR_SYNTAX' }]);
  });
});

describe('EXPR_INNER_ROOT: inside [ ] names belong to the item', () => {
  it.each([
    ['trigger.data.lines[sku = trigger.data.main][0]', 'trigger -> $$.trigger.data.main'],
    ['trigger.data.lines.(qty * vars.rate)', 'vars -> $$.vars.rate'],
    ['[trigger.data.lines.{"a": steps.a.x}]', 'steps -> $$.steps.a.x'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_INNER_ROOT ${expected}`]);
  });

  it.each([
    'trigger.data.lines[sku = $$.trigger.data.main][0]',
    '[trigger.data.lines[sku = "A"].qty]',
    '[$map(trigger.data.lines, function($l) { trigger.data.main & $l.sku })]',
  ])('accepts %s', (source) => {
    expect(findings(source, { present: () => true })).toEqual([]);
  });
});

describe('EXPR_BRACKET_KEY: a text in [ ] is a true condition', () => {
  it.each([
    ['trigger.data["Номер заказа"]', '["Номер заказа"] -> trigger.data.`Номер заказа`'],
    ["trigger.data['code']", "['code'] -> trigger.data.code"],
    ['trigger.data.lines[0]["sku"]', '["sku"] -> trigger.data.lines[0].sku'],
    ['1 + trigger.data["n"]', '["n"] -> trigger.data.n'],
  ])('reports %s', (source, expected) => {
    expect(findings(source, { whole: false })).toEqual([`EXPR_BRACKET_KEY ${expected}`]);
  });
});

describe('EXPR_NUMBER: a whole number that JavaScript rounds', () => {
  it.each([
    ['trigger.data.account = 9007199254740993', ['EXPR_NUMBER 9007199254740993 -> "9007199254740993"']],
    ['trigger.data.account = 9007199254740991', []],
    ['trigger.data.account = "40702810900000001234"', []],
  ])('checks the numbers of %s', (source, expected) => {
    expect(findings(source)).toEqual(expected);
  });
});

describe('EXPR_KEY_QUOTES: an unquoted key is a path', () => {
  it.each([
    ['{title: 1}', 'title -> "title"'],
    ['[trigger.data.lines.{sku: qty}]', 'sku -> "sku"'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_KEY_QUOTES ${expected}`]);
  });

  it.each(['{trigger.data.code: 1}', 'trigger.data.lines{sku: qty}', '{"title": 1}'])('accepts the keys of %s', (source) => {
    expect(findings(source, { whole: false })).toEqual([]);
  });
});

describe('EXPR_FUNCTION: an unknown function', () => {
  it.each([
    ['$toUpper(trigger.data.x)', '$toUpper -> $uppercase'],
    ['$len(trigger.data.x)', '$len -> $length'],
    ['$upercase(trigger.data.x)', '$upercase -> $uppercase'],
    ['$dateTime1c(trigger.data.x)', '$dateTime1c -> $dateTime1C'],
    ['$nosuch', '$nosuch'],
    ['exists(trigger.data.x)', 'exists -> $exists'],
    ['trigger.data.x.toUpper()', 'toUpper -> $uppercase'],
    ['$eval("1")', '$eval'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_FUNCTION ${expected}`]);
  });

  it.each([
    '$decimal(1)',
    '$omit',
    '[$map([1], $string)]',
    '"a" ~> $uppercase',
    '$sum([1])',
    'trigger.data.lines#$i[$i = 0].sku',
    '($f := function($x) { $x }; $f(1))',
  ])('accepts %s', (source) => {
    expect(findings(source, { whole: false })).toEqual([]);
  });
});

describe('EXPR_REGEX: features that RE2 does not support', () => {
  it.each([
    ['$match("a", /(?=a)b/)', '/(?=a)b/'],
    ['$match("a", /(?<!a)b/i)', '/(?<!a)b/i'],
    ['$contains("a", /(a)\\1/)', '/(a)\\1/'],
    ['$contains("a", /[b-a]/)', '/[b-a]/'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_REGEX ${expected}`]);
  });

  it('accepts other regular expressions', () => {
    expect(findings('$contains("ё", /^[а-яё]+(\\d{2}|\\s)*$/im)')).toEqual([]);
  });
});

describe('EXPR_LIST beside EXPR_BRACKET_KEY', () => {
  it('reports only the key, because a list would preserve the mistake', () => {
    expect(findings('trigger.data["Номер заказа"]')).toEqual([
      'EXPR_BRACKET_KEY ["Номер заказа"] -> trigger.data.`Номер заказа`',
    ]);
  });
});

describe('EXPR_LIST: the bare value for one match', () => {
  it.each([
    'trigger.data.lines[qty > 0]',
    'trigger.data.lines[qty > 0].sku',
    'trigger.data.lines.{"a": sku}',
    '$map(trigger.data.lines, function($l) { $l.sku })',
    '$filter(trigger.data.lines, function($l) { $l.qty })',
    '$keys(trigger.data)',
    '$distinct(trigger.data.tags)',
    '(trigger.data.lines[qty > 0])',
    'trigger.data.lines[0].parts[id = 1]',
  ])('reports %s', (source) => {
    expect(findings(source)).toEqual([`EXPR_LIST ${source} -> [${source}]`]);
  });

  it.each([
    '[trigger.data.lines[qty > 0]]',
    'trigger.data.lines[qty > 0][0]',
    'trigger.data.lines[qty > 0][0].sku',
    '$keys(trigger.data)[0]',
    '$count($keys(trigger.data))',
    'trigger.data.lines',
    'trigger.data.lines[0]',
    'trigger.data.lines[][qty > 0]',
  ])('accepts %s', (source) => {
    expect(findings(source)).toEqual([]);
  });

  it('accepts a filter inside a text or a condition', () => {
    expect(findings('trigger.data.lines[qty > 0]', { whole: false })).toEqual([]);
    expect(findings('trigger.data.lines[qty > 0]', { condition: true })).toEqual([]);
  });
});

describe('EXPR_PRECEDENCE: ?? has the lowest precedence', () => {
  it.each([
    ['1 + trigger.data.x ?? 5', '1 + (trigger.data.x ?? 5)'],
    ['trigger.data.a = trigger.data.x ?? 1', 'trigger.data.a = (trigger.data.x ?? 1)'],
    ['trigger.data.x ?? 1 + 2', '(trigger.data.x ?? 1) + 2'],
    ['trigger.data.a and trigger.data.b ?? false', 'trigger.data.a and (trigger.data.b ?? false)'],
    ['trigger.data.x ?? false ? 1 : 2', '(trigger.data.x ?? false) ? 1 : 2'],
    ['"a" & $string(trigger.data.x) ?? "b"', '"a" & ($string(trigger.data.x) ?? "b")'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_PRECEDENCE ?? -> ${expected}`]);
  });

  it.each([
    'trigger.data.x ?? 1',
    '1 + (trigger.data.x ?? 5)',
    'trigger.data.x ?? trigger.data.y ?? 1',
    'trigger.data.a ? trigger.data.x ?? 1 : 2',
    '{"a": trigger.data.x ?? 1}',
    '(1 + trigger.data.x) ?? 5',
  ])('accepts %s', (source) => {
    expect(findings(source)).toEqual([]);
  });
});

describe('EXPR_NOT_EQUAL: != is false for a missing value', () => {
  it('offers $not as the cure', () => {
    expect(findings('trigger.data.x != 1')).toEqual(['EXPR_NOT_EQUAL != -> $not(trigger.data.x = 1)']);
  });

  it.each([
    'error.fate != "rejected"',
    '(trigger.data.x ?? 0) != 1',
    'vars.a != 1',
    'env.A != "b"',
    '$exists(trigger.data.x) and trigger.data.x != 1',
    '$string(trigger.data.x) != "1"',
  ])('accepts %s, where no value can be missing', (source) => {
    expect(findings(source)).toEqual([]);
  });

  it('accepts a path that the schema requires', () => {
    expect(findings('trigger.data.x != 1', { present: (path) => path.join('.') === 'trigger.data.x' })).toEqual([]);
  });
});

describe('EXPR_CONCAT: & treats a missing value as an empty text', () => {
  it.each([
    ['"№ " & trigger.data.x', ['trigger.data.x -> (trigger.data.x ?? "")']],
    ['trigger.data.a & trigger.data.b', ['trigger.data.a -> (trigger.data.a ?? "")', 'trigger.data.b -> (trigger.data.b ?? "")']],
    ['"a" & (trigger.data.x ?? "")', []],
    ['"a" & run.id', []],
    ['$exists(trigger.data.x) ? "a" & trigger.data.x : ""', []],
  ])('checks the operands of %s', (source, expected) => {
    expect(findings(source)).toEqual(expected.map((each) => `EXPR_CONCAT ${each}`));
  });
});

describe('EXPR_MIXED_SCRIPT: a word in both alphabets', () => {
  it.each([
    ['trigger.data.\u0441ode', '\u0441ode -> code'],
    ['trigger.data.Кoд', 'Кoд -> Код'],
    ['trigger.data.`Номер зaказа`', '`Номер зaказа` -> `Номер заказа`'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_MIXED_SCRIPT ${expected}`]);
  });

  it.each(['trigger.data.КодXML', 'trigger.data.HTTPСоединение', 'trigger.data.code.Код', 'trigger.data.Ёж_1'])(
    'accepts %s',
    (source) => {
      expect(findings(source)).toEqual([]);
    },
  );
});

describe('EXPR_SYNTAX, with the cure for habits from other languages', () => {
  it.each([
    ['trigger.data.DialStatus == "BUSY"', '== -> trigger.data.DialStatus = "BUSY"'],
    ['trigger.data.a === 1', '=== -> trigger.data.a = 1'],
    ['trigger.data.a && trigger.data.b', '&& -> trigger.data.a and trigger.data.b'],
    ['trigger.data.a&&trigger.data.b', '&& -> trigger.data.a and trigger.data.b'],
    ['trigger.data.a || trigger.data.b', '|| -> trigger.data.a or trigger.data.b'],
    ['!trigger.data.a', '! -> $not(trigger.data.a)'],
    ['!$exists(trigger.data.a) && trigger.data.b == 1', '! -> $not($exists(trigger.data.a)) and trigger.data.b = 1'],
    ['!(trigger.data.a == 1)', '! -> $not((trigger.data.a = 1))'],
    ['trigger.data.a <> 1', '<> -> trigger.data.a != 1'],
    ['trigger.data.a !== 1', '!== -> trigger.data.a != 1'],
    ['trigger.data.Номер заказа', 'Номер заказа -> trigger.data.`Номер заказа`'],
    ['trigger.data.1С', '1С -> trigger.data.`1С`'],
    ['trigger.data.', '.'],
    ['(1', '1'],
    ['1 2', '2'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toEqual([`EXPR_SYNTAX ${expected}`]);
  });

  it('explains that JSONata compares with one "="', () => {
    expect(messages('trigger.data.a == 1')).toEqual(['JSONata compares with one "="']);
  });

  it('passes on the message of JSONata for other errors', () => {
    expect(messages('$sum(trigger.data.a')).toEqual(['expected ")" before end of expression']);
    expect(messages('')).toEqual(['this expression is empty']);
  });
});

describe('EXPR_CHARACTER: a misleading character', () => {
  it.each([
    ['trigger.data.a = \u201c1\u201d', '\u201c1\u201d -> trigger.data.a = "1"'],
    ['trigger.data.a\u00a0= 1', 'a\u00a0 -> trigger.data.a = 1'],
    ['trigger.data.и\u0306', 'и\u0306 -> trigger.data.й'],
  ])('reports %s', (source, expected) => {
    expect(findings(source)).toContain(`EXPR_CHARACTER ${expected}`);
  });

  it('accepts misleading characters inside texts', () => {
    expect(findings('"«a»\u00a0" = trigger.data.a')).toEqual([]);
  });
});
