import { describe, expect, it } from '@jest/globals';
import { aborted } from './aborted.js';

describe('aborted', () => {
  it('resolves when the signal fires', async () => {
    const stop = new AbortController();
    let fired = false;
    const waiting = aborted(stop.signal).then(() => (fired = true));
    await Promise.resolve();
    expect(fired).toBe(false);
    stop.abort();
    await waiting;
    expect(fired).toBe(true);
  });

  it('resolves for a signal that has fired before', async () => {
    await expect(aborted(AbortSignal.abort(new Error('stopped')))).resolves.toBeUndefined();
  });
});
