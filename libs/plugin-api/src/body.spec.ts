import { describe, expect, it } from '@jest/globals';
import { parseBody, parseJson } from './body.js';

const bytes = (text: string) => Buffer.from(text);

describe('a body', () => {
  it.each([
    ['application/json', '{"а":[1]}', { а: [1] }],
    ['application/cloudevents+json; charset=utf-8', '1', 1],
    ['application/xml', '<a/>', '<a/>'],
    ['text/plain', 'привет', 'привет'],
    ['application/x-www-form-urlencoded', 'a=1&b=%D1%84', { a: '1', b: 'ф' }],
    ['image/png', '', undefined],
  ])('of %s is read as what it says', (type, text, value) => {
    expect(parseBody(type, bytes(text))).toEqual(value);
  });

  it('of any other type is refused', () => {
    expect(() => parseBody('image/png', bytes('x'))).toThrow(expect.objectContaining({ code: 'MEDIA_TYPE' }));
    expect(() => parseBody('', bytes('x'))).toThrow('no Content-Type');
  });

  it('of JSON that says it is a form is refused, because curl says so of everything', () => {
    expect(() => parseBody('application/x-www-form-urlencoded', bytes(' {"a":1}'))).toThrow(
      'send the header Content-Type: application/json',
    );
  });

  it('that is not UTF-8 is refused', () => {
    expect(() => parseBody('text/plain', Buffer.from([0xd0]))).toThrow(expect.objectContaining({ code: 'BODY_INVALID' }));
  });
});

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
  ])('with an integer that would be rounded is refused: %s', (text, pointer) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID', options: expect.objectContaining({ details: { pointer } }) }),
    );
  });

  it.each(['9007199254740991', '{"a":"12345678901234567890"}', '1234567890.1234567890123', '[1e30]'])('keeps %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });
});
