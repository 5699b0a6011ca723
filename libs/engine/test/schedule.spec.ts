import { describe, expect, it } from '@jest/globals';
import type { Flow, TriggerSource } from '@sluice/flow';
import { MemoryBroker, MemoryDatabase, VirtualClock } from '@sluice/memory';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const { start } = testEngines();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS = "  - { id: told, emit: { type: told, data: '${{ trigger.data }}' } }\n";
/** Monday. */
const NINE = Date.UTC(2026, 0, 5, 9);

type Schedule = Partial<Extract<TriggerSource, { readonly kind: 'schedule' }>>;

/** A broker, a database and a clock, on which hosts come and go. */
class World {
  readonly #hosts: TestEngine[] = [];
  readonly clock: VirtualClock;
  readonly broker: MemoryBroker;
  readonly database: MemoryDatabase;

  constructor(start = NINE) {
    this.clock = new VirtualClock(start);
    this.broker = new MemoryBroker(this.clock);
    this.database = new MemoryDatabase(this.clock);
  }

  async host(schedule: Schedule = {}, more: (flow: Flow) => Flow = (one) => one, names = ['night']): Promise<TestEngine> {
    const { clock, broker, database } = this;
    const trigger = { kind: 'schedule', cron: '0 * * * *', timezone: 'UTC', missed: 'skip', ...schedule } as const;
    const host = await start({
      flows: names.map((name) => flow(name, STEPS)).join('---\n'),
      edit: (one) => more({ ...one, trigger }),
      clock,
      broker,
      database,
    });
    this.#hosts.push(host);
    return host;
  }

  /** What the flows have emitted. Each event reaches one of the hosts. */
  get emitted(): TestEngine['emitted'] {
    return this.#hosts.flatMap(({ emitted }) => emitted);
  }

  /** The scheduled instants of these events, in order. */
  get fired(): string[] {
    return this.emitted.map(({ data }) => (data as { scheduled: string }).scheduled.slice(5, 16)).sort();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }
}

describe('a schedule', () => {
  it('fires at its instants with the scheduled time and the time of the firing, in its zone', async () => {
    const world = new World();
    const { database } = await world.host({ cron: '30 10 * * 1-6', timezone: 'Europe/Berlin' });
    await world.advance(HOUR_MS);
    expect(world.emitted.map(({ data }) => data)).toEqual([
      { scheduled: '2026-01-05T09:30:00.000Z', fired: expect.stringMatching(/^2026-01-05T09:30:0\d\.\d{3}Z$/) as unknown },
    ]);
    expect(database.schedules.get('night')).toMatchObject({ fired: new Date('2026-01-05T09:30:00Z') });
  });

  it('fires once however many hosts run, and on another host after the one that fired has ended', async () => {
    const world = new World();
    const [first, second] = [await world.host(), await world.host(), await world.host()];
    await world.advance(2 * HOUR_MS);
    expect(world.fired).toEqual(['01-05T10:00', '01-05T11:00']);
    await first.stop();
    await second.stop();
    await world.advance(HOUR_MS);
    expect(world.fired).toEqual(['01-05T10:00', '01-05T11:00', '01-05T12:00']);
  });

  it('fires again under the same id when a host dies between the publish and the row', async () => {
    const world = new World();
    const dying = await world.host();
    Object.assign(dying.store.schedules, { advance: () => Promise.reject(new Error('dies')) });
    await world.advance(HOUR_MS + MINUTE_MS);
    expect(world.fired).toEqual(['01-05T10:00']);
    expect(dying.log.lines.some(({ message }) => message === 'night: its schedule waits')).toBe(true);
    await world.host();
    await world.advance(MINUTE_MS);
    expect(world.fired).toEqual(['01-05T10:00', '01-05T10:00']);
    expect(new Set(world.emitted.map(({ id }) => id)).size).toBe(1);
  });

  it('has another id for another flow and another instant', async () => {
    const world = new World();
    await world.host({}, undefined, ['night', 'day']);
    await world.advance(2 * HOUR_MS);
    expect(new Set(world.emitted.map(({ id }) => id)).size).toBe(4);
  });

  it.each([
    ['skip', []],
    ['run', ['01-05T12:00']],
  ] as const)('with missed: %s makes up for the last instant at most, once, after all hosts were down', async (missed, made) => {
    const world = new World();
    await (await world.host({ missed })).stop();
    await world.advance(3 * HOUR_MS + 11 * MINUTE_MS);
    const host = await world.host({ missed });
    await world.advance(MINUTE_MS);
    expect(world.fired).toEqual(made);
    await host.stop();
    await world.host({ missed });
    await world.advance(HOUR_MS);
    expect(world.fired).toEqual([...made, '01-05T13:00']);
  });

  it('fires an instant at most 10 minutes late, although missed ones are left out', async () => {
    const world = new World();
    await (await world.host()).stop();
    await world.advance(2 * HOUR_MS + 10 * MINUTE_MS);
    const host = await world.host();
    await world.advance(MINUTE_MS);
    expect(world.fired).toEqual(['01-05T11:00']);
    expect(host.log.lines.filter(({ message }) => message.includes('left out'))).toHaveLength(1);
  });

  it('fires after the broker and the database were unavailable at the instant', async () => {
    const world = new World();
    await world.host();
    await world.advance(59 * MINUTE_MS);
    world.broker.stop();
    world.database.away = true;
    await world.advance(3 * MINUTE_MS);
    world.broker.start();
    await world.advance(2 * MINUTE_MS);
    expect(world.fired).toEqual([]);
    world.database.away = false;
    await world.advance(2 * MINUTE_MS);
    expect(world.fired).toEqual(['01-05T10:00']);
  });

  it('starts from now when its cron or its zone has changed', async () => {
    const world = new World();
    await (await world.host({ missed: 'run' })).stop();
    await world.advance(3 * HOUR_MS + 5 * MINUTE_MS);
    const changed = await world.host({ missed: 'run', cron: '30 * * * *' });
    await world.advance(MINUTE_MS);
    expect(world.fired).toEqual([]);
    await world.advance(HOUR_MS);
    expect(world.fired).toEqual(['01-05T12:30']);
    await changed.stop();
    await world.host({ missed: 'run', cron: '30 * * * *', timezone: 'Asia/Kolkata' });
    await world.advance(MINUTE_MS);
    expect(world.fired).toEqual(['01-05T12:30']);
  });

  it('fires on hosts of both revisions while they have different crons', async () => {
    const world = new World();
    await world.host({ cron: '0 * * * *' });
    const newer = await world.host({ cron: '30 * * * *' });
    await world.advance(2 * HOUR_MS);
    expect(world.fired).toEqual(['01-05T09:30', '01-05T10:00', '01-05T10:30', '01-05T11:00']);
    await newer.stop();
    await world.advance(HOUR_MS);
    expect(world.fired.slice(4)).toEqual(['01-05T12:00']);
  });

  it('fires no instant twice after the clock has jumped back', async () => {
    const world = new World();
    await world.host();
    await world.advance(2 * HOUR_MS + MINUTE_MS);
    world.clock.setWallTime(NINE);
    await world.advance(2 * HOUR_MS + MINUTE_MS);
    expect(world.fired).toEqual(['01-05T10:00', '01-05T11:00']);
    await world.advance(HOUR_MS);
    expect(world.fired).toEqual(['01-05T10:00', '01-05T11:00', '01-05T12:00']);
  });

  it('notices a clock that jumps forward, and one that was a year ahead', async () => {
    const world = new World();
    await world.host();
    world.clock.setWallTime(NINE + 365 * DAY_MS + HOUR_MS - MINUTE_MS);
    await world.advance(2 * MINUTE_MS);
    expect(world.fired).toEqual(['01-05T10:00']);
    world.clock.setWallTime(NINE);
    await world.advance(HOUR_MS + MINUTE_MS);
    expect(world.emitted.map(({ data }) => (data as { scheduled: string }).scheduled)).toEqual([
      '2027-01-05T10:00:00.000Z',
      '2026-01-05T10:00:00.000Z',
    ]);
  });

  it('fires a thousand schedules of one instant once each, and leaves the database alone until then', async () => {
    const world = new World(NINE + HOUR_MS - 90_000);
    const names = Array.from({ length: 1_000 }, (_, n) => `n${n}`);
    const { database } = await world.host({}, undefined, names);
    await world.advance(MINUTE_MS);
    expect([...database.leases.keys()].filter((lease) => lease.startsWith('schedule.'))).toEqual([]);
    await world.advance(2 * MINUTE_MS);
    expect(world.emitted).toHaveLength(1_000);
    expect(new Set(world.emitted.map(({ id }) => id)).size).toBe(1_000);
  });
});
