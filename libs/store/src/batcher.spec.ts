import { describe, expect, it } from '@jest/globals';
import { Batcher } from './batcher.js';

describe('Batcher', () => {
  it('joins calls that arrive while a batch is running, and resolves each with its own result', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>(async (items) => {
      sizes.push(items.length);
      await new Promise((resolve) => setImmediate(resolve));
      return items.map((item) => item * 2);
    });
    const first = batcher.add(1);
    await Promise.resolve();
    await Promise.resolve();
    const rest = [2, 3, 4].map((item) => batcher.add(item));
    expect(await Promise.all([first, ...rest])).toEqual([2, 4, 6, 8]);
    expect(sizes).toEqual([1, 3]);
  });

  it('rejects only the calls of a failed batch', async () => {
    const batcher = new Batcher<string, string>(async (items) => {
      if (items.includes('bad')) throw new Error('refused');
      return items;
    });
    await expect(batcher.add('bad')).rejects.toThrow('refused');
    expect(await batcher.add('good')).toBe('good');
  });

  it('keeps batches within their maximum size', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>(async (items) => {
      sizes.push(items.length);
      return items;
    }, 2);
    await Promise.all([1, 2, 3, 4, 5].map((item) => batcher.add(item)));
    expect(sizes).toEqual([2, 2, 1]);
  });
});
