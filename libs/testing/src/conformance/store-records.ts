import { describe, expect, it } from '@jest/globals';
import { RECORD_BYTES, type StepRecord } from '@sluice/engine';
import type { StoreOfTest } from './store-revisions.js';

const HOUR_MS = 3_600_000;
const ALL = { records: 1_000, bytes: 64 * 1024 ** 2 };

/** Registers the tests of `Store.records`. */
export function recordTests({ store, open, word }: StoreOfTest): void {
  describe('records of steps', () => {
    const at = (ms: number) => new Date(Date.UTC(2026, 0, 5) + ms);
    const record = (step: string, more: Partial<StepRecord> = {}): StepRecord => ({
      at: at(0),
      run: word(),
      epoch: 0,
      flow: 'orders',
      revision: 'r1',
      kind: 'output',
      step,
      attempt: 0,
      ...more,
    });
    const read = async (run = word()) => (await store().records.of(run, ALL)).records;

    it('return all fields as they were written, oldest first, on every host', async () => {
      const other = await open();
      const odd = JSON.stringify({ текст: 'нуль\u0000 half \ud83d "quoted" \\' });
      const call = record('save/3', {
        at: at(2),
        kind: 'call',
        attempt: 2,
        use: 'onec-http.call',
        connection: 'erp',
        ms: 12.5,
        input: odd,
        output: '{"code":"REJECTED"}',
        omitted: ['output'],
      });
      const event = record('', { kind: 'event', input: odd });
      store().records.write(call);
      store().records.write(event);
      store().records.write(record('other', { run: `${word()}.other` }));
      await store().records.flush();
      expect((await other.records.of(word(), ALL)).records).toEqual([event, call]);
      expect(await store().records.of(`${word()}.absent`, ALL)).toEqual({ records: [], isCut: false });
    });

    it('are replaced by a later record of the same attempt, also in one batch', async () => {
      store().records.write(record('save', { output: '1' }));
      store().records.write(record('save', { output: '2' }));
      expect(await read()).toEqual([record('save', { output: '2' })]);
      const replay = record('save', { epoch: 1, at: at(1), output: '4' });
      store().records.write(record('save', { output: '3' }));
      store().records.write(replay);
      expect(await read()).toEqual([record('save', { output: '3' }), replay]);
    });

    it('are read up to a number of records and of bytes, at least one', async () => {
      for (let n = 0; n < 6; n++)
        store().records.write(record(`s${n}`, { at: at(n), output: JSON.stringify(`${n}`.repeat(1_000)) }));
      const of = async (records: number, bytes: number) => {
        const page = await store().records.of(word(), { records, bytes });
        return [page.records.map(({ step }) => step), page.isCut];
      };
      expect(await of(2, 100_000)).toEqual([['s0', 's1'], true]);
      expect(await of(6, 3_100)).toEqual([['s0', 's1', 's2'], true]);
      expect(await of(6, 1)).toEqual([['s0'], true]);
      expect(await of(6, 100_000)).toEqual([['s0', 's1', 's2', 's3', 's4', 's5'], false]);
    });

    it('count an equal value once for the limit of all bytes, and displace the oldest first', async () => {
      await store().records.trim({ keptMs: 0, maxBytes: 0 });
      const value = JSON.stringify('x'.repeat(10_000));
      for (let n = 0; n < 20; n++) store().records.write(record(`same${n}`, { output: value }));
      await store().records.flush();
      expect(await store().records.trim({ keptMs: HOUR_MS, maxBytes: 20 * RECORD_BYTES + 11_000 })).toMatchObject({
        displaced: 0,
      });
      expect(await read()).toHaveLength(20);
      for (let n = 0; n < 20; n++) {
        store().records.write(record(`other${n}`, { run: `${word()}.b`, output: JSON.stringify(`${n}`.repeat(1_000)) }));
        // each in a batch of its own, so that one is older than the next
        await store().records.flush();
      }
      const { displaced } = await store().records.trim({ keptMs: HOUR_MS, maxBytes: 10_000 });
      expect(displaced).toBeGreaterThanOrEqual(30);
      expect(await read()).toEqual([]);
      const left = (await read(`${word()}.b`)).map(({ step }) => step);
      expect(left.at(-1)).toBe('other19');
      expect(left.length).toBeLessThan(10);
    });

    it('are deleted when they are older than their retention', async () => {
      store().records.write(record('save', { output: '1' }));
      expect(await store().records.trim({ keptMs: HOUR_MS, maxBytes: 1024 ** 3 })).toMatchObject({ expired: 0 });
      expect(await read()).toHaveLength(1);
      expect((await store().records.trim({ keptMs: 0, maxBytes: 1024 ** 3 })).expired).toBeGreaterThanOrEqual(1);
      expect(await read()).toEqual([]);
    });
  });
}
