import { describe, expect, it } from '@jest/globals';
import type { StoreOfTest } from './store-revisions.js';

/** Registers the tests of `Store.hosts`. */
export function hostTests({ store, open, word }: StoreOfTest): void {
  describe('hosts', () => {
    const report = (id: string, revision: string) => ({
      id: `${word()}.${id}`,
      version: '1.2.3',
      consumes: ['flow.orders', 'flow.orders.next'],
      flows: { orders: { revision, since: 1_796_000_000_000 } },
    });
    const listed = async () => (await store().hosts.list()).filter(({ id }) => id.startsWith(word()));

    it('lists what each host runs, replaces a report, and forgets a host that leaves', async () => {
      const other = await open();
      await other.hosts.announce(report('b', 'x'));
      await store().hosts.announce(report('a', 'x'));
      await store().hosts.announce(report('a', 'y'));
      const live = { heartbeat: expect.any(Date), live: true };
      expect(await listed()).toEqual([
        { ...report('a', 'y'), ...live },
        { ...report('b', 'x'), ...live },
      ]);
      await store().hosts.leave(report('b', 'x').id);
      await store().hosts.leave(report('b', 'x').id);
      expect((await listed()).map(({ id }) => id)).toEqual([report('a', 'y').id]);
    });
  });
}
