import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { requestInput, requestOf } from './request-input.js';

const input = z.strictObject({ method: z.string(), ...requestInput(['x-request-id']) });
const parse = (given: object) => input.safeParse({ method: 'POST', path: '/orders', ...given });
const written = (given: object) => requestOf(input.parse({ method: 'POST', path: '/orders', ...given }));

describe('requestOf', () => {
  it('sends a text unchanged', () =>
    expect(written({ body: '<Ёж/>' })).toMatchObject({
      body: Buffer.from('<Ёж/>'),
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    }));

  it('sends anything else as JSON', () =>
    expect(written({ body: { number: 'S-1' } })).toMatchObject({
      body: Buffer.from('{"number":"S-1"}'),
      headers: { 'content-type': 'application/json; charset=utf-8' },
    }));

  it.each([
    ['its content type names', 'text/plain; charset=windows-1251', 'Ёж', [0xa8, 0xe6]],
    ['its XML declaration names', 'application/xml', '<?xml version="1.0" encoding="windows-1251"?><Ж/>', [0xc6, 0x2f, 0x3e]],
  ])('sends a text in the encoding that %s', (_, type, body, bytes) => {
    const sent = written({ body, headers: { 'Content-Type': type } }).body as Buffer;
    expect([...sent.subarray(-bytes.length)]).toEqual(bytes);
  });

  it('refuses a text that its content type cannot carry', () => {
    expect(() => written({ body: 'a→', headers: { 'Content-Type': 'text/plain; charset=windows-1251' } })).toThrow(
      'the character at position 1 cannot be written in windows-1251',
    );
  });

  it('sends neither a body nor its type if there is no body', () =>
    expect(written({})).toEqual({ method: 'POST', path: '/orders', headers: {} }));

  it('uses the content type of the flow in any case, and no other', () =>
    expect(written({ body: 'a;b', headers: { 'Content-Type': 'text/csv' } }).headers).toEqual({ 'content-type': 'text/csv' }));

  it.each([
    ['a path that does not begin with /', { path: 'orders' }],
    ['a query in the path', { path: '/orders?a=1' }],
    ['a fragment in the path', { path: '/orders#1' }],
    ['a header that HTTP writes', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a header with credentials', { headers: { Authorization: 'Basic x' } }],
    ['a header that the connector writes', { headers: { 'X-Request-Id': 'x' } }],
    ['a header without a name', { headers: { '': 'x' } }],
    ['a line break in a header', { headers: { 'X-A': 'a\r\nX-B: b' } }],
    ['letters that a header cannot carry', { headers: { 'X-A': 'ё' } }],
  ])('refuses %s', (_what, given) => expect(parse(given).success).toBe(false));
});
