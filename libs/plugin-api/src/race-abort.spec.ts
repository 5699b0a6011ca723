import { describe, expect, it, jest } from '@jest/globals';
import { fail } from './errors.js';
import { raceAbort } from './race-abort.js';

describe('raceAbort', () => {
  const late = () => fail.TIMED_OUT('too late');

  it('settles as the work does and removes its listener', async () => {
    const { signal } = new AbortController();
    const removed = jest.spyOn(signal, 'removeEventListener');
    await expect(raceAbort(Promise.resolve(1), signal, late)).resolves.toBe(1);
    await expect(raceAbort(Promise.reject(new Error('broken')), signal, late)).rejects.toThrow('broken');
    expect(removed).toHaveBeenCalledTimes(2);
  });

  it('rejects as soon as the signal fires, or when it has fired before', async () => {
    const stop = new AbortController();
    const work = raceAbort(new Promise(() => undefined), stop.signal, late);
    stop.abort();
    await expect(work).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await expect(raceAbort(new Promise(() => undefined), stop.signal, late)).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });
});
