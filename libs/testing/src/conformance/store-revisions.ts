import { describe, expect, it } from '@jest/globals';
import type { Store } from '@sluice/engine';
import { until } from './inbox.js';

/** The store of the current test. */
export interface StoreOfTest {
  readonly store: () => Store;
  /** Opens the store of one more host. */
  readonly open: () => Promise<Store>;
  /** Prefix of all names of the test. */
  readonly word: () => string;
}

/** Registers the tests of `Store.revisions`. */
export function revisionTests({ store, open, word }: StoreOfTest): void {
  describe('revisions of flows', () => {
    const revision = (name: string, flow = 'orders') => ({
      flow: `${word()}.${flow}`,
      revision: name,
      source: `# ${name}: Заказ\nflow: ${flow}`,
      constants: '{"vars":{"prefix":"${{ env.PREFIX }}"}}',
    });
    const newest = async () => {
      const all = await store().revisions.newest();
      return all.filter(({ flow }) => flow.startsWith(word())).map(({ revision: name }) => name);
    };

    it('returns what is needed to compile them again, and undefined for one that was never announced', async () => {
      const [generation] = await store().revisions.announce([revision('a')]);
      const other = await open();
      expect(await other.revisions.get(revision('a').flow, 'a')).toEqual({
        ...revision('a'),
        generation,
        firstSeen: expect.any(Date),
        lastSeen: expect.any(Date),
      });
      expect(await store().revisions.get(revision('a').flow, 'b')).toBeUndefined();
      expect(await store().revisions.get(word(), 'a')).toBeUndefined();
      expect(await store().revisions.announce([])).toEqual([]);
    });

    it('raises the generation whenever a revision becomes the newest, also an earlier one', async () => {
      const announce = async (name: string) => (await store().revisions.announce([revision(name)]))[0] as number;
      const a = await announce('a');
      const b = await announce('b');
      expect(b).toBeGreaterThan(a);
      // a second host with the same files
      expect(await announce('b')).toBe(b);
      expect(await newest()).toEqual(['b']);
      // the files were put back
      const again = await announce('a');
      expect(again).toBeGreaterThan(b);
      expect(await newest()).toEqual(['a']);
      expect(await store().revisions.get(revision('b').flow, 'b')).toMatchObject({ generation: b });
    });

    it('returns the generations in the order of the announcement, and one newest revision for each flow', async () => {
      const flows = [revision('x', 'b'), revision('y', 'a'), revision('z', 'c')];
      const generations = await store().revisions.announce(flows);
      for (const [at, { flow, revision: name }] of flows.entries())
        expect(await store().revisions.get(flow, name)).toMatchObject({ generation: generations[at] });
      expect(await newest()).toEqual(['y', 'x', 'z']);
    });

    it('finds one newest revision when hosts announce different ones at once', async () => {
      const hosts = [store(), await open(), await open()];
      const names = ['a', 'b', 'c'];
      const generations = await Promise.all(
        hosts.flatMap((host) => names.map(async (name) => (await host.revisions.announce([revision(name)]))[0] as number)),
      );
      const rows = await Promise.all(names.map((name) => store().revisions.get(revision(name).flow, name)));
      const stored = rows.map((row) => row?.generation ?? 0);
      expect(new Set(stored).size).toBe(3);
      expect(Math.max(...stored)).toBe(Math.max(...generations));
      expect(await newest()).toEqual([names[stored.indexOf(Math.max(...stored))]]);
    });

    it('returns when the queues of each were bound first, or first after its flow was forgotten', async () => {
      const bound = async (...names: string[]) => {
        const revisions = names.map((name) => revision(name, name));
        await store().revisions.announce(revisions);
        return (await store().revisions.bound(revisions)).map((at) => at.getTime());
      };
      const [a = 0] = await bound('a');
      await until('a later time', () => Date.now() > a + 1);
      const [b = 0, again] = await bound('b', 'a');
      expect(b).toBeGreaterThan(a);
      expect(again).toBe(a);
      await store().forgetFlow(revision('a', 'a').flow);
      const [later = 0, other] = await bound('a', 'b');
      expect(later).toBeGreaterThan(a);
      expect(other).toBe(b);
      expect(await store().revisions.bound([])).toEqual([]);
    });

    it('raises lastSeen, and keeps revisions that were seen within 90 days', async () => {
      await store().revisions.announce([revision('a')]);
      const before = await store().revisions.get(revision('a').flow, 'a');
      await store().revisions.seen([revision('a'), revision('unknown')]);
      const after = await store().revisions.get(revision('a').flow, 'a');
      expect(after!.lastSeen.getTime()).toBeGreaterThanOrEqual(before!.lastSeen.getTime());
      expect(after!.firstSeen).toEqual(before!.firstSeen);
      const year = 365 * 86_400_000;
      await store().sweep({ journalMs: year, parkedMs: year, auditMs: year, auditRows: 1_000_000 });
      expect(await newest()).toEqual(['a']);
    });
  });
}
