import { describe, expect, it } from '@jest/globals';
import { parseJson } from './json.js';

describe('JSON', () => {
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
  ])('that is broken is refused with the place, and not with its text: %j', (text, line, column, wanted) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({
        code: 'BODY_INVALID',
        message: `the body is not JSON: at line ${line}, column ${column} JSON wants ${wanted}`,
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
  ])('with a number that would be rounded is refused: %s', (text, pointer) => {
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

  it('keeps a number that would be rounded as a text where that is wanted', () => {
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
  ])('with a key that stands twice is refused: %s', (text, pointer) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID', message: `the key at ${pointer} stands twice in its object` }),
    );
  });

  it.each(['{"a":"\\":\\\\","b" : {"a":{}}}', '{"":[{"":1},{"":2}]}', '"a:b"', '[":"]'])('keeps the keys of %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('is read without the byte order mark before it', () => {
    expect(parseJson('\ufeff[1]')).toEqual([1]);
  });

  it('nested 100,000 levels deep is read or refused, and does not end the process', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow(expect.objectContaining({ code: 'BODY_INVALID' }));
    expect(Array.isArray(parseJson('['.repeat(5_000) + ']'.repeat(5_000)))).toBe(true);
  });
});
