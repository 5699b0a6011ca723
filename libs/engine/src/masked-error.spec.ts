import { describe, expect, it } from '@jest/globals';
import { fail, viewError } from '@sluice/plugin-api';
import { maskedError } from './masked-error.js';

const SECRET = 'W3bT0kenSecret';
const mask = (text: string) => text.replaceAll(SECRET, '***');

describe('a secret in an error', () => {
  it('leaves the code and the other fields of a foreign error', () => {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${SECRET}.test`), {
      code: 'ENOTFOUND',
      errno: -3008,
      hostname: `${SECRET}.test`,
      socket: { token: SECRET },
    });
    error.name = 'SystemError';
    const masked = maskedError(error, mask) as typeof error;
    expect(masked).toMatchObject({ name: 'SystemError', code: 'ENOTFOUND', errno: -3008, hostname: '***.test' });
    expect(masked.message).toBe('getaddrinfo ENOTFOUND ***.test');
    expect(masked.socket).toBeUndefined();
    expect(masked.stack).not.toContain(SECRET);
  });

  it('leaves the code where only the cause has it', () => {
    const cause = Object.assign(new Error(`for ${SECRET}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const masked = maskedError(Object.assign(new TypeError('fetch failed', { cause }), { code: 'UND_ERR' }), mask) as Error;
    expect(masked).toMatchObject({ name: 'TypeError', message: 'fetch failed', code: 'UND_ERR' });
    expect(masked.cause).toMatchObject({ message: 'for ***', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('is masked in every error of an AggregateError, such as one for each address of a name', () => {
    const masked = maskedError(new AggregateError([new Error(SECRET), fail.UNREACHABLE(SECRET)], 'all failed'), mask);
    expect(masked).toBeInstanceOf(AggregateError);
    expect((masked as AggregateError).errors).toMatchObject([{ message: '***' }, { code: 'UNREACHABLE', message: '***' }]);
  });

  it.each([
    ['a text', `x ${SECRET}`],
    ['an object', { message: SECRET, code: 'EFOO' }],
    [
      'an error in details',
      fail.REJECTED('no', { details: { error: new Error(SECRET), url: new URL(`http://u:${SECRET}@h/`) } }),
    ],
    [
      'a cause of a cause',
      fail.REJECTED('no', { cause: new Error('a', { cause: fail.TIMED_OUT(SECRET, { details: SECRET }) }) }),
    ],
    ['a field alone', Object.assign(new Error('no'), { query: SECRET })],
    ['a stack alone', Object.assign(new Error('no'), { stack: `at ${SECRET}` })],
  ])('is masked in %s that is thrown', (_what, thrown) => {
    const masked = maskedError(thrown, mask) as { stack?: string; cause?: unknown; options?: unknown };
    expect(JSON.stringify([masked, viewError(masked), masked.stack, masked.options, String(masked.cause)])).not.toContain(SECRET);
  });

  it('returns a foreign error itself when it contains no secret', () => {
    const error = Object.assign(new Error('down', { cause: new Error('deep') }), { code: 'ECONNREFUSED', socket: {} });
    expect(maskedError(error, mask)).toBe(error);
  });

  it('ends for details that refer to themselves', () => {
    const details: Record<string, unknown> = { token: SECRET };
    for (const key of ['a', 'b', 'c']) details[key] = details;
    const masked = maskedError(fail.REJECTED('no', { details }), mask);
    expect(JSON.stringify(viewError(masked))).not.toContain(SECRET);
  });
});
