import { describe, expect, it } from '@jest/globals';
import { commandTokens } from './operator.js';

const SECRET = 'a secret of the operator, long enough for HS256';
const MINUTE_MS = 60_000;

describe('commandTokens', () => {
  it('signs a new token once the current one is half used', async () => {
    let now = 0;
    const token = commandTokens(SECRET, { monotonic: () => now });
    const first = await token();
    now += 2 * MINUTE_MS;
    expect(await token()).toBe(first);
    now += MINUTE_MS;
    const second = await token();
    expect(second).not.toBe(first);
    now += 2 * MINUTE_MS;
    expect(await token()).toBe(second);
  });
});
