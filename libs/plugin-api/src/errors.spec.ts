import { describe, expect, it } from '@jest/globals';
import { fail, failures, isSluiceError, viewError } from './errors.js';

describe('SluiceError', () => {
  const sms = failures({ SMS_NO_MONEY: { fate: 'fatal', cure: 'top up' } });

  it('carries the fate and the cure of its code', () => {
    expect(sms.SMS_NO_MONEY('empty', { sent: 'yes' })).toMatchObject({
      code: 'SMS_NO_MONEY',
      fate: 'fatal',
      cure: 'top up',
      message: 'empty',
      options: { sent: 'yes' },
    });
  });

  it('is recognised when its class comes from another copy of the package', () => {
    expect(isSluiceError({ brand: Symbol.for('sluice.error') })).toBe(true);
    expect(isSluiceError(new Error('x'))).toBe(false);
  });

  it('is viewed with its step, its attempt and its cause, one level deep', () => {
    const error = fail.TIMED_OUT('slow', { cause: fail.UNREACHABLE('down', { cause: new Error('deep') }), details: { a: 1 } });
    expect(viewError(error, { step: 's', attempt: 2 })).toEqual({
      code: 'TIMED_OUT',
      fate: 'retry',
      message: 'slow',
      cure: expect.any(String),
      step: 's',
      attempt: 2,
      details: { a: 1 },
      cause: { code: 'UNREACHABLE', fate: 'unavailable', message: 'down' },
    });
  });

  it('views any other thrown value as UNEXPECTED with the fate retry', () => {
    expect(viewError(new TypeError('x is undefined'))).toMatchObject({
      code: 'UNEXPECTED',
      fate: 'retry',
      message: 'x is undefined',
    });
  });
});
