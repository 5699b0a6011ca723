import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Semaphore } from './semaphore.js';

/** Work that the test starts through the semaphore, and ends. */
function work() {
  const { promise, resolve } = promiseWithResolve();
  let started = false;
  return {
    start: () => {
      started = true;
      return promise;
    },
    end: resolve,
    get started() {
      return started;
    },
  };
}

function promiseWithResolve() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Semaphore', () => {
  it('runs no more than its limit at a time, in order of arrival', async () => {
    const semaphore = new Semaphore(2);
    const all = [work(), work(), work(), work()];
    const [first, second, third, fourth] = all as [ReturnType<typeof work>, ...ReturnType<typeof work>[]];
    const ends = all.map(({ start }) => semaphore.run(start));
    await settled();
    expect(all.map(({ started }) => started)).toEqual([true, true, false, false]);
    second?.end();
    await settled();
    expect(all.map(({ started }) => started)).toEqual([true, true, true, false]);
    for (const one of [first, third, fourth]) one?.end();
    await Promise.all(ends);
    expect(fourth?.started).toBe(true);
  });

  it('returns the result and throws the error of the work, and frees the place after both', async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(semaphore.run(async () => 7)).resolves.toBe(7);
    (await semaphore.take())();
  });

  it('rejects a wait with the reason of its signal, and does not count it any more', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.take();
    const stop = new AbortController();
    const waiting = semaphore.take(stop.signal);
    const next = semaphore.take();
    stop.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
    release();
    (await next)();
    await expect(semaphore.run(async () => 'free')).resolves.toBe('free');
  });

  it('rejects at once when the signal has fired and no place is free', async () => {
    const semaphore = new Semaphore(1);
    await semaphore.take();
    await expect(semaphore.take(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });

  it('leaves no listener at the signal', async () => {
    const semaphore = new Semaphore(1);
    const { signal } = new AbortController();
    const release = await semaphore.take(signal);
    const waiting = semaphore.take(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    release();
    (await waiting)();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('does not let a newcomer overtake a waiter', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.take();
    const order: string[] = [];
    const waiter = semaphore.run(async () => void order.push('waiter'));
    release();
    const newcomer = semaphore.run(async () => void order.push('newcomer'));
    await Promise.all([waiter, newcomer]);
    expect(order).toEqual(['waiter', 'newcomer']);
  });
});
