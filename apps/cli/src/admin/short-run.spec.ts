import { describe, expect, it } from '@jest/globals';
import { parkedRunLike, runOf, shortRuns } from './short-run.js';

const A = '0198a1f2-1111-5000-8000-000000000000';
const B = '0198a1f2-2222-5000-8000-000000000000';

describe('short ids of runs', () => {
  it('find the only matching run', () => {
    expect(runOf('0198a1f2-1', [{ run: A }, { run: B }])).toBe(A);
    expect(() => runOf('0198', [{ run: A }, { run: B }])).toThrow('2 runs begin with 0198');
    expect(() => runOf('ffff', [{ run: A }])).toThrow('no run ffff is parked');
  });

  it('count a run that was parked several times once', () => {
    expect(runOf('0198', [{ run: A }, { run: A }])).toBe(A);
  });

  it('are looked up among parked runs only when they look like an id', async () => {
    const asked: (string | undefined)[] = [];
    const parked = async ({ run = '' }: { run?: string }) => {
      asked.push(run);
      return { items: [{ run: A }, { run: B }].filter((one) => one.run.startsWith(run.toLowerCase())) } as never;
    };
    expect(await parkedRunLike({ parked }, '0198A1F2-1')).toBe(A);
    expect(await parkedRunLike({ parked }, 'ffffffff')).toBeUndefined();
    await expect(parkedRunLike({ parked }, '0198a1f2')).rejects.toThrow('2 runs begin with 0198a1f2');
    expect(asked).toHaveLength(3);
    expect(await parkedRunLike({ parked }, 'order-17')).toBeUndefined();
    expect(asked).toHaveLength(3);
  });

  it('are long enough to be unique', () => {
    expect([...shortRuns([A]).values()]).toEqual(['0198a1f2']);
    expect([...shortRuns([A, B]).values()]).toEqual(['0198a1f2-1', '0198a1f2-2']);
  });
});
