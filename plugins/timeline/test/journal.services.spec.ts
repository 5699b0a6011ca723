import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type NewEvent, systemClock } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { FakeWorkspace, MemoryLog, openPlugin, startPostgres, until, type PostgresServer } from '@sluice/testing';
import pg from 'pg';
import type { EntryEvent } from '../src/book/outbox.js';
import type { Fields } from '../src/entry.js';
import { plugin } from '../src/plugin.js';
import { TimelineController } from '../src/web/api.controller.js';
import { ImportBody } from '../src/web/shapes.js';

const WEB = { origin: 'web', by: 'anna' };
/** Inserts the given number of cancelled entries, which may overlap. */
const INSERT = `insert into entry (id, resource_id, shared, starts_at, ends_at, status, client, phone, comment, note, changed_by)
  select gen_random_uuid(), resource.id, shared, '2026-02-02', '2026-02-03', 'cancelled', '', '', '', '', 'x'
  from resource, generate_series(1, 600) where code = 'ivanova' limit`;
const at = (start: string, end: string, more: Partial<Fields> = {}): Fields => ({
  resource: 'ivanova',
  start: `2026-02-02T${start}:00`,
  end: `2026-02-02T${end}:00`,
  ...more,
});

describe('a booking calendar on PostgreSQL', () => {
  let server: PostgresServer;
  let database: ConnectionDatabase;
  const open = () =>
    openPlugin(plugin, { timezone: 'Europe/Moscow' }, { workspace: new FakeWorkspace(database), timezone: 'UTC' });
  let opened: Awaited<ReturnType<typeof open>>;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    database = new ConnectionDatabase({ url: server.url, connection: 'journal', log: new MemoryLog(), clock: systemClock });
    opened = await open();
    for (const [code, name, shared] of [
      ['ivanova', 'Иванова А. П.', false],
      ['petrov', 'Петров С. И.', false],
      ['yoga', 'Йога', true],
    ] as const)
      await opened.client.resources.save({ code, name, shared, position: 0, archived: false, hours: [] });
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await database.rows('delete from entry');
    await database.rows('delete from listener');
  });

  afterAll(async () => {
    await opened?.close();
    await database?.close();
    await server?.stop();
  });

  const create = (fields: Fields, id: string = randomUUID()) => opened.client.entries.create(id, fields, WEB);

  /** Subscribes a flow to the trigger; `next` waits for its next event. */
  async function subscribed(flow: string, actions?: ('created' | 'updated' | 'moved' | 'cancelled')[]) {
    const events: NewEvent[] = [];
    let heard = (): void => undefined;
    let failures = 0;
    const ending = new AbortController();
    const accept = async (event: NewEvent) => {
      if (failures-- > 0) throw new Error('the broker is unavailable');
      events.push(event);
      heard();
      return { id: event.id ?? '' };
    };
    const options = plugin.triggers.entry.options.parse(actions ? { actions } : {});
    const run = () =>
      plugin.triggers.entry.subscribe(opened.client, options, accept as never, ending.signal, flow).catch(() => undefined);
    let running = run();
    const stop = async () => {
      ending.abort();
      await running;
    };
    stops.push(stop);
    const listening = async () => (await database.rows('select from listener where flow = $1', [flow])).length > 0;
    while (!(await listening())) await new Promise((resolve) => setImmediate(resolve));
    return {
      events,
      stop,
      fail: (times: number) => (failures = times),
      /** After it has failed, as the engine does. */
      again: async () => {
        await running;
        running = run();
      },
      next: async (count: number) => {
        while (events.length < count) await new Promise<void>((resolve) => (heard = resolve));
        return events.map((event) => event.data as EntryEvent);
      },
    };
  }

  it('reads times without an offset as its own local time, and returns them with an offset', async () => {
    const { entry } = await create(at('10:00', '10:30', { client: 'Ольга' }));
    expect(entry).toMatchObject({ start: '2026-02-02T10:00:00+03:00', version: 1, status: 'waiting', by: 'anna' });
  });

  it('refuses a time that is taken, and says by whom', async () => {
    const first = await create(at('10:00', '11:00'));
    await expect(create(at('10:30', '11:30'))).rejects.toMatchObject({
      code: 'TIMELINE_OVERLAP',
      fate: 'rejected',
      options: { details: { entry: { id: first.entry.id } } },
    });
  });

  it('lets one of two have a time that both take at once', async () => {
    const tries = await Promise.allSettled([create(at('10:00', '11:00')), create(at('10:30', '11:30'))]);
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(tries.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'TIMELINE_OVERLAP' });
  });

  it('takes entries that touch, that lie over a cancelled one, and that share a resource', async () => {
    const first = await create(at('10:00', '11:00'));
    await create(at('11:00', '12:00'));
    await opened.actions.setStatus({ id: first.entry.id, status: 'cancelled' });
    await create(at('10:00', '11:00'));
    await create(at('10:00', '11:00', { resource: 'yoga' }));
    await expect(create(at('10:30', '11:30', { resource: 'yoga' }))).resolves.toMatchObject({ action: 'created' });
  });

  it('does not let a cancelled entry come back into a time that was given away', async () => {
    const first = await create(at('10:00', '11:00', { status: 'cancelled' }));
    await create(at('10:00', '11:00'));
    await expect(opened.actions.setStatus({ id: first.entry.id, status: 'waiting' })).rejects.toMatchObject({
      code: 'TIMELINE_OVERLAP',
    });
  });

  it('does not make a resource exclusive whose entries overlap', async () => {
    await create(at('10:00', '11:00', { resource: 'yoga' }));
    await create(at('10:00', '11:00', { resource: 'yoga' }));
    const yoga = { code: 'yoga', name: 'Йога', position: 0, archived: false, hours: [] };
    await expect(opened.client.resources.save({ ...yoga, shared: false })).rejects.toMatchObject({ code: 'TIMELINE_OVERLAP' });
  });

  it('lets the first of two writers win, and shows the second what the first has done', async () => {
    const { entry } = await create(at('10:00', '11:00'));
    await opened.client.entries.change(entry.id, 1, { resource: 'petrov' }, { origin: 'web', by: 'boris' });
    await expect(opened.client.entries.change(entry.id, 1, { comment: 'x' }, WEB)).rejects.toMatchObject({
      code: 'TIMELINE_VERSION',
      message: expect.stringContaining('boris'),
      options: { details: { entry: { version: 2, resource: { code: 'petrov' } } } },
    });
  });

  it.each([
    ['ends before it starts', at('11:00', '10:00'), 'TIMELINE_INVALID'],
    ['has the empty date of 1C', { ...at('10:00', '11:00'), start: '0001-01-01T00:00:00' }, 'TIMELINE_INVALID'],
    ['has a time that is none', { ...at('10:00', '11:00'), start: 'tomorrow at ten' }, 'TIMELINE_INVALID'],
    ['names a resource that is not there', at('10:00', '11:00', { resource: 'nobody' }), 'TIMELINE_MISSING'],
  ])('refuses an entry that %s', async (_what, fields, code) => {
    await expect(create(fields)).rejects.toMatchObject({ code, fate: 'rejected' });
  });

  it('makes no second entry, and no second event, of an upsert that is repeated', async () => {
    const flow = await subscribed('upserts');
    const input = { id: randomUUID(), ...at('10:00', '11:00', { client: 'Ольга', phone: '079' }), origin: 'erp' };
    expect(await opened.actions.upsertEntry(input)).toMatchObject({ action: 'created' });
    expect(await opened.actions.upsertEntry(input)).not.toHaveProperty('action');
    // as numbers these phones are equal
    expect(await opened.actions.upsertEntry({ ...input, phone: '79' })).toMatchObject({ action: 'updated' });
    expect((await flow.next(2)).map(({ action, origin }) => [action, origin])).toEqual([
      ['created', 'erp'],
      ['updated', 'erp'],
    ]);
  });

  it('tells each flow of the actions that it listens to, in the order of the changes', async () => {
    const all = await subscribed('all');
    const moves = await subscribed('moves', ['moved']);
    const { entry } = await create(at('10:00', '11:00'));
    await opened.client.entries.change(entry.id, 1, { start: '2026-02-02T10:15:00' }, WEB);
    await opened.client.entries.change(entry.id, 2, { comment: 'позвонить' }, WEB);
    await opened.client.entries.change(entry.id, 3, { status: 'cancelled' }, WEB);
    expect((await all.next(4)).map(({ action }) => action)).toEqual(['created', 'moved', 'updated', 'cancelled']);
    expect(await moves.next(1)).toMatchObject([{ action: 'moved', entry: { version: 2 }, before: { version: 1 } }]);
    expect(all.events[1]).toMatchObject({ id: moves.events[0]?.id, subject: entry.id });
  });

  it('makes no event of a change that was refused', async () => {
    const flow = await subscribed('refused');
    await create(at('10:00', '11:00'));
    await expect(create(at('10:00', '11:00'))).rejects.toThrow();
    await create(at('12:00', '13:00'));
    expect((await flow.next(2)).map(({ entry }) => entry.start.slice(11, 16))).toEqual(['10:00', '12:00']);
  });

  it.each(['entry', 'outbox'])('makes neither a change nor an event when the commit fails over its row of %s', async (table) => {
    const flow = await subscribed(`torn-${table}`);
    // as late as can be: the entry and its row of the outbox are written by then
    await database.rows(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$`);
    await database.rows(
      `create constraint trigger late after insert on ${table} initially deferred for each row execute function refuse()`,
    );
    const id = randomUUID();
    await expect(create(at('10:00', '11:00'), id)).rejects.toThrow('no');
    await database.rows('drop function refuse cascade');
    await expect(opened.client.entries.get(id)).rejects.toMatchObject({ code: 'TIMELINE_MISSING' });
    const { entry } = await create(at('12:00', '13:00'));
    expect((await flow.next(1)).map((event) => event.entry.id)).toEqual([entry.id]);
  });

  it('keeps the events for a flow that is away, and offers those again under their ids that the broker did not take', async () => {
    const flow = await subscribed('away');
    await flow.stop();
    await create(at('10:00', '11:00'));
    const rows = await opened.client.outbox.next('away');
    const back = await subscribed('away');
    await back.next(1);
    expect(back.events[0]?.id).toBe(rows[0]?.id);
    await back.stop();
    expect(await opened.client.outbox.next('away')).toEqual([]);
  });

  it('keeps an event that the broker refused', async () => {
    const flow = await subscribed('broken');
    flow.fail(1);
    await create(at('10:00', '11:00'));
    await flow.again();
    await flow.next(1);
    expect(flow.events).toHaveLength(1);
  });

  it('shows a change that was committed after later ones', async () => {
    const { entry } = await create(at('10:00', '11:00'));
    const slow = new pg.Client({ connectionString: server.url });
    await slow.connect();
    await slow.query(
      `begin; update ${database.connectionInfo.schema}.entry set comment = 'late', version = 2 where id = '${entry.id}'`,
    );
    await create(at('12:00', '13:00'));
    const cursor = await opened.client.feed.cursor();
    await slow.query('commit');
    await slow.end();
    expect((await opened.client.feed.since(cursor, undefined)).entries).toContainEqual(
      expect.objectContaining({ id: entry.id, comment: 'late' }),
    );
  });

  it('shows a change once, however long another transaction stays open', async () => {
    const slow = new pg.Client({ connectionString: server.url });
    await slow.connect();
    await slow.query('begin; select pg_current_xact_id()');
    const before = await opened.client.feed.cursor();
    const { entry } = await create(at('10:00', '11:00'));
    const changes = await opened.client.feed.since(before, undefined);
    expect(changes.entries.map(({ id }) => id)).toEqual([entry.id]);
    expect((await opened.client.feed.since(changes.cursor, undefined)).entries).toEqual([]);
    await slow.end();
  });

  it('shows more changes than fit one answer in several, each once', async () => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(`set search_path to ${database.connectionInfo.schema}; set synchronous_commit to off`);
    const cursor = await opened.client.feed.cursor();
    // each a transaction, and one of many that no answer may split
    await client.query(`do $$ begin for n in 1..700 loop ${INSERT} 1; commit; end loop; ${INSERT} 600; end $$`);
    await client.query(`do $$ begin for n in 1..20 loop ${INSERT} 1; commit; end loop; end $$`);
    await client.end();
    const first = await opened.client.feed.since(cursor, undefined);
    const second = await opened.client.feed.since(first.cursor, undefined);
    expect([first.entries.length, second.entries.length]).toEqual([1_300, 20]);
    expect(new Set([...first.entries, ...second.entries].map(({ id }) => id)).size).toBe(1_320);
  });

  it('refuses a cursor that is none', async () => {
    await expect(opened.client.feed.since('5:1:', undefined)).rejects.toMatchObject({ code: 'TIMELINE_INVALID' });
  });

  /** As the API does, for who may write. */
  const take = (rows: object) =>
    new TimelineController(new Map() as never).import(
      { calendar: opened.client, bearer: { sub: '1c' } as never, canWrite: true },
      ImportBody.parse(rows),
    );
  const days = (count: number) =>
    Array.from({ length: count }, (_, hour) => ({ id: randomUUID(), ...at(`1${hour}:00`, `1${hour}:30`) }));

  it('takes rows again that were imported before, and makes events of those only that are different', async () => {
    const flow = await subscribed('import');
    const [first, second, third] = days(3);
    const resources = [{ code: 'ivanova', name: 'Иванова А. П.', hours: [{ weekday: 1, opens: '09:00', closes: '18:00' }] }];
    const rows = { resources, entries: [first, second, third], origin: 'erp' };
    expect(await take(rows)).toEqual({ taken: 4, refused: [] });
    expect(await take(rows)).toEqual({ taken: 4, refused: [] });
    const changed = [first, { ...second, client: 'Ольга' }, { ...third, resource: 'petrov' }];
    expect(await take({ ...rows, entries: changed })).toEqual({ taken: 4, refused: [] });
    const last = await create(at('19:00', '19:30'));
    const told = (await flow.next(6)).map(({ action, entry, origin }) => `${entry.id} ${entry.version} ${action} ${origin}`);
    expect(told.sort()).toEqual(
      [
        `${first?.id} 1 created erp`,
        `${second?.id} 1 created erp`,
        `${second?.id} 2 updated erp`,
        `${third?.id} 1 created erp`,
        `${third?.id} 2 moved erp`,
        `${last.entry.id} 1 created web`,
      ].sort(),
    );
    expect((await opened.client.resources.list()).find(({ code }) => code === 'ivanova')?.hours).toHaveLength(1);
  });

  it('names the rows of an import that it refuses, and keeps the others', async () => {
    const [first, second] = days(2);
    const entries = [first, { ...second, start: first?.start, end: first?.end }, { ...second, resource: 'nobody' }, second];
    expect(await take({ entries })).toMatchObject({
      taken: 2,
      refused: [
        { entry: 1, code: 'TIMELINE_OVERLAP' },
        { entry: 2, code: 'TIMELINE_MISSING' },
      ],
    });
  });

  it('tells of each entry once when an import broke off in the middle and is repeated', async () => {
    const flow = await subscribed('broken-off');
    const entries = days(5);
    const stopper = new pg.Client({ connectionString: server.url });
    await stopper.connect();
    await stopper.query('select pg_advisory_lock(hashtextextended($1, 0))', [entries[2]?.id]);
    const broken = expect(take({ entries })).rejects.toMatchObject({ status: 503 });
    await until('the third entry to wait', async () => {
      const { rowCount } = await stopper.query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted",
      );
      return rowCount === 1;
    });
    await broken;
    await stopper.end();
    expect((await flow.next(2)).map(({ entry }) => entry.id).sort()).toEqual([entries[0]?.id, entries[1]?.id].sort());
    expect(await take({ entries })).toEqual({ taken: 5, refused: [] });
    const last = await create(at('19:00', '19:30'));
    const told = (await flow.next(6)).map(({ entry, action }) => `${entry.id} ${action}`);
    expect(told.sort()).toEqual([...entries, last.entry].map(({ id }) => `${id} created`).sort());
  });

  it('passes changes to the requests that wait for them', async () => {
    const { client } = opened;
    const cursor = await client.feed.cursor();
    const waiting = client.changes(cursor, undefined, 20_000);
    const { entry } = await create(at('10:00', '11:00'));
    expect((await waiting).entries.map(({ id }) => id)).toEqual([entry.id]);
  });

  it('shows a call to the user of its extension only, and once', async () => {
    const cursor = await opened.client.feed.cursor();
    const call = { id: 'run-1/show' };
    await opened.actions.showCall({ extension: '101', phone: '79161112233', client: 'Ольга' }, call);
    await opened.actions.showCall({ extension: '101', phone: '79161112233', client: 'Ольга' }, call);
    expect((await opened.client.feed.since(cursor, '101')).calls).toMatchObject([{ phone: '79161112233', client: 'Ольга' }]);
    expect((await opened.client.feed.since(cursor, '102')).calls).toEqual([]);
  });
});
