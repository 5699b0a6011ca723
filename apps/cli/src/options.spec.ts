import { describe, expect, it } from '@jest/globals';
import { readCount, readDuration, readFault, readRoles, readScopes } from './options.js';

describe('values of options', () => {
  it('are read with their units', () => {
    expect([readDuration('50ms'), readDuration('12h')]).toEqual([50, 43_200_000]);
    expect([...readRoles('api, flows')]).toEqual(['api', 'flows']);
    expect(readFault('lock', readFault('busy:3'))).toEqual([{ kind: 'busy', times: 3 }, { kind: 'lock' }]);
  });

  it.each([
    () => readDuration('50'),
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
