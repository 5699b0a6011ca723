import { describe, expect, it, jest } from '@jest/globals';
import { engineFail, systemClock } from '@sluice/plugin-api';
import { BufferedLog, type BufferLimits, type Gap } from './buffered-log.js';

interface Line {
  readonly at: Date;
}

const limits = { capacity: 3, batch: 2, delayMs: 60_000, retryMs: 60_000 };
const line = (second: number): Line => ({ at: new Date(second * 1_000) });

function open(more: Partial<BufferLimits<Line>> = {}) {
  const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const sink = {
    taken: [] as number[],
    batches: [] as number[],
    gaps: [] as Gap[],
    failure: undefined as Error | undefined,
    async append(lines: readonly Line[]) {
      if (this.failure) throw this.failure;
      this.batches.push(lines.length);
      this.taken.push(...lines.map(({ at }) => at.getTime() / 1_000));
    },
    async appendGap(gap: Gap) {
      if (this.failure) throw this.failure;
      this.gaps.push(gap);
    },
  };
  return { sink, log, buffered: new BufferedLog<Line>(sink, log, systemClock, { ...limits, ...more }) };
}

describe('BufferedLog', () => {
  it('limits the bytes of what it keeps and of a batch, and counts the rest', async () => {
    const bytesOf = ({ at }: Line) => at.getTime() / 1_000;
    const { sink, buffered } = open({ capacity: 100, batch: 100, bytesOf, capacityBytes: 20, batchBytes: 6 });
    for (const second of [3, 4, 5, 7, 9, 1]) buffered.write(line(second));
    expect(buffered.skipped).toBe(1);
    await buffered.flush();
    expect(sink.taken).toEqual([3, 4, 5, 7, 1]);
    expect(sink.batches).toEqual([2, 2, 1]);
    buffered.write(line(20));
    await buffered.flush();
    expect(sink.taken.at(-1)).toBe(20);
  });

  it('writes in batches, in order', async () => {
    const { sink, buffered } = open();
    for (const second of [1, 2, 3]) buffered.write(line(second));
    await buffered.flush();
    expect(sink.taken).toEqual([1, 2, 3]);
    expect(sink.batches).toEqual([2, 1]);
  });

  it('keeps its entries while the sink is unavailable, and records as a gap the entries that did not fit', async () => {
    const { sink, buffered } = open();
    sink.failure = engineFail.STORE_UNAVAILABLE('away');
    for (const second of [1, 2, 3, 4, 5]) buffered.write(line(second));
    await expect(buffered.flush()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(buffered.skipped).toBe(2);
    sink.failure = undefined;
    await buffered.flush();
    expect(sink.taken).toEqual([1, 2, 3]);
    expect(sink.gaps).toEqual([{ from: new Date(4_000), to: new Date(5_000), count: 2 }]);
  });

  it('drops a batch that the sink refuses, logs an error, and continues', async () => {
    const { sink, log, buffered } = open();
    sink.failure = new Error('value out of range');
    buffered.write(line(1));
    await expect(buffered.flush()).rejects.toThrow('value out of range');
    expect(log.error).toHaveBeenCalledTimes(1);
    sink.failure = undefined;
    buffered.write(line(2));
    await buffered.flush();
    expect(sink.taken).toEqual([2]);
    expect(sink.gaps.map(({ count }) => count)).toEqual([1]);
  });

  it('ends a flush although entries are written all the time', async () => {
    const { sink, buffered } = open();
    const append = sink.append.bind(sink);
    sink.append = async (lines) => {
      await append(lines);
      if (sink.batches.length > 100) throw engineFail.STORE_UNAVAILABLE('the flush does not end');
      buffered.write(line(100 + sink.batches.length));
    };
    for (const second of [1, 2, 3]) buffered.write(line(second));
    await buffered.flush();
    expect(sink.taken.slice(0, 3)).toEqual([1, 2, 3]);
  });

  it('does not throw at close when the sink is unavailable', async () => {
    const { sink, log, buffered } = open();
    sink.failure = engineFail.STORE_UNAVAILABLE('away');
    buffered.write(line(1));
    await buffered.close();
    expect(log.warn).toHaveBeenCalledWith('the last entries of the journal are lost', expect.objectContaining({ count: 1 }));
  });
});
