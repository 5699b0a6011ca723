import { describe, expect, it } from '@jest/globals';
import type { ItemEnd, LoopKey, Store } from '@sluice/engine';
import type { StoreOfTest } from './store-revisions.js';

/** Larger than any page of these tests. */
const MAX_BYTES = 8 * 1024 ** 2;
const YEAR_MS = 365 * 86_400_000;

/** Registers the tests of `Store.loops`. */
export function loopTests({ store, open, word }: StoreOfTest): void {
  describe('loops', () => {
    const loop = (path = 'lines', epoch = 0): LoopKey => ({ run: word(), path, epoch });
    const end = (index: number, value: unknown, more: Partial<ItemEnd> = {}): ItemEnd => ({
      index,
      epoch: 0,
      ok: true,
      value,
      ...more,
    });
    const endsOf = (key: LoopKey, from = 0) => store().loops.ends(key, { from, limit: 1_000, maxBytes: MAX_BYTES });
    const missing = (key: LoopKey, from = 0) => store().loops.missing(key, { from, limit: 1_000 });

    /** Reads a whole list page by page. */
    async function listOf(from: Store, key: LoopKey, maxBytes: number): Promise<unknown[]> {
      const items: unknown[] = [];
      for (;;) {
        const page = await from.loops.items(key, { from: items.length, maxBytes });
        if (!page || page.items.length === 0) return items;
        items.push(...page.items);
      }
    }

    it('keeps the list that was stored first, and separates lists by path and epoch', async () => {
      const other = await open();
      expect(await store().loops.create(loop(), [{ sku: 'А' }, null, 'нуль\u0000 half \ud83d'])).toBe(true);
      expect(await other.loops.create(loop(), ['another'])).toBe(false);
      expect(await other.loops.create(loop('lines/0/parts'), [])).toBe(true);
      expect(await other.loops.create(loop('lines', 1), [1])).toBe(true);
      expect(await listOf(other, loop(), MAX_BYTES)).toEqual([{ sku: 'А' }, null, 'нуль\u0000 half \ud83d']);
      expect(await listOf(other, loop('lines', 1), MAX_BYTES)).toEqual([1]);
      expect(await other.loops.items(loop('lines/0/parts'), { from: 0, maxBytes: 1 })).toEqual({ total: 0, items: [] });
    });

    it('keeps one of the lists that several hosts store at once', async () => {
      const hosts = [store(), await open(), await open()];
      const lists = hosts.map((_, n) => Array.from({ length: 2_000 + n }, (_item, index) => `${n}.${index}`));
      const stored = await Promise.all(hosts.map((host, n) => host.loops.create(loop(), lists[n]!)));
      expect(stored.filter(Boolean)).toHaveLength(1);
      expect(await listOf(store(), loop(), MAX_BYTES)).toEqual(lists[stored.indexOf(true)]);
    });

    it('returns undefined for the items of a loop that does not exist', async () => {
      expect(await store().loops.items(loop(), { from: 0, maxBytes: 1 })).toBeUndefined();
    });

    it('reads items from any index, in pages of limited bytes that have at least one item', async () => {
      const large = 'x'.repeat(100_000);
      const items = Array.from({ length: 3_000 }, (_, n) => (n % 1_000 === 999 ? large : { n, name: 'Товар' }));
      await store().loops.create(loop(), items);
      for (const from of [0, 1, 998, 999, 1_000, 2_999]) {
        const page = await store().loops.items(loop(), { from, maxBytes: 1 });
        expect(page?.items[0]).toEqual(items[from]);
        expect(page?.total).toBe(3_000);
        expect(JSON.stringify(page?.items).length).toBeLessThan(120_000);
      }
      expect(await store().loops.items(loop(), { from: 3_000, maxBytes: 1 })).toEqual({ total: 3_000, items: [] });
      expect(await listOf(store(), loop(), 64 * 1024)).toEqual(items);
    });

    it('counts the first end of an index and an epoch, and the newest epoch of an index', async () => {
      const other = await open();
      await store().loops.create(loop(), ['a', 'b', 'c']);
      const failed = { error: { code: 'REJECTED', message: 'нет\u0000' }, at: 'reserve' };
      await store().loops.end(loop(), [end(1, 'first'), end(0, failed, { ok: false })]);
      await other.loops.end(loop(), [end(1, 'second'), end(2, undefined)]);
      expect(await endsOf(loop())).toEqual([end(0, failed, { ok: false }), end(1, 'first'), end(2, null)]);
      await other.loops.end(loop(), [end(0, 'replayed', { epoch: 1 })]);
      expect(await endsOf(loop())).toEqual([end(0, 'replayed', { epoch: 1 }), end(1, 'first'), end(2, null)]);
    });

    it('reads ends in pages of limited number and bytes', async () => {
      await store().loops.create(loop(), Array.from({ length: 100 }).fill(0));
      const ends = Array.from({ length: 100 }, (_, index) => end(index, 'x'.repeat(998)));
      await store().loops.end(loop(), ends);
      const sizes = [];
      const walked: ItemEnd[] = [];
      for (let page: readonly ItemEnd[] = [end(-1, '')]; page.length > 0;) {
        page = await store().loops.ends(loop(), { from: walked.length, limit: 30, maxBytes: walked.length === 0 ? 1 : 10_000 });
        walked.push(...page);
        sizes.push(page.length);
      }
      expect(walked).toEqual(ends);
      expect(sizes[0]).toBe(1);
      expect(Math.max(...sizes)).toBe(10);
      expect(await store().loops.ends(loop(), { from: 0, limit: 30, maxBytes: MAX_BYTES })).toHaveLength(30);
    });

    it('finds items without a successful end, also those that never began', async () => {
      await store().loops.create(loop(), ['a', 'b', 'c', 'd', 'e']);
      await store().loops.end(loop(), [end(0, 1), end(1, 'failed', { ok: false }), end(3, 1)]);
      expect(await missing(loop())).toEqual([1, 2, 4]);
      expect(await missing(loop(), 2)).toEqual([2, 4]);
      expect(await store().loops.missing(loop(), { from: 0, limit: 1 })).toEqual([1]);
      await store().loops.end(loop(), [end(1, 'replayed', { epoch: 1 })]);
      expect(await missing(loop())).toEqual([2, 4]);
      expect(await missing(loop('absent'))).toEqual([]);
    });

    it('stores ends of many runs that arrive at once on several hosts, in any order', async () => {
      const hosts = [store(), await open()];
      const keys = Array.from({ length: 20 }, (_, n) => ({ ...loop(), run: `${word()}.${n % 10}`, path: n < 10 ? 'a' : 'b' }));
      for (const key of keys) await store().loops.create(key, [0, 1, 2]);
      const writes = [...keys, ...[...keys].reverse()].flatMap((key) => [2, 0, 1].map((index) => ({ key, index })));
      await Promise.all(writes.map(({ key, index }, n) => hosts[n % 2]!.loops.end(key, [end(index, { n: index })])));
      for (const key of keys) expect(await endsOf(key)).toEqual([0, 1, 2].map((index) => end(index, { n: index })));
      await store().loops.end(loop('absent'), [end(0, 1)]);
      expect(await endsOf(loop('absent'))).toEqual([]);
    });

    it('keeps closed loops readable through a sweep', async () => {
      for (const path of ['closed', 'open']) await store().loops.create(loop(path), ['a']);
      await store().loops.close(loop('closed'));
      await store().loops.closeRun(word());
      await store().sweep({ journalMs: YEAR_MS, parkedMs: YEAR_MS, auditMs: YEAR_MS, auditRows: 1_000_000 });
      expect(await listOf(store(), loop('closed'), MAX_BYTES)).toEqual(['a']);
      expect(await listOf(store(), loop('open'), MAX_BYTES)).toEqual(['a']);
    });
  });
}
