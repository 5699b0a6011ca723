import { describe, expect, it } from '@jest/globals';
import { evaluate, scopeOf } from '../testing.fixture.js';

const scope = scopeOf({ amount: '1\u00a0234,50', moment: Date.UTC(2026, 1, 1, 7), soap: '{"Сумма": 10.1}' });

function gives(cases: readonly (readonly [source: string, expected: unknown])[]): void {
  it.each(cases)('evaluates %s', async (source, expected) => {
    expect(await evaluate(source, scope)).toEqual(expected);
  });
}

function refuses(cases: readonly (readonly [source: string, code: string, message: string])[]): void {
  it.each(cases)('rejects %s with %s', async (source, code, message) => {
    await expect(evaluate(source, scope)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
}

describe('$decimal: rounds half away from zero on the decimal digits', () => {
  gives([
    ['$decimal("1 234,50")', 1234.5],
    ['$decimal(trigger.data.amount)', 1234.5],
    ['$decimal("-1234.50")', -1234.5],
    ['$decimal(1.005, 2)', 1.01],
    ['$decimal(0.1 + 0.2, 2)', 0.3],
    ['$decimal(0.1 + 0.2)', 0.3],
    ['$decimal(1.15 * 100, 0)', 115],
    ['$decimal(2.5, 0)', 3],
    ['$decimal(-2.5, 0)', -3],
    ['$decimal(-0.4, 0)', 0],
    ['$decimal("1.00499999999999999999999", 2)', 1],
    ['$decimal(1e21)', 1e21],
    ['$decimal(1e-10, 2)', 0],
    ['$decimal("999999999999999")', 999_999_999_999_999],
    ['$decimal($decimal("1 234,50") - $decimal("1200.40"), 2)', 34.1],
    ['[$map(["1,5", "2"], $decimal)]', [1.5, 2]],
    ['$decimal(?, 1)(1.25)', 1.3],
    ['$decimal(trigger.data.none) ?? "none"', 'none'],
  ]);
  refuses([
    ['$decimal("12 руб.")', 'EXPR_FAILED', 'not a number'],
    ['$decimal("1,234.50")', 'EXPR_FAILED', 'not a number'],
    ['$decimal("")', 'EXPR_FAILED', 'not a number'],
    ['$decimal(null)', 'EXPR_FAILED', 'a number or a text'],
    ['$decimal("1234567890123456")', 'EXPR_FAILED', '15 digits'],
    ['$decimal(1, 1.5)', 'EXPR_FAILED', 'a whole number from 0 to 15'],
  ]);
});

describe('$dateTime1C: local time in the format of 1C', () => {
  gives([
    ['$dateTime1C("2026-02-01T10:00:00+03:00")', '2026-02-01T10:00:00'],
    ['$dateTime1C("2026-02-01T07:00:00Z")', '2026-02-01T10:00:00'],
    ['$dateTime1C("2026-02-01T07:00:00.123Z", "Asia/Yekaterinburg")', '2026-02-01T12:00:00'],
    ['$dateTime1C("2026-02-01T10:00:00")', '2026-02-01T10:00:00'],
    ['$dateTime1C("2026-02-01")', '2026-02-01T00:00:00'],
    ['$dateTime1C(trigger.data.moment)', '2026-02-01T10:00:00'],
    ['$dateTime1C(null)', '0001-01-01T00:00:00'],
    ['$dateTime1C("")', '0001-01-01T00:00:00'],
    ['$dateTime1C("0001-01-01T00:00:00")', '0001-01-01T00:00:00'],
    ['$dateTime1C(trigger.data.none) ?? "none"', 'none'],
  ]);
  refuses([
    ['$dateTime1C("01.02.2026")', 'EXPR_FAILED', 'not a date'],
    ['$dateTime1C("2026-13-01")', 'EXPR_FAILED', 'not a date'],
    ['$dateTime1C("10:00")', 'EXPR_FAILED', 'not a date'],
    ['$dateTime1C("2026-02-01", "Mars/Olympus")', 'EXPR_FAILED', 'time zone'],
  ]);

  it('needs a zone from the settings or as an argument', async () => {
    const { timezone: _timezone, ...context } = scope.context;
    await expect(evaluate('$dateTime1C("2026-02-01T07:00:00Z")', { ...scope, context })).rejects.toMatchObject({
      cure: 'set settings.timezone, or pass the zone as an argument',
    });
    expect(await evaluate('$dateTime1C("2026-02-01T07:00:00Z", "UTC")', { ...scope, context })).toBe('2026-02-01T07:00:00');
  });
});

describe('$instant: UTC from local time', () => {
  gives([
    ['$instant("2026-02-01T10:00:00")', '2026-02-01T07:00:00.000Z'],
    ['$instant("2026-02-01T10:00:00", "Asia/Yekaterinburg")', '2026-02-01T05:00:00.000Z'],
    ['$instant("2026-02-01T10:00:00+05:00")', '2026-02-01T05:00:00.000Z'],
    ['$instant("0001-01-01T00:00:00")', null],
    ['$instant(null)', null],
    ['$instant($dateTime1C("2026-02-01T07:00:00Z"))', '2026-02-01T07:00:00.000Z'],
  ]);
});

describe('$phone: digits in international form without plus', () => {
  gives([
    ['$phone("8 (495) 123-45-67")', '74951234567'],
    ['$phone("8 916 111-22-33")', '79161112233'],
    ['$phone("+7 916 111-22-33")', '79161112233'],
    ['$phone("89161112244")', '79161112244'],
    ['$phone("79161112244")', '79161112244'],
    ['$phone("9161112244")', '79161112244'],
    ['$phone("101")', '101'],
    ['$phone("12-34-56")', '123456'],
    ['$phone("+49 30 901820")', '4930901820'],
    ['$phone("030 901820", "DE")', '4930901820'],
    ['$phone(89161112244)', '79161112244'],
    ['$phone("нет") ?? "none"', 'none'],
    ['$phone("12345678901234567890") ?? "none"', 'none'],
    ['$phone("") ?? "none"', 'none'],
    ['$phone(null) ?? "none"', 'none'],
  ]);
  refuses([['$phone("89161112244", "Russia")', 'EXPR_FAILED', 'country']]);
});

describe('$uuid: derived from the run and the step', () => {
  gives([
    ['$uuid()', 'uuid of the count'],
    ['$uuid("line")', 'uuid of line'],
    ['$uuid(1)', 'uuid of 1'],
  ]);

  it('counts each call once', async () => {
    let count = 0;
    const counting = scopeOf({}, { uuid: () => `id-${(count += 1)}` });
    expect(await evaluate('[$uuid(), $uuid()]', counting)).toEqual(['id-1', 'id-2']);
  });
});

describe('$hash: hex', () => {
  gives([
    ['$hash("ф")', '754309a41e0df98ae2d0a8c29921e8469ee39364b67c27b317f7f56e95dbc861'],
    ['$hash("a", "md5")', '0cc175b9c0f1b6a831c399e269772661'],
    ['$hash("a", "sha1")', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
  ]);
  refuses([
    ['$hash("a", "crc")', 'EXPR_FAILED', 'not support this algorithm'],
    ['$hash({})', 'EXPR_FAILED', 'takes a text'],
  ]);
});

describe('$parse: JSON in a text', () => {
  gives([
    ['$parse(trigger.data.soap).Сумма', 10.1],
    ['$parse("null")', null],
  ]);
  refuses([
    ['$parse("{secret")', 'EXPR_FAILED', '$parse was given a text that is not JSON at'],
    ['$parse({})', 'EXPR_FAILED', 'takes a text'],
    // JavaScript would round the account number
    [
      '$parse("{\\"pay\\":[{\\"account\\":9007199254740993}]}")',
      'EXPR_FAILED',
      'the number at /pay/0/account has more digits than JavaScript can hold',
    ],
  ]);
});

describe('$xml: elements by local name', () => {
  gives([
    ['$xml("<a><b>1</b></a>")', { a: { b: '1' } }],
    ['$xml("<a><b>1</b><b>2</b></a>").a.b', ['1', '2']],
    ['$xml("<s:a xmlns:s=\\"urn:x\\" s:id=\\"007\\"><s:b>true</s:b></s:a>")', { a: { '@id': '007', b: 'true' } }],
    ['$xml("<a xmlns=\\"urn:x\\" id=\\"7\\">text</a>")', { a: { '@id': '7', '#text': 'text' } }],
    ['$xml("<?xml version=\\"1.0\\"?><a>&lt;&amp;&#1092;</a>")', { a: '<&ф' }],
    ['$xml("<a><![CDATA[<!DOCTYPE x>]]></a>")', { a: '<!DOCTYPE x>' }],
    ['$xml("<a/>")', { a: '' }],
    // codes of 1C catalogs are texts with trailing spaces
    ['$xml("<a c=\\"796 \\"> x </a>")', { a: { '@c': '796 ', '#text': ' x ' } }],
    ['$xml("<a> </a>")', { a: ' ' }],
    ['$xml("<a>\\n  <b> 1 </b>\\n</a>")', { a: { b: ' 1 ' } }],
    ['$xml("<a>x<b/>y</a>")', { a: { b: '', '#text': 'xy' } }],
    ['$xml("<a>1\\r\\n2</a>")', { a: '1\n2' }],
    ['$xml("<a b=\\"1\\n2\\"/>")', { a: { '@b': '1 2' } }],
    ['$xml("<a><b/><b/><b/></a>")', { a: { b: ['', '', ''] } }],
    ['$xml("<a><__proto__>1</__proto__></a>").a.__proto__', '1'],
    ['$xml("<!-- c --><?x y?><a><!-- - --></a><!-- d -->")', { a: '' }],
    ['$xml("<a>&#x444;&quot;&apos;&gt;</a>")', { a: 'ф"\'>' }],
  ]);
  refuses([
    ['$xml("<!DOCTYPE a [<!ENTITY x \\"y\\">]><a>&x;</a>")', 'EXPR_FAILED', 'no document with a DTD'],
    ['$xml("<a><b></a>")', 'EXPR_FAILED', 'not XML'],
    ['$xml("nope")', 'EXPR_FAILED', 'not XML'],
    ['$xml("<?x <!-- ?><!DOCTYPE a [<!ENTITY e \\"boom\\">]><?y --> ?><a>&e;</a>")', 'EXPR_FAILED', 'no document with a DTD'],
    ['$xml("<!doctype a><a/>")', 'EXPR_FAILED', 'no document with a DTD'],
    ['$xml("<a/><!DOCTYPE a>")', 'EXPR_FAILED', 'no document with a DTD'],
    ['$xml("<a><!ENTITY e \\"boom\\"></a>")', 'EXPR_FAILED', 'no document with a DTD'],
    ['$xml("<!-- <a/>")', 'EXPR_FAILED', 'line 1: "-->" is missing'],
    ['$xml("<a>&e;</a>")', 'EXPR_FAILED', '&e is not a reference of XML'],
    ['$xml("<a>&#0;</a>")', 'EXPR_FAILED', 'is not a reference of XML'],
    ['$xml("<a b=\\"1\\" b=\\"2\\"/>")', 'EXPR_FAILED', 'is repeated'],
    ['$xml("<a/><b/>")', 'EXPR_FAILED', 'more than one root'],
    ['$xml("<a/>x")', 'EXPR_FAILED', 'outside of the root'],
    ['$xml("<a>")', 'EXPR_FAILED', '<a> is not closed'],
    ['$xml("<a>\\n<b></a>")', 'EXPR_FAILED', 'line 2: </a> closes <b>'],
    ['$xml("")', 'EXPR_FAILED', 'no element'],
    [
      '$xml($join([$map([1..200], function($i) { "<a>" })]) & $join([$map([1..200], function($i) { "</a>" })]))',
      'EXPR_LIMIT',
      '$xml',
    ],
  ]);
});

describe('functions that replace those of JSONata', () => {
  gives([
    ['$now()', '2026-02-01T07:00:00.000Z'],
    ['$now("[Y]-[M01]", "Europe/Moscow")', '2026-02'],
    ['$millis()', Date.UTC(2026, 1, 1, 7)],
    ['$toMillis("2026-02-01T10:00:00")', Date.UTC(2026, 1, 1, 7)],
    ['$toMillis("2026-02-01T10:00:00Z")', Date.UTC(2026, 1, 1, 10)],
    ['$toMillis("01.02.2026 10:00", "[D01].[M01].[Y0001] [H01]:[m01]")', Date.UTC(2026, 1, 1, 7)],
    ['$fromMillis(0)', '1970-01-01T00:00:00.000Z'],
    ['$fromMillis(0, "[H01]:[m01] [Z]", "Europe/Moscow")', '03:00 +03:00'],
    ['$fromMillis(0, "[H01]:[m01]", "+0500")', '05:00'],
    ['$fromMillis(0, "[Y]")', '1970'],
    ['$base64encode("ф")', '0YQ='],
    ['$base64decode("0YQ=")', 'ф'],
    ['["a", "ф"].$base64encode()', ['YQ==', '0YQ=']],
    ['$pad("a", 3) & "|" & $pad("a", -3, "#!")', 'a  |#!a'],
    ['$pad("😀", 3, "-")', '😀--'],
    ['$pad(?, 3)("a")', 'a  '],
  ]);
  refuses([
    ['$eval("1")', 'EXPR_FAILED', 'non-function'],
    ['$pad(1, 3)', 'EXPR_FAILED', 'the arguments of $pad must be: a text, a number, a text'],
    ['$toMillis("soon")', 'EXPR_FAILED', 'not a date'],
  ]);
});

describe('offsets of time zones, in all spellings', () => {
  gives([
    ['$fromMillis(1609459200000, "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01][Z]", "+05:00")', '2021-01-01T05:00:00+05:00'],
    ['$fromMillis(1609459200000, "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01][Z]", "-05:30")', '2020-12-31T18:30:00-05:30'],
    ['$fromMillis(1609459200000, "[H01]:[m01] [Z]", "-0530")', '18:30 -05:30'],
    ['$fromMillis(1609459200000, "[H01]:[m01] [Z]", "America/St_Johns")', '20:30 -03:30'],
    ['$fromMillis(1609459200000, "[H01]:[m01] [Z0]", "America/St_Johns")', '20:30 -3:30'],
    ['$fromMillis(1609459200000, "[H01]:[m01] [Z]", "+05")', '05:00 +05:00'],
    ['$fromMillis(1609459200000, "[H01]:[m01] [Z]", "Z")', '00:00 +00:00'],
    ['$fromMillis(1609459200000, (), "+03:00")', '2021-01-01T03:00:00.000+03:00'],
    ['$now("[H01]:[m01] [Z]", "+05:00")', '12:00 +05:00'],
    ['$dateTime1C("2026-02-01T07:00:00Z", "+05:00")', '2026-02-01T12:00:00'],
    ['$dateTime1C("2026-02-01T07:00:00Z", "-0330")', '2026-02-01T03:30:00'],
    ['$instant("2026-02-01T10:00:00", "+05:00")', '2026-02-01T05:00:00.000Z'],
    ['$toMillis("01.02.2026 10:00 -05:30", "[D01].[M01].[Y0001] [H01]:[m01] [Z]")', Date.UTC(2026, 1, 1, 15, 30)],
    ['$toMillis("01.02.2026 10:00 +0530", "[D01].[M01].[Y0001] [H01]:[m01] [Z0001]")', Date.UTC(2026, 1, 1, 4, 30)],
  ]);
  refuses([
    ['$fromMillis(0, "[H]", "+25:00")', 'EXPR_FAILED', 'unknown time zone'],
    ['$fromMillis(0, "[H]", "5")', 'EXPR_FAILED', 'unknown time zone'],
    ['$fromMillis(0, "[H]", "+5:00")', 'EXPR_FAILED', 'unknown time zone'],
    ['$fromMillis(0, "[H]", "GMT+3")', 'EXPR_FAILED', 'unknown time zone'],
    ['$now("[H]", "+05:70")', 'EXPR_FAILED', 'unknown time zone'],
    ['$dateTime1C("2026-02-01", "Moscow")', 'EXPR_FAILED', 'unknown time zone'],
  ]);
});

describe('dates and times that do not exist', () => {
  refuses([
    ['$instant("2026-03-29T02:30:00", "Europe/Berlin")', 'EXPR_FAILED', 'the clocks of Europe/Berlin skip'],
    ['$dateTime1C("2026-03-29T02:30:00", "Europe/Berlin")', 'EXPR_FAILED', 'skip'],
    ['$instant("2011-12-30T12:00:00", "Pacific/Apia")', 'EXPR_FAILED', 'skip'],
    ['$instant("2026-02-30")', 'EXPR_FAILED', 'not a date'],
    ['$toMillis("32.01.2026", "[D].[M].[Y]")', 'EXPR_FAILED', 'out of range'],
    ['$toMillis("29.02.2026", "[D01].[M01].[Y0001]")', 'EXPR_FAILED', 'out of range'],
    ['$toMillis("01.02.2026 25:00 +03:00", "[D01].[M01].[Y0001] [H01]:[m01] [Z]")', 'EXPR_FAILED', 'out of range'],
  ]);
  // the clocks are set back and show the time twice: the first moment counts
  gives([
    ['$instant("2026-10-25T02:30:00", "Europe/Berlin")', '2026-10-25T00:30:00.000Z'],
    ['$instant("2026-10-25T02:30:00+01:00", "Europe/Berlin")', '2026-10-25T01:30:00.000Z'],
  ]);

  it('rejects a time with a picture that the clocks of the workspace skip', async () => {
    const berlin = scopeOf({}, { timezone: 'Europe/Berlin' });
    await expect(evaluate('$toMillis("29.03.2026 02:30", "[D01].[M01].[Y0001] [H01]:[m01]")', berlin)).rejects.toMatchObject({
      message: expect.stringContaining('skip'),
    });
  });
});

describe('$number: rejects numbers that would be rounded', () => {
  gives([
    ['$number("16")', 16],
    ['$number("-1.5e3")', -1500],
    ['$number("0x1F")', 31],
    ['$number("9007199254740991")', 9_007_199_254_740_991],
    ['$number("0.1")', 0.1],
    ['$number("1.7976931348623157e308")', 1.7976931348623157e308],
    ['$number("100000000000000000000e0")', 1e20],
    ['$number("000000000000000000000001")', 1],
    ['$number(trigger.data.none) ?? "none"', 'none'],
  ]);
  refuses([
    ['$number("9007199254740993")', 'EXPR_FAILED', 'would be rounded'],
    ['$number("0.12345678901234567890")', 'EXPR_FAILED', 'would be rounded'],
    ['$number("0xFFFFFFFFFFFFFFFF")', 'EXPR_FAILED', 'would be rounded'],
    ['$number("1e999")', 'EXPR_FAILED', 'out of range'],
    ['$number("12 руб.")', 'EXPR_FAILED', 'not a number'],
    ['$number("")', 'EXPR_FAILED', 'not a number'],
  ]);
});

describe('a transform changes only its copy', () => {
  gives([
    ['trigger.data ~> |$|{"amount": 1}, "soap"|', { amount: 1, moment: Date.UTC(2026, 1, 1, 7) }],
    ['($ ~> |trigger.data|{"x": 1}|).trigger.data.x', 1],
  ]);
  refuses([
    ['$ ~> |$$.trigger.data|{"x": 1}|', 'EXPR_FAILED', 'leads out of it'],
    ['trigger.data ~> |$$.trigger.data|{"x": 1}|', 'EXPR_FAILED', 'leads out of it'],
    ['trigger.data ~> |$$.trigger|{}, "data"|', 'EXPR_FAILED', 'leads out of it'],
  ]);
});

describe('an argument of the wrong type', () => {
  const data = scopeOf({ texts: ['1', '2'], mixed: [1, '2'], lines: [{ price: 1 }], number: 5, text: 'x' });

  it.each([
    ['$sum(trigger.data.texts)', '$sum must be a list of numbers, not a list with a text', '$sum(list.$number($))'],
    ['$average(trigger.data.texts)', 'must be a list of numbers', '$average(list.$number($))'],
    ['$min(trigger.data.mixed)', 'not a list with a number and a text', '$min(list.$number($))'],
    ['$max(trigger.data.text)', 'not a text', '$max(list.$number($))'],
    ['$sum(trigger.data.lines)', 'not a list with an object', '$sum(list.field)'],
    ['$join([1, 2])', '$join must be a list of texts', '$join(list.$string($))'],
    ['$uppercase(trigger.data.number)', 'must be a text, not a number', '$string(…)'],
    ['$abs(trigger.data.text)', 'must be a number, not a text', '$number(…)'],
    ['$map([1], 2)', 'argument 2 of $map must be a function, not a number', 'function($item)'],
    ['$formatNumber("a", "0")', 'the arguments of $formatNumber must be: a number, a text, an object', 'convert'],
    ['$substring(1, 2)', 'the arguments of $substring must be: a text, a number, a number', 'convert'],
    ['$count([1], 2)', '$count takes at most 1 argument', 'delete'],
    ['trigger.data.texts * 2', 'the left side of "*" is not a number', '$sum(…)'],
  ])('of %s is named with its cure', async (source, message, cure) => {
    await expect(evaluate(source, data)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      cure: expect.stringContaining(cure),
    });
  });

  it('is corrected by its cure', async () => {
    expect(await evaluate('$sum(trigger.data.texts.$number($))', data)).toBe(3);
    expect(await evaluate('$join([1, 2].$string($), "/")', data)).toBe('1/2');
  });
});
