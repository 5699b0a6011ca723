import { describe, expect, it } from '@jest/globals';
import { fail, type Sent } from '@sluice/plugin-api';
import { paceEnd } from './push-error-policy.js';

const ends = (make: (sent: Sent) => unknown) => (['no', 'unknown', 'yes'] as const).map((sent) => paceEnd(make(sent), 40));

describe('the end of a failed call for the pace', () => {
  it('keeps the slot of a call that may still run in the remote system, after a timeout or a broken connection', () => {
    expect(ends((sent) => fail.TIMED_OUT('late', { sent }))).toEqual([
      { result: 'other', ms: 40 },
      { result: 'unknown', ms: 40, lingerMs: 40 },
      { result: 'other', ms: 40 },
    ]);
    expect(ends((sent) => fail.UNREACHABLE('away', { sent }))).toEqual([
      { result: 'unavailable', ms: 40 },
      { result: 'unavailable', ms: 40, lingerMs: 40 },
      { result: 'unavailable', ms: 40 },
    ]);
  });

  it('counts a refusal of data that were sent as an answer', () => {
    expect(ends((sent) => fail.REJECTED('bad', { sent })).map(({ result }) => result)).toEqual(['other', 'ok', 'ok']);
  });

  it('passes on the Retry-After of the remote system', () => {
    expect(paceEnd(fail.OVERLOADED('busy', { sent: 'yes', retryAfterMs: 7_000 }), 1)).toEqual({
      result: 'overload',
      ms: 1,
      retryAfterMs: 7_000,
    });
  });
});
