import { describe, expect, it } from '@jest/globals';
import {
  MAX_TURN_BYTES,
  type HeldEvent,
  type LaneOwner,
  type LaneRun,
  type LaneWrites,
  type RunPass,
  type Store,
} from '@sluice/engine';
import type { StoreOfTest } from './store-revisions.js';

const NOTHING: LaneWrites = { taken: [], moved: [], held: [], away: [], turns: [] };
const PAGE = { limit: 100 };
const TTL_MS = 60_000;
const SHORT_MS = 30;
/** Bytes that are not UTF-8, including zeros. */
const ODD_BYTES = Buffer.from([0x00, 0xff, 0xfe, 0xc3, 0x28, 0x00]);

/** Registers the tests of `Store.lanes`. */
export function laneTests({ store, open, word }: StoreOfTest): void {
  describe('lanes', () => {
    const flow = () => `${word()}-orders`;
    const own = async (on: Store = store(), host = 'a', ttlMs = TTL_MS): Promise<LaneOwner> => {
      const epoch = await on.leases.take(`flow.${flow()}`, host, ttlMs);
      if (epoch === undefined) throw new Error('another host has the lease');
      const opened = await on.lanes.open({ flow: flow(), epoch });
      if (!opened) throw new Error('another host has the lease');
      return opened;
    };
    const run = (name: string, key = 'k', epoch = 0): LaneRun => ({ key, run: name, epoch });
    const held = (name: string, key = 'k'): HeldEvent => ({
      ...run(name, key),
      message: Buffer.concat([ODD_BYTES, Buffer.from(name)]),
    });
    const passOf = ({ run: name, epoch }: RunPass): RunPass => ({ run: name, epoch });
    const ended = (one: LaneRun, starts = 1) => ({ ...one, ended: true, starts });

    it('are busy with one run, and pass the turn to held events in order, each with its bytes and the number of its starts', async () => {
      const owner = await own();
      const { lanes } = store();
      await lanes.write(owner, { ...NOTHING, taken: [run('r1')], held: [held('r2'), held('r3')] });
      await lanes.write(owner, { ...NOTHING, taken: [run('r9')], held: [held('r3'), held('r4')] });
      expect(await lanes.read(flow(), PAGE)).toEqual([{ ...run('r1'), held: 3, turn: false }]);
      const order: unknown[] = [];
      for (let turn: LaneRun = run('r1'); ;) {
        const [[next] = []] = (await lanes.write(owner, {
          ...NOTHING,
          turns: [ended(turn)],
        })) as readonly (readonly HeldEvent[])[];
        order.push(next);
        if (!next) break;
        turn = { key: next.key, ...passOf(next) };
      }
      expect(order).toEqual([{ ...held('r2'), begun: 1 }, { ...held('r3'), begun: 1 }, { ...held('r4'), begun: 1 }, undefined]);
      expect(await lanes.read(flow(), PAGE)).toEqual([]);
    });

    it('ignore the end of a run that does not have the lane, and return the event whose turn it is', async () => {
      const owner = await own();
      const { lanes } = store();
      await lanes.write(owner, { ...NOTHING, taken: [run('r1')], held: [held('r2'), held('r3')] });
      await lanes.write(owner, { ...NOTHING, turns: [ended(run('r1'))] });
      // the result was lost, so the call is repeated
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r1'))] })).toEqual([[{ ...held('r2'), begun: 2 }]]);
      expect(await lanes.read(flow(), PAGE)).toEqual([{ ...run('r2'), held: 1, turn: true }]);
      expect(await lanes.write(owner, { ...NOTHING, turns: [{ ...run('r2'), ended: false, starts: 1 }] })).toEqual([
        [{ ...held('r2'), begun: 3 }],
      ]);
    });

    it('hand out several held events in one turn, each with one more start, and remove those that have ended with the next one', async () => {
      const owner = await own();
      const { lanes } = store();
      const names = ['r2', 'r3', 'r4', 'r5', 'r6'];
      await lanes.write(owner, {
        ...NOTHING,
        taken: [run('r1'), run('s1', 'other')],
        held: [...names.map((name) => held(name)), held('s2', 'other')],
      });
      const turns = [ended(run('r1'), 3), ended(run('s1', 'other'), 3)];
      expect(await lanes.write(owner, { ...NOTHING, turns })).toEqual([
        names.slice(0, 3).map((name) => ({ ...held(name), begun: 1 })),
        [{ ...held('s2', 'other'), begun: 1 }],
      ]);
      // the row names the first of them: a new owner begins it and those behind it again
      expect((await lanes.read(flow(), PAGE))[0]).toEqual({ ...run('r2'), held: 4, turn: true });
      // r3 goes away after r2 has ended
      await lanes.write(owner, { ...NOTHING, moved: [{ from: run('r2'), to: run('r3') }], away: [run('r2')] });
      expect((await lanes.read(flow(), PAGE))[0]).toEqual({ ...run('r3'), held: 3, turn: true });
      await lanes.write(owner, { ...NOTHING, away: [run('r3')] });
      // r4 was handed out before: it begins alone
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r3'), 3)] })).toEqual([[{ ...held('r4'), begun: 2 }]]);
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r4'), 3)] })).toEqual([
        ['r5', 'r6'].map((name) => ({ ...held(name), begun: 1 })),
      ]);
      expect(await lanes.write(owner, { ...NOTHING, away: [run('r6')], turns: [ended(run('r5'), 3)] })).toEqual([[]]);
      expect(await lanes.read(flow(), PAGE)).toMatchObject([{ key: 'other' }]);
    });

    it('hand out no more events in one turn than MAX_TURN_BYTES contain, but always one, and none when none may begin', async () => {
      const owner = await own();
      const { lanes } = store();
      const large = (name: string, bytes: number): HeldEvent => ({ ...run(name), message: Buffer.alloc(bytes, 1) });
      await lanes.write(owner, {
        ...NOTHING,
        taken: [run('r1')],
        held: [large('r2', MAX_TURN_BYTES + 1), large('r3', MAX_TURN_BYTES - 1), large('r4', 1), large('r5', 1), held('r6')],
      });
      const handedOut = async (of: string) => {
        const [starts] = (await lanes.write(owner, {
          ...NOTHING,
          turns: [ended(run(of), 9)],
        })) as readonly (readonly HeldEvent[])[];
        return starts?.map((event) => event.run);
      };
      expect(await handedOut('r1')).toEqual(['r2']);
      expect(await handedOut('r2')).toEqual(['r3', 'r4']);
      await lanes.write(owner, { ...NOTHING, away: [run('r4')] });
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r3'), 0)] })).toEqual([[]]);
      expect(await lanes.read(flow(), PAGE)).toEqual([{ ...run('r5'), held: 1, turn: true }]);
      expect(await lanes.write(owner, { ...NOTHING, turns: [{ ...run('r5'), ended: false, starts: 9 }] })).toEqual([
        [
          { ...large('r5', 1), begun: 1 },
          { ...held('r6'), begun: 1 },
        ],
      ]);
    });

    it('keep the lane of a held event that has gone away', async () => {
      const owner = await own();
      const { lanes } = store();
      await lanes.write(owner, { ...NOTHING, taken: [run('r1')], held: [held('r2'), held('r3')] });
      await lanes.write(owner, { ...NOTHING, turns: [ended(run('r1'))] });
      await lanes.write(owner, { ...NOTHING, away: [run('r2')] });
      expect(await lanes.read(flow(), PAGE)).toEqual([{ ...run('r2'), held: 1, turn: false }]);
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r2'))] })).toEqual([[{ ...held('r3'), begun: 1 }]]);
    });

    it('pass from a parked run to its replay, and from no other run', async () => {
      const owner = await own();
      const { lanes } = store();
      await lanes.write(owner, { ...NOTHING, taken: [run('r1'), run('r2', 'other')] });
      await lanes.write(owner, {
        ...NOTHING,
        moved: [
          { from: run('r1'), to: { run: 'r1', epoch: 4 } },
          { from: run('r3', 'other'), to: { run: 'r3', epoch: 1 } },
        ],
      });
      expect(await lanes.read(flow(), PAGE)).toEqual(
        expect.arrayContaining([
          { ...run('r1', 'k', 4), held: 0, turn: false },
          { ...run('r2', 'other'), held: 0, turn: false },
        ]),
      );
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r1'))] })).toEqual([[]]);
      expect((await lanes.read(flow(), PAGE)).length).toBe(2);
    });

    it('are written by their owner only: an earlier owner writes nothing and learns that it has lost', async () => {
      const other = await open();
      const lost = await own(store(), 'a', SHORT_MS);
      await store().lanes.write(lost, { ...NOTHING, taken: [run('r1')] });
      let owner: LaneOwner | undefined;
      while (!owner) owner = await own(other, 'b').catch(() => undefined);
      const writes = { ...NOTHING, taken: [run('r5', 'new')], held: [held('r2')], turns: [ended(run('r1'))] };
      expect(await store().lanes.write(lost, writes)).toBe('lost');
      expect(await other.lanes.read(flow(), PAGE)).toEqual([{ ...run('r1'), held: 0, turn: false }]);
      expect(await other.lanes.write(owner, { ...NOTHING, turns: [ended(run('r1'))] })).toEqual([[]]);
    });

    it('are written by the newest owner of a host only, and not by an earlier one under the same lease', async () => {
      const earlier = await own();
      await store().lanes.write(earlier, { ...NOTHING, taken: [run('r1')] });
      const later = await own();
      expect(later.epoch).toBe(earlier.epoch);
      expect(await store().lanes.write(earlier, { ...NOTHING, turns: [ended(run('r1'))] })).toBe('lost');
      expect(await store().lanes.write(later, NOTHING)).toEqual([]);
      expect(await store().lanes.open(later)).toEqual({ ...later, generation: later.generation + 1 });
      expect(await store().lanes.read(flow(), PAGE)).toEqual([{ ...run('r1'), held: 0, turn: false }]);
      expect(await store().lanes.open({ ...later, epoch: later.epoch + 1 })).toBeUndefined();
    });

    it('are read page by page, each lane once, the one of the empty key too', async () => {
      const owner = await own();
      const keys = ['', 'a', 'B', 'Б', 'я', '#x', 'a b', ...Array.from({ length: 20 }, (_, n) => `k${n}`)];
      await store().lanes.write(owner, { ...NOTHING, taken: keys.map((key) => run(`of ${key}`, key)) });
      const read: string[] = [];
      for (let page = await store().lanes.read(flow(), { limit: 4 }); page.length > 0;) {
        expect(page.length).toBeLessThanOrEqual(4);
        read.push(...page.map(({ key }) => key));
        page = await store().lanes.read(flow(), { after: read.at(-1) ?? '', limit: 4 });
      }
      expect(read.toSorted()).toEqual(keys.toSorted());
    });

    it('are deleted with their held events when their flow is forgotten, and those of no other flow', async () => {
      const owner = await own();
      const { lanes } = store();
      await lanes.write(owner, { ...NOTHING, taken: [run('r1')], held: [held('r2')] });
      await store().forgetFlow(`${flow()}-other`);
      expect(await lanes.read(flow(), PAGE)).toHaveLength(1);
      await store().forgetFlow(flow());
      expect(await lanes.read(flow(), PAGE)).toEqual([]);
      // the flow is back: what was held does not begin
      await lanes.write(owner, { ...NOTHING, taken: [run('r3')] });
      expect(await lanes.write(owner, { ...NOTHING, turns: [ended(run('r3'))] })).toEqual([[]]);
    });

    it('report why an event waits, and how many lanes and events a flow has', async () => {
      const owner = await own();
      const { lanes } = store();
      await lanes.write(owner, { ...NOTHING, taken: [run('r1')], held: [held('r2'), held('r3'), held('s1', 'other')] });
      await lanes.write(owner, { ...NOTHING, taken: [run('s0', 'other')] });
      expect(await lanes.waitsFor(flow(), 'r3')).toEqual({ key: 'k', behind: passOf(run('r1')), before: 1 });
      expect(await lanes.waitsFor(flow(), 'r1')).toBeUndefined();
      await lanes.write(owner, { ...NOTHING, turns: [ended(run('r1'))] });
      expect(await lanes.waitsFor(flow(), 'r3')).toEqual({ key: 'k', behind: passOf(run('r2')), before: 0 });
      expect(await lanes.waitsFor(flow(), 'r2')).toBeUndefined();
      expect((await lanes.count()).filter((one) => one.flow === flow())).toEqual([{ flow: flow(), busy: 2, held: 2 }]);
    });

    it('keep the parked run that has a lane beyond its retention', async () => {
      const owner = await own();
      const parked = {
        epoch: 0,
        flow: flow(),
        revision: 'r',
        event: { id: 'e', source: '/s', type: 't', time: '2026-01-02T03:04:05.678Z' },
        error: { code: 'X', fate: 'rejected', message: 'x' } as const,
        parkedAt: new Date(Date.now() - 20 * TTL_MS),
        message: ODD_BYTES,
      };
      const [holding, other] = [`${word()}-holding`, `${word()}-other`];
      await store().parked.add([
        { ...parked, run: holding },
        { ...parked, run: other },
      ]);
      await store().lanes.write(owner, { ...NOTHING, taken: [run(holding)] });
      const DAY_MS = 86_400_000;
      await store().sweep({ journalMs: DAY_MS, parkedMs: 10 * TTL_MS, auditMs: DAY_MS, auditRows: 1_000_000 });
      expect(await store().parked.get(other)).toBeUndefined();
      expect(await store().parked.get(holding)).toMatchObject({ run: holding });
      expect((await store().parked.holding(10 * TTL_MS)).map((one) => one.run)).toContain(holding);
    });
  });
}
