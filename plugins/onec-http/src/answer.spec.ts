import { describe, expect, it } from '@jest/globals';
import { readAnswer } from './answer.js';

const from = {
  where: 'SaveOrder at http://erp/hs/gate',
  baseUrl: 'http://erp/hs/gate',
  kind: 'HTTP service' as const,
  patterns: [],
};
const read = (body: Buffer | string, headers: Record<string, string> = {}, status = 200) =>
  readAnswer({ status, headers, body: Buffer.from(body as string) }, from);

/** The bytes of `Ёж` in windows-1251. */
const HEDGEHOG = Buffer.from([0xa8, 0xe6]);

describe('an answer of 1C', () => {
  it.each([
    ['JSON', '{"a":1}', { 'content-type': 'application/json' }, { a: 1 }],
    ['JSON without a type', '[1]', {}, [1]],
    ['JSON behind a byte order mark', '\uFEFF{"a":1}', {}, { a: 1 }],
    ['a text', 'принято', { 'content-type': 'text/plain; charset=utf-8' }, 'принято'],
    ['a number', '7707083893', {}, 7_707_083_893],
    ['a number that would be rounded', '40702810900000012345\r\n', {}, '40702810900000012345'],
    ['nothing', '', {}, null],
  ])('reads %s', (_what, body, headers, value) => expect(read(body, headers as Record<string, string>)).toEqual(value));

  it.each([
    ['the header does not name', {}, 'the body is not UTF-8'],
    ['is unknown', { 'content-type': 'text/plain; charset=koi-9' }, 'the charset "koi-9", which is not known'],
    ['the header names wrongly', { 'content-type': 'text/plain; charset=utf-8' }, 'the body is not UTF-8'],
  ])('rejects an answer in an encoding that %s', (_which, headers, message) => {
    expect(() => read(HEDGEHOG, headers as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'BAD_ANSWER', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['the header names', { 'content-type': 'text/plain; charset="windows-1251"' }, HEDGEHOG, 'Ёж'],
    [
      'the XML declaration names',
      { 'content-type': 'text/xml' },
      Buffer.from('<?xml version="1.0" encoding="windows-1252"?>é', 'latin1'),
      '<?xml version="1.0" encoding="windows-1252"?>é',
    ],
    [
      'the byte order mark names',
      { 'content-type': 'application/json; charset=windows-1251' },
      Buffer.from('\uFEFF["Ёж"]'),
      ['Ёж'],
    ],
  ])('reads an answer in the encoding that %s', (_which, headers, body, value) => {
    expect(read(body, headers)).toEqual(value);
  });

  it('reads the text of an error as windows-1251 when no header names its encoding', () => {
    expect(() => read(HEDGEHOG, {}, 500)).toThrow(expect.objectContaining({ code: 'ONEC_BUSINESS', message: 'Ёж' }));
  });

  it.each([
    [
      'is not in the encoding that its header names',
      { 'content-type': 'text/plain; charset=utf-8' },
      HEDGEHOG,
      'the body is not UTF-8',
    ],
    ['is binary', {}, Buffer.from([0x1f, 0x8b, 8, 0]), 'the body is not UTF-8'],
  ])('reports why the text of an error cannot be read when it %s', (_which, headers, body, reason) => {
    expect(() => read(body, headers as Record<string, string>, 500)).toThrow(`(the text cannot be read: ${reason}`);
  });

  it('keeps the digits of numbers that would be rounded', () => {
    expect(read('{"Счет":40702810900000012345,"Сумма":12345678901234567.89,"Цена":0.1}')).toEqual({
      Счет: '40702810900000012345',
      Сумма: '12345678901234567.89',
      Цена: 0.1,
    });
  });

  it('rejects JSON with a duplicate key', () => {
    expect(() => read('{"Сумма":1,"Сумма":2}')).toThrow(expect.objectContaining({ code: 'BAD_ANSWER' }));
  });

  it('rejects a web page', () => {
    expect(() => read('<html>login</html>', { 'content-type': 'text/html' })).toThrow(
      'the answer is a web page: it does not come from 1C',
    );
  });

  it('rejects a body with the content type of JSON that is not JSON', () => {
    expect(() => read('{"a":', { 'content-type': 'application/json' })).toThrow(
      'the answer cannot be read: the body is not JSON: at line 1, column 6',
    );
  });

  it('throws for an error in the body of an answer with status 200', () => {
    expect(() => read('{"Ошибка":"Контрагент заблокирован"}')).toThrow(
      expect.objectContaining({ code: 'ONEC_BUSINESS', message: 'Контрагент заблокирован' }),
    );
    expect(() => read('{"Ошибка":"Конфликт блокировок"}')).toThrow(expect.objectContaining({ code: 'ONEC_LOCKED' }));
  });

  it.each(['{"Ошибка":""}', '{"Ошибка":false}', '{"Ошибка":null}'])('returns an answer with an empty error: %s', (body) => {
    expect(read(body)).toEqual(JSON.parse(body));
  });

  it.each([
    [403, {}, 'UNAUTHORIZED'],
    [405, {}, 'NOT_FOUND'],
    [409, { 'retry-after': '2' }, 'ONEC_RUNNING'],
    [409, {}, 'REJECTED'],
    [301, {}, 'NOT_FOUND'],
    [400, {}, 'REJECTED'],
    [500, { 'content-type': 'text/html' }, 'ONEC_FRONT'],
    [501, {}, 'ONEC_FRONT'],
    [408, {}, 'TIMED_OUT'],
    [504, {}, 'TIMED_OUT'],
  ])('maps status %i with %j to %s', (status, headers, code) => {
    expect(() => read('x', headers as Record<string, string>, status)).toThrow(expect.objectContaining({ code }));
  });

  it('reads Retry-After as a date', () => {
    const at = new Date(Date.now() + 60_000).toUTCString();
    const ms = expect.closeTo(60_000, -4);
    expect(() => read('', { 'retry-after': at }, 503)).toThrow(
      expect.objectContaining({ options: expect.objectContaining({ retryAfterMs: ms }) }),
    );
  });
});
