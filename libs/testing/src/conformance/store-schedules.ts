import { describe, expect, it } from '@jest/globals';
import { MAX_PLANNED_AHEAD_MS } from '@sluice/engine';
import type { StoreOfTest } from './store-revisions.js';

/** Registers the tests of `Store.schedules`. */
export function scheduleTests({ store, open, word }: StoreOfTest): void {
  describe('schedules', () => {
    const spec = () => ({ flow: `${word()}.night`, cron: '30 3 * * 1-6', timezone: 'Europe/Moscow' });
    const at = (ms: number) => new Date(Date.UTC(2026, 0, 5) + ms);

    it('begin once for all hosts, and from now when the cron or the zone has changed', async () => {
      const other = await open();
      const [first, second] = await Promise.all([store().schedules.begin(spec(), at(0)), other.schedules.begin(spec(), at(0))]);
      expect([first, second]).toEqual([
        { ...spec(), planned: at(0) },
        { ...spec(), planned: at(0) },
      ]);
      expect(await other.schedules.begin(spec(), at(5))).toEqual({ ...spec(), planned: at(0) });
      const changed = { ...spec(), cron: '0 4 * * *' };
      expect(await store().schedules.begin(changed, at(6))).toEqual({ ...changed, planned: at(6) });
      const moved = { ...changed, timezone: 'Asia/Omsk' };
      expect(await store().schedules.begin(moved, at(7))).toEqual({ ...moved, planned: at(7) });
      expect(await other.schedules.get(spec().flow)).toEqual({ ...moved, planned: at(7) });
    });

    it('move forward only, and remember the last instant that was fired', async () => {
      const other = await open();
      await store().schedules.begin(spec(), at(0));
      await store().schedules.advance(spec().flow, at(10), false);
      expect(await store().schedules.get(spec().flow)).toEqual({ ...spec(), planned: at(10) });
      await store().schedules.advance(spec().flow, at(20), true);
      await other.schedules.advance(spec().flow, at(15), true);
      await other.schedules.advance(spec().flow, at(30), false);
      expect(await store().schedules.get(spec().flow)).toEqual({ ...spec(), planned: at(30), fired: at(20) });
      const changed = { ...spec(), cron: '* * * * *' };
      expect(await other.schedules.begin(changed, at(12))).toEqual({ ...changed, planned: at(12), fired: at(20) });
    });

    it('begin again when they were planned by a clock that was far ahead', async () => {
      await store().schedules.begin(spec(), at(MAX_PLANNED_AHEAD_MS));
      expect((await store().schedules.begin(spec(), at(0))).planned).toEqual(at(MAX_PLANNED_AHEAD_MS));
      expect((await store().schedules.begin(spec(), at(-1))).planned).toEqual(at(-1));
    });

    it('are listed until their flow is forgotten', async () => {
      const flows = async () =>
        (await store().schedules.list()).map(({ flow }) => flow).filter((flow) => flow.startsWith(word()));
      await store().schedules.begin({ ...spec(), flow: `${word()}.b` }, at(0));
      await store().schedules.begin({ ...spec(), flow: `${word()}.a` }, at(0));
      expect(await flows()).toEqual([`${word()}.a`, `${word()}.b`]);
      await store().forgetFlow(`${word()}.a`);
      expect(await flows()).toEqual([`${word()}.b`]);
      expect(await store().schedules.get(`${word()}.a`)).toBeUndefined();
      await store().schedules.advance(`${word()}.a`, at(1), true);
      expect(await store().schedules.get(`${word()}.a`)).toBeUndefined();
    });
  });
}
