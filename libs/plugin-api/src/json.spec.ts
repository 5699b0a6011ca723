import { describe, expect, it } from '@jest/globals';
import { parseJson } from './json.js';

describe('parseJson', () => {
  it.each([
    ['{"a":', 1, 6, 'a value'],
    ['{"a": }', 1, 7, 'a value'],
    ['{"number":\n secret}', 2, 2, 'a value'],
    ['{"a":1,\r\n"b" 2}', 2, 5, ':'],
    ['{"a":1,}', 1, 8, 'a key'],
    ["{'a':1}", 1, 2, 'a key or }'],
    ['[1 2]', 1, 4, ', or ]'],
    ['[1,]', 1, 4, 'a value'],
    ['[{"a":"\\x"}]', 1, 7, 'a value'],
    ['[01]', 1, 2, 'a value or ]'],
    ['{"a":[1}', 1, 8, ', or ]'],
    ['{} {}', 1, 4, 'the end'],
    ['привет', 1, 1, 'a value'],
  ])('reports the place of the mistake without quoting the text: %j', (text, line, column, wanted) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({
        code: 'BODY_INVALID',
        message: `the body is not JSON: at line ${line}, column ${column} JSON requires ${wanted}`,
      }),
    );
  });

  it.each([
    ['12345678901234567890', 'the top'],
    ['{"a":{"b/c":[1,"x",-9007199254740993]}}', '/a/b~1c/2'],
    ['[{"n":"1234567890123456789"},{"n":1234567890123456789}]', '/1/n'],
    ['{"sum":12345678901234567.89}', '/sum'],
    ['[-1234567890123456.78]', '/0'],
    ['[1e400]', '/0'],
    ['[1e-400]', '/0'],
    ['[9007199254740993.0]', '/0'],
  ])('refuses a number that would be rounded: %s', (text, pointer) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID', options: expect.objectContaining({ details: { pointer } }) }),
    );
  });

  it.each([
    '9007199254740991',
    '{"a":"12345678901234567890"}',
    '1234567890.1234567890123',
    '[1e30]',
    '[0.30000000000000004]',
    '[33.333333333333333333333333333]',
    '[123456789012345.67]',
    '{"id":"3e999-1e400"}',
    '[0e999]',
    '9007199254740992.0',
  ])('keeps %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('keeps a number that would be rounded as a text if lossyNumbers is text', () => {
    const text = '{"id":12345678901234567890,"sum":[1.5,-12345678901234567.89],"t":"12345678901234567890","far":1e400}';
    expect(parseJson(text, 'text')).toEqual({
      id: '12345678901234567890',
      sum: [1.5, '-12345678901234567.89'],
      t: '12345678901234567890',
      far: '1e400',
    });
  });

  it.each([
    ['{"a":1,"a":2}', '/a'],
    ['[{"a":{"b":1,"\\u0062":2}}]', '/0/a/b'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
  ])('refuses a key that occurs twice: %s', (text, pointer) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID', message: `the key at ${pointer} occurs twice in its object` }),
    );
  });

  it.each(['{"a":"\\":\\\\","b" : {"a":{}}}', '{"":[{"":1},{"":2}]}', '"a:b"', '[":"]'])('accepts the keys of %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('ignores a byte order mark', () => {
    expect(parseJson('\ufeff[1]')).toEqual([1]);
  });

  it('reads or refuses a text nested 100,000 levels deep and does not crash the process', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow(expect.objectContaining({ code: 'BODY_INVALID' }));
    expect(() => parseJson('['.repeat(100_000) + ']'.repeat(100_000))).toThrow(
      'has 100000 levels of objects and lists: the limit is 1000',
    );
    expect(() => parseJson('{"a":'.repeat(1_001) + '1' + '}'.repeat(1_001))).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID' }),
    );
  });

  it('accepts 1,000 levels anywhere, and brackets in texts', () => {
    const deep = '[{"a":'.repeat(500) + '1' + '}]'.repeat(500);
    expect(JSON.stringify(parseJson(deep))).toBe(deep);
    expect(parseJson(`[${Array(2_000).fill('[]').join()}]`)).toHaveLength(2_000);
    expect(parseJson(JSON.stringify('['.repeat(5_000)))).toHaveLength(5_000);
  });
});
