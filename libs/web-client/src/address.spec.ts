import { describe, expect, it } from '@jest/globals';
import { addressBelow, type Query } from './address.js';

const BASE = new URL('http://server/base/hs/');
const address = (path: string, query?: Query) => addressBelow(BASE, path, query);

describe('addressBelow', () => {
  it.each([
    ['', '/base/hs'],
    ['/', '/base/hs/'],
    ['/orders/1', '/base/hs/orders/1'],
    ['/a/../b', '/base/hs/b'],
    ['/обмен/Филиал 2/{1}', '/base/hs/%D0%BE%D0%B1%D0%BC%D0%B5%D0%BD/%D0%A4%D0%B8%D0%BB%D0%B8%D0%B0%D0%BB%202/%7B1%7D'],
    ['/a%2Fb', '/base/hs/a%2Fb'],
    ['/what?', '/base/hs/what%3F'],
  ])('appends the path to the base URL: %j', (path, written) => expect(address(path)).toBe(written));

  it('encodes the query in a way that every server reads alike', () =>
    expect(address('/x', { since: 'a b+c', n: 2, all: true, 'ключ&': '=' })).toBe(
      '/base/hs/x?since=a%20b%2Bc&n=2&all=true&%D0%BA%D0%BB%D1%8E%D1%87%26=%3D',
    ));

  it('keeps a query that is a text unchanged, such as a flag without a value', () =>
    expect(address('/x', 'wsdl')).toBe('/base/hs/x?wsdl'));

  it.each([
    '/../admin',
    '/a/../../admin',
    '/%2e%2e/admin',
    '/.%2E/admin',
    '/..\\admin',
    '/.\t./admin',
    '/..%2fadmin',
    '/a%5C..%5c..%5cadmin',
    '/a%2fb/../../../../admin',
    '-of-another/x',
  ])('refuses a path that leaves the base URL: %j', (path) =>
    expect(() => address(path)).toThrow(expect.objectContaining({ code: 'REJECTED', options: { sent: 'no' } })),
  );

  it('accepts any path below a base URL without a path', () =>
    expect([addressBelow(new URL('http://server'), ''), addressBelow(new URL('http://server'), '/../x')]).toEqual(['/', '/x']));
});
