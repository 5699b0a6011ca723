import { describe, expect, it } from '@jest/globals';
import { readCount, readDuration, readFault, readRoles, readScopes, readTime } from './options.js';

describe('values of options', () => {
  it('are read with their units', () => {
    expect([readDuration('50ms'), readDuration('12h')]).toEqual([50, 43_200_000]);
    expect([...readRoles('api, flows')]).toEqual(['api', 'flows']);
    expect(readFault('lock', readFault('busy:3'))).toEqual([{ kind: 'busy', times: 3 }, { kind: 'lock' }]);
  });

  it('may be times of a calendar', () => {
    expect(readTime('2026-02-28').toISOString()).toBe('2026-02-28T00:00:00.000Z');
    expect(readTime('2026-02-28T10:00:00+03:00').toISOString()).toBe('2026-02-28T07:00:00.000Z');
  });

  it.each([
    () => readDuration('50'),
    () => readDuration('3651d'),
    () => readTime('2026-02-30'),
    () => readTime('99999999999d'),
    () => readCount('0'),
    () => readCount('1e3'),
    () => readRoles('api,cook'),
    () => readScopes('events:write,viewer'),
    () => readFault('tired'),
    () => readFault('busy:many'),
  ])('are rejected when they are invalid: %s', (read) => {
    expect(read).toThrow();
  });
});
