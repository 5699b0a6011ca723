import {
  MAX_TURN_BYTES,
  type HeldStart,
  type LaneRow,
  type LaneRun,
  type LaneStore,
  type LaneWrites,
  type RunPass,
} from '@sluice/engine';
import type { MemoryDatabase, MemoryLanesOfFlow } from './memory-database.js';

/** Returns the lanes in the database. */
export function memoryLanes(database: MemoryDatabase): LaneStore {
  const of = (flow: string): MemoryLanesOfFlow => database.lanes.get(flow) ?? { generation: 0, lanes: new Map(), held: [] };
  const read = (flow: string): LaneRow[] => {
    const { lanes, held } = of(flow);
    return [...lanes].map(([key, pass]) => {
      const ofKey = held.filter((event) => event.key === key);
      const turn = ofKey.some((event) => isPass(event, pass));
      return { key, ...pass, held: ofKey.length - (turn ? 1 : 0), turn };
    });
  };
  return {
    open: ({ flow, epoch }) =>
      database.use(() => {
        if (!hasLease(database, flow, epoch)) return undefined;
        const rows = of(flow);
        database.lanes.set(flow, rows);
        return { flow, epoch, generation: ++rows.generation };
      }),
    read: (flow, { after, limit }) =>
      database.use(() =>
        read(flow)
          .filter(({ key }) => after === undefined || key > after)
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .slice(0, limit),
      ),
    write: (owner, writes) =>
      database.use(() => {
        const rows = of(owner.flow);
        const owns = hasLease(database, owner.flow, owner.epoch) && rows.generation === owner.generation;
        return owns ? apply(rows, writes) : 'lost';
      }),
    waitsFor: (flow, run) =>
      database.use(() => {
        const { lanes, held } = of(flow);
        const event = held.find((one) => one.run === run && !isPass(one, lanes.get(one.key)));
        const behind = event && lanes.get(event.key);
        if (!event || !behind) return undefined;
        const before = held.slice(0, held.indexOf(event)).filter((one) => one.key === event.key && !isPass(one, behind)).length;
        return { key: event.key, behind, before };
      }),
    count: () =>
      database.use(() =>
        [...database.lanes]
          .map(([flow, { lanes, held }]) => ({
            flow,
            busy: lanes.size,
            held: held.filter((event) => !isPass(event, lanes.get(event.key))).length,
          }))
          .filter(({ busy }) => busy > 0)
          .sort((a, b) => (a.flow < b.flow ? -1 : 1)),
      ),
  };
}

function hasLease(database: MemoryDatabase, flow: string, epoch: number): boolean {
  return database.leases.get(`flow.${flow}`)?.epoch === epoch;
}

function apply(rows: MemoryLanesOfFlow, writes: LaneWrites): HeldStart[][] {
  const { lanes } = rows;
  for (const { key, run, epoch } of writes.taken) if (!lanes.has(key)) lanes.set(key, { run, epoch });
  for (const { from, to } of writes.moved) if (isPass(from, lanes.get(from.key))) lanes.set(from.key, { ...to });
  for (const event of writes.held) {
    if (!rows.held.some((one) => isPass(one, event))) rows.held = [...rows.held, { ...event, begun: 0 }];
  }
  const drop = (run: LaneRun) => (rows.held = rows.held.filter((event) => !isPass(event, run)));
  writes.away.forEach(drop);
  for (const run of writes.turns) {
    if (!run.ended) continue;
    drop(run);
    if (isPass(run, lanes.get(run.key))) lanes.delete(run.key);
    const next = rows.held.find((event) => event.key === run.key);
    if (next && !lanes.has(run.key)) lanes.set(run.key, { run: next.run, epoch: next.epoch });
  }
  return writes.turns.map(({ key, starts }) => {
    const ofKey = rows.held.filter((event) => event.key === key);
    const first = ofKey.findIndex((event) => isPass(event, lanes.get(key)));
    if (first === -1) return [];
    const limit = ofKey[first]?.begun === 0 ? starts : Math.min(starts, 1);
    let bytes = 0;
    const begun = ofKey
      .slice(first, first + limit)
      .filter(({ message }, index) => (bytes += message.length) <= MAX_TURN_BYTES || index === 0)
      .map((event) => ({ ...event, begun: event.begun + 1 }));
    rows.held = rows.held.map((one) => begun.find((event) => isPass(event, one)) ?? one);
    return begun;
  });
}

function isPass(a: RunPass, b: RunPass | undefined): boolean {
  return a.run === b?.run && a.epoch === b.epoch;
}
