import { describe, expect, it } from '@jest/globals';
import { lanes } from '@sluice/onec';
import { connection } from './config.js';

const parse = (config: object) => connection.safeParse({ baseUrl: 'http://erp/base/hs/gate', ...config });
const lanesOf = (sessions: object) => lanes(connection.parse({ baseUrl: 'http://erp/hs/gate', sessions }));

describe('the connection of onec-http', () => {
  it('requires only an address', () => {
    expect(parse({}).data).toMatchObject({
      timeout: 60_000,
      style: 'post',
      maxResponse: 16 * 1024 ** 2,
      sessions: { mode: 'auto', maxAge: 20_000 },
    });
  });

  it.each([
    ['a user without a password', { user: 'Обмен' }],
    ['a password without a user', { password: 'p' }],
    ['a user in the address', { baseUrl: 'http://user:p@erp/hs/gate' }],
    ['an unknown key', { adress: 'x' }],
  ])('rejects %s', (_what, config) => expect(parse(config).success).toBe(false));

  it('returns the maximum number of parallel calls when sessions limit it', () => {
    expect([lanesOf({}), lanesOf({ mode: 'cookie' }), lanesOf({ max: 1 })]).toEqual([undefined, 10, 1]);
  });
});
