import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { baseUrl, webOptions } from './connection-options.js';

const connection = z.strictObject({ baseUrl: baseUrl(), ...webOptions });
const parse = (config: object) => connection.safeParse({ baseUrl: 'https://erp/base', ...config });

describe('baseUrl and webOptions', () => {
  it('have defaults for a server nearby', () =>
    expect(parse({}).data).toEqual({ baseUrl: 'https://erp/base', connectTimeout: 5_000, maxResponse: 16 * 1024 ** 2 }));

  it('verify certificates by default', () => expect(parse({ tls: {} }).data?.tls?.rejectUnauthorized).toBe(true));

  it.each([
    ['a user in the address', { baseUrl: 'http://user@erp/base' }],
    ['a password in the address', { baseUrl: 'http://:p@erp/base' }],
    ['a query in the address', { baseUrl: 'http://erp/base?x=1' }],
    ['a fragment in the address', { baseUrl: 'http://erp/base#x' }],
    ['another protocol', { baseUrl: 'ftp://erp' }],
    ['no address', { baseUrl: 'erp' }],
    ['a bare number for a size', { maxResponse: 5 }],
    ['an unknown TLS option', { tls: { verify: false } }],
  ])('refuse %s', (_what, config) => expect(parse(config).success).toBe(false));
});
