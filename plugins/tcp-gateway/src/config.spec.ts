import { describe, expect, it } from '@jest/globals';
import { connection } from './config.js';

describe('the options of the connection', () => {
  it.each([
    ['buffer', '63KiB', 'at least 64KiB'],
    ['buffer', '0B', 'at least 64KiB'],
    ['maxFrame', '15KiB', 'at least 16KiB'],
  ])('rejects a limit that no client could work with, and names the minimum: %s %s', (limit, given, cure) => {
    const { error } = connection.safeParse({ limits: { [limit]: given } });
    expect(error?.issues).toEqual([expect.objectContaining({ path: ['limits', limit], message: expect.stringContaining(cure) })]);
  });

  it('accepts the minimum of each limit', () => {
    const { limits } = connection.parse({ limits: { buffer: '64KiB', maxFrame: '16KiB' } });
    expect(limits).toMatchObject({ buffer: 65_536, maxFrame: 16_384 });
  });
});
