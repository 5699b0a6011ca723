import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN_ROUTES,
  collectPages,
  errorsOf,
  HEALTH_ROUTES,
  HOST_ROUTES,
  openApi,
  PROBLEM,
  type AdminRoute,
} from '@sluice/admin-contract';
import { engineFail } from '@sluice/plugin-api';
import { RUN_STATE_VERSION, type ParkedRun } from '@sluice/engine';
import { hostFail } from '../src/failures.js';
import { problemOf } from '../src/http/problem.js';
import { AdminApp, MASKED } from './admin-app.js';

/** Routes of the server that are no part of the admin API. */
const OTHER_ROUTES = ['GET /', 'GET /metrics', 'POST /events/:type'];
/** Paths that plugins serve with any method. */
const PLUGIN_PATHS = ['/in/*', '/mailbox/*', '/mailboxes', '/desktops'];

const HOST = Object.entries<AdminRoute>(HOST_ROUTES);
const nameOf = ({ method, path }: AdminRoute) => `${method} ${path}`;
const urlOf = ({ path }: AdminRoute) => path.replaceAll(/\{\w+\}/g, 'some-id');

let app: AdminApp;
beforeEach(async () => {
  app = await AdminApp.start();
});
afterEach(() => app.close());

const parkedRun = (n: number): Omit<ParkedRun, 'state'> => ({
  run: `0198a1f2-0000-5000-8000-${String(n).padStart(12, '0')}`,
  epoch: 0,
  flow: n % 2 === 0 ? 'even' : 'odd',
  revision: 'r1',
  event: { id: `e-${n}`, source: '/issuers/erp/x', type: 'order.paid', time: '2026-01-02T03:04:05.678Z' },
  error: { code: 'REJECTED', fate: 'rejected', message: 'no' },
  parkedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, Math.floor(n / 4))),
  message: Buffer.from('{}'),
});

describe('the routes of a running host', () => {
  it('are those of the contract, each with schemas of its request and its response', () => {
    const contract = [...HOST, ...Object.entries<AdminRoute>(HEALTH_ROUTES)].map(([, route]) => route);
    const served = app.routes
      .filter((route) => !PLUGIN_PATHS.some((path) => route.endsWith(` ${path}`)) && !OTHER_ROUTES.includes(route))
      .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    expect(served.sort()).toEqual(contract.map(nameOf).sort());
    for (const { request, response, status } of contract) {
      // a strict schema, which refuses unknown fields
      expect(request.safeParse({ unknown: 1 }).error?.issues).toContainEqual(
        expect.objectContaining({ code: 'unrecognized_keys', keys: ['unknown'] }),
      );
      expect(response === null).toBe(status === 204);
    }
  });

  it.each(HOST)('refuse a request without a token or with too few rights: %s', async (_name, route) => {
    const body = route.method === 'POST' ? { body: {} } : {};
    expect(await app.ask(route.method, urlOf(route), { scope: null, ...body })).toMatchObject({ status: 401 });
    const weak = route.scope === 'admin' ? 'viewer' : 'events:write';
    expect(await app.ask(route.method, urlOf(route), { scope: weak, ...body })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', message: expect.stringContaining(route.scope) },
    });
  });

  it.each(HOST)('refuse unknown fields of a query and of a body: %s', async (_name, route) => {
    const answers = [await app.ask(route.method, `${urlOf(route)}?limt=5`, route.method === 'POST' ? { body: {} } : {})];
    if (route.method === 'POST') answers.push(await app.ask('POST', urlOf(route), { body: { limt: 5 } }));
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([400, PROBLEM.parse(body)]);
      expect(body).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('unknown field "limt" in the') });
    }
    expect(await app.store.audit.size({ limit: 10 })).toBe(0);
  });

  it('refuse a parameter of the path in the body', async () => {
    const answer = await app.ask('POST', '/api/parked/a/drop', { body: { run: 'b' } });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('unknown field "run" in the body') } });
    expect(app.dropped).toEqual([]);
  });

  it.each([[[]], ['text'], [5]])('refuse a body that is no object: %j', async (body) => {
    expect(await app.ask('POST', '/api/parked/a/drop', { body })).toMatchObject({ status: 400 });
    expect(app.dropped).toEqual([]);
  });

  it.each(Object.entries<AdminRoute>(ADMIN_ROUTES))('have the documented statuses of their errors: %s', (_name, route) => {
    const make: Readonly<Record<string, (message: string) => Error>> = { ...engineFail, ...hostFail };
    for (const [status, codes] of errorsOf(route))
      for (const code of codes) if (code in make) expect([code, problemOf(make[code]!('x')).status]).toEqual([code, status]);
  });

  it('have an operation in the OpenAPI document, with parameters, body, response and errors', () => {
    const { paths, components } = openApi(ADMIN_ROUTES, 'admin');
    for (const route of Object.values<AdminRoute>(ADMIN_ROUTES)) {
      const operation = paths[route.path]?.[route.method.toLowerCase()] as {
        parameters: { name: string; in: string; required: boolean }[];
        requestBody?: { content: { 'application/json': { schema: { properties: object } } } };
        responses: Record<string, { content?: unknown }>;
      };
      const fields = [
        ...operation.parameters.map(({ name }) => name),
        ...Object.keys(operation.requestBody?.content['application/json'].schema.properties ?? {}),
      ];
      expect(fields.sort()).toEqual(Object.keys(route.request.shape).sort());
      expect(operation.parameters.filter((one) => one.in === 'path').every(({ required }) => required)).toBe(true);
      expect(operation.responses[route.status]?.content === undefined).toBe(route.response === null);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '403', '500']));
    }
    expect(components.schemas).toHaveProperty('Problem');
  });
});

describe('lists', () => {
  it('return every parked run once while runs are added and dropped', async () => {
    await app.store.parked.add(Array.from({ length: 25 }, (_, n) => parkedRun(n)));
    const admin = app.clientOf('viewer');
    let pages = 0;
    const { items, more } = await collectPages(
      async (page) => {
        const answer = await admin.parked(page);
        expect(answer.remaining).toBe(Math.max(0, 25 - 10 * (pages + 1)));
        if (pages++ === 0) {
          await app.store.parked.add([{ ...parkedRun(99), parkedAt: new Date() }]);
          // the last row of the page, which the cursor names
          await app.store.parked.drop(answer.items.at(-1)?.run ?? '', 0);
        }
        return answer;
      },
      1_000,
      10,
    );
    expect(items.map(({ event }) => event.id)).toEqual(Array.from({ length: 25 }, (_, n) => `e-${24 - n}`));
    expect(more).toBe(0);
  });

  it('count what a client left out', async () => {
    await app.store.parked.add(Array.from({ length: 25 }, (_, n) => parkedRun(n)));
    const admin = app.clientOf('viewer');
    expect(await collectPages(admin.parked, 7, 5)).toMatchObject({ items: { length: 7 }, more: 18 });
    expect(await collectPages((page) => admin.parked({ flow: 'odd', ...page }), 7, 5)).toMatchObject({ more: 5 });
  });

  it('find a run by the beginning of its id, in any case', async () => {
    await app.store.parked.add([parkedRun(1), parkedRun(20)]);
    const { items } = await app.clientOf('viewer').parked({ run: parkedRun(20).run.slice(0, 35).toUpperCase() });
    expect(items.map(({ run }) => run)).toEqual([parkedRun(20).run]);
  });

  it('return every type of unrouted events once while types are added', async () => {
    app.unrouted = ['d', 'b', 'a', 'c'].map((type) => ({ type, count: 1 }));
    const admin = app.clientOf('viewer');
    const first = await admin.unrouted({ limit: 2 });
    expect(first).toMatchObject({ items: [{ type: 'a' }, { type: 'b' }], remaining: 2 });
    app.unrouted.push({ type: 'aa', count: 5 }, { type: 'cc', count: 5 });
    const second = await admin.unrouted({ limit: 9, cursor: first.next ?? '' });
    expect(second.items.map(({ type }) => type)).toEqual(['c', 'cc', 'd']);
    expect(second).not.toHaveProperty('next');
  });

  it('return every revocation once, although a repeated one changes its time', async () => {
    for (const sub of ['a', 'b', 'c']) await app.store.revocations.add({ issuer: 'erp', sub });
    await app.store.revocations.add({ issuer: 'erp', jti: 'x' });
    const admin = app.clientOf();
    const first = await admin.revoked({ limit: 2 });
    await app.store.revocations.add({ issuer: 'erp', sub: 'a' });
    const second = await admin.revoked({ limit: 2, cursor: first.next ?? '' });
    expect([...first.items, ...second.items].map((one) => ('jti' in one ? one.jti : one.sub))).toEqual(['x', 'a', 'b', 'c']);
    expect(second).not.toHaveProperty('next');
  });

  it('take their own cursors, also those of the longest names', async () => {
    for (const character of ['"', 'ж', '语'])
      await app.store.revocations.add({ issuer: character.repeat(100), sub: character.repeat(300) });
    const { items } = await collectPages((page) => app.clientOf().revoked(page), 100, 1);
    expect(items).toHaveLength(3);
  });

  it('return the journal of an event page by page', async () => {
    const entry = { flow: 'save', run: 'r', eventId: 'e', eventSource: '/x', eventType: 'a', kind: 'called' as const };
    for (let n = 0; n < 5; n++) app.store.journal.write({ ...entry, at: new Date(n % 2), attempt: n });
    const { items } = await collectPages((page) => app.clientOf('viewer').find({ id: 'e', ...page }), 100, 2);
    expect(items.map(({ attempt }) => attempt)).toEqual([0, 2, 4, 1, 3]);
  });

  it('return runs by outcome, note and connection, with the reasons of those that wait', async () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
    const entry = { flow: 'save', eventId: 'e', eventSource: '/x', eventType: 'a', step: 's', connection: 'erp' };
    const { journal } = app.store;
    journal.write({
      ...entry,
      at: at(1),
      run: 'a',
      kind: 'waiting',
      note: 'Заказ W-4',
      waits: { kind: 'pace', priority: 'bulk' },
    });
    for (let n = 0; n < 5; n++)
      journal.write({ ...entry, at: at(2 + n), run: `r-${n}`, kind: n % 2 === 0 ? 'parked' : 'caught' });
    app.paces = { erp: { owner: true, limit: 4, breaker: 'closed' } };
    const { runs } = app.clientOf('viewer');
    const { items } = await collectPages((page) => runs({ connection: 'erp', ...page }), 100, 2);
    expect(items.map(({ run, outcome }) => `${run} ${outcome}`)).toEqual([
      'r-4 parked',
      'r-3 caught',
      'r-2 parked',
      'r-1 caught',
      'r-0 parked',
      'a waiting',
    ]);
    expect((await runs({ outcome: 'caught', since: at(5).toISOString() })).items.map(({ run }) => run)).toEqual(['r-3']);
    expect((await runs({ note: 'w-4' })).items).toEqual([
      {
        ...entry,
        at: at(1).toISOString(),
        run: 'a',
        outcome: 'waiting',
        note: 'Заказ W-4',
        waits: { because: 'pace', text: 'pace of erp (limit 4, at most 0 before it)' },
      },
    ]);
    expect(await app.ask('GET', '/api/runs?note=%2A')).toMatchObject({ status: 400 });
  });

  it.each(['0', '1001', '-1', '1.5', 'many', '', '1&limit=2'])('refuse the limit %j', async (limit) => {
    expect(await app.ask('GET', `/api/parked?limit=${limit}`)).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID', message: expect.stringContaining('limit') },
    });
  });

  it('refuse cursors that are not of the list', async () => {
    for (let n = 0; n < 3; n++) await app.store.audit.begin({ issuer: 'a', sub: 'b', route: 'c', target: 'd' });
    const { next = '' } = await app.clientOf().audit({ limit: 1 });
    expect((await app.clientOf().audit({ limit: 1, cursor: next })).items).toHaveLength(1);
    for (const [list, cursor] of [
      ['parked', next],
      ['unrouted', next],
      ['find/e', next],
      ['runs', next],
      ['tokens/revoked', next],
      ['audit', 'AAAA'],
      ['audit', Buffer.from('["audit",-1]').toString('base64url')],
      // values that PostgreSQL refuses
      ...['[9e15,"a",0]', '[-2.2e14,"a",0]', '[0,"a\\u0000b",0]', '[0,"a",2147483648]'].map((position) => [
        'parked',
        Buffer.from(`["parked",${position}]`).toString('base64url'),
      ]),
      ['find/e', Buffer.from('["find",[-8.64e15,1]]').toString('base64url')],
    ])
      expect(await app.ask('GET', `/api/${list}?cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('not a cursor of this list') },
      });
  });
});

describe('a request with data', () => {
  it('may have keys that are names of the prototype of objects', async () => {
    const data = JSON.parse('{"__proto__": {"a": 1}, "constructor": {"prototype": {"b": 2}}}') as unknown;
    expect(await app.ask('POST', '/api/parked/r-1/replay', { body: { data } })).toMatchObject({ status: 202 });
    expect(JSON.stringify(app.replayed)).toBe(JSON.stringify([data]));
    expect(await app.ask('POST', '/api/parked/r-1/replay', { body: JSON.parse('{"__proto__": 1}') })).toMatchObject({
      status: 400,
    });
  });

  it('is refused with the reason in words', async () => {
    const messageOf = async (url: string) => ((await app.ask('GET', url)).body as { message: string }).message;
    expect(await messageOf(`/api/runs?note=${'y'.repeat(301)}`)).toBe('note: has more than 300 characters');
    expect(await messageOf('/api/parked?run=')).toBe('run: is empty');
  });
});

describe('a request that no route of the admin API handles', () => {
  it('is answered 415 when its body is a text', async () => {
    expect(await app.ask('POST', '/api/doctor/prune', { body: { queues: [] }, contentType: 'text/plain' })).toMatchObject({
      status: 415,
      body: { code: 'MEDIA_TYPE', message: expect.stringContaining('application/json') },
    });
  });

  it('is answered 404 in the common format below the pages of the document', async () => {
    expect(await app.ask('GET', '/api/docsXX')).toMatchObject({
      status: 404,
      body: { code: 'NO_ROUTE', cure: expect.any(String) },
    });
  });

  it('is answered 404 with the known issuers when it revokes tokens of another one', async () => {
    expect(await app.ask('POST', '/api/tokens/revoke', { body: { issuer: 'erpp', sub: 'anna' } })).toMatchObject({
      status: 404,
      body: { code: 'NO_ISSUER', message: 'there is no issuer "erpp"; the issuers are operator, erp' },
    });
    expect(await app.ask('POST', '/api/tokens/revoke', { body: { sub: 'anna' } })).toMatchObject({ status: 204 });
  });
});

describe('the story of an event', () => {
  const write = (second: number, run: string, more: object) =>
    app.store.journal.write({
      at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)),
      flow: `flow-${run}`,
      run,
      eventId: `event-${run}`,
      eventSource: '/x',
      eventType: 'order.paid',
      kind: 'done',
      ...more,
    });
  const storyOf = async (id: string, limit = 1_000) => {
    const { events, isCut } = await app.clientOf('viewer').story({ id, limit });
    const lines = events.map(({ id: event, depth, role, runs }) => {
      const outcomes = runs.map(({ run, outcome, entries }) => `${run}:${outcome}:${entries.map(({ kind }) => kind).join('+')}`);
      return `${'  '.repeat(depth)}${role} ${event} ${outcomes.join(' ')}`;
    });
    return { lines, isCut };
  };

  beforeEach(() => {
    write(1, 'root', {});
    write(1, 'root', { kind: 'called' });
    write(2, 'sibling', { causationid: 'event-root' });
    write(2, 'middle', { causationid: 'event-root', kind: 'parked' });
    write(3, 'middle', { causationid: 'event-root', kind: 'replayed' });
    write(4, 'middle', { causationid: 'event-root', epoch: 1 });
    write(4, 'other', { eventId: 'event-middle', causationid: 'event-root', kind: 'expired' });
    write(6, 'late', { causationid: 'event-middle' });
    write(5, 'early', { causationid: 'event-middle' });
    write(7, 'last', { causationid: 'event-early' });
  });

  it('has its causes, its runs with their replays, and its effects in order of time', async () => {
    const lines = [
      'cause event-root root:done:done',
      '  found event-middle middle:done:parked+replayed+done other:expired:expired',
      '    effect event-early early:done:done',
      '      effect event-last last:done:done',
      '    effect event-late late:done:done',
    ];
    expect(await storyOf('event-middle')).toEqual({ lines, isCut: false });
    expect(await storyOf('middle')).toEqual({ lines, isCut: false });
  });

  it('ends at its limit and reports it', async () => {
    const { lines, isCut } = await storyOf('event-root', 4);
    expect([lines.length, isCut]).toEqual([3, true]);
  });

  it('ends although events caused each other', async () => {
    write(1, 'a', { causationid: 'event-b' });
    write(2, 'b', { causationid: 'event-a' });
    expect((await storyOf('event-a')).lines).toHaveLength(2);
  });

  it('is empty for an unknown id, or has the reason of an event that is held', async () => {
    expect(await app.clientOf('viewer').story({ id: 'absent' })).toEqual({ events: [], isCut: false });
    app.store.lanes.waitsFor = async (flow, run) =>
      flow === 'orders' && run === 'held' ? { key: 'k', behind: { run: 'first', epoch: 0 }, before: 3 } : undefined;
    expect(await app.clientOf('viewer').story({ id: 'held' })).toMatchObject({
      waits: { because: 'order', text: 'order: behind run first of the same key, 3 before it' },
    });
  });
});

describe('the audit log', () => {
  const actions = async () => (await app.clientOf().audit({})).items;

  it('records the actor, the route, the target and the outcome of an action', async () => {
    await app.clientOf('admin', 'petrova').drop({ run: 'r-1' });
    expect(await actions()).toEqual([
      {
        n: expect.any(Number),
        at: expect.any(String),
        issuer: 'operator',
        sub: 'petrova',
        route: 'POST /api/parked/{run}/drop',
        target: 'run r-1',
        outcome: 'done',
      },
    ]);
  });

  it('records the code of a failed action', async () => {
    await expect(app.clientOf().replayUnrouted({ type: 'order.*', flow: 'absent' })).rejects.toMatchObject({ status: 409 });
    await expect(app.clientOf().drop({ run: 'broken' })).rejects.toMatchObject({ status: 500 });
    expect((await actions()).map(({ target, outcome }) => [target, outcome])).toEqual([
      ['run broken', 'INTERNAL'],
      ['events order.* to flow absent', 'CONFIG_INVALID'],
    ]);
  });

  it('contains no secret and no data of an event', async () => {
    await app
      .clientOf()
      .replay({ run: MASKED, data: { card: '4111' } })
      .catch(() => undefined);
    await app.clientOf().revoke({ jti: 'token-7' });
    await app.clientOf().revoke({ issuer: 'erp', sub: 'ivanov' });
    expect((await actions()).map(({ target }) => target)).toEqual([
      'user erp/ivanov',
      'token token-7 of operator',
      'run ***, with other data',
    ]);
  });

  it('does not record requests that are refused or change nothing', async () => {
    await app.ask('POST', '/api/parked/a/drop', { scope: 'viewer', body: {} });
    await app.ask('POST', '/api/tokens/revoke', { body: {} });
    await app.ask('GET', '/api/parked');
    expect(await actions()).toEqual([]);
  });

  it('lets no action begin that it cannot record', async () => {
    app.database.away = true;
    const answer = await app.ask('POST', '/api/parked/a/drop', { body: {} });
    expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
    expect(app.dropped).toEqual([]);
  });

  it('keeps an action as started when its end cannot be recorded, and the action succeeds', async () => {
    app.store.audit.end = () => Promise.reject(engineFail.STORE_UNAVAILABLE('away'));
    await app.clientOf().drop({ run: 'r-1' });
    expect(app.dropped).toEqual(['r-1']);
    expect(await actions()).toMatchObject([{ outcome: 'started' }]);
    expect(JSON.stringify(app.log.lines)).toContain('the outcome of an action cannot be recorded');
  });
});

describe('a run that a host of a newer release has parked', () => {
  it('is shown by no host of this release, which answers 409 with the cure', async () => {
    const json = Buffer.from(JSON.stringify({ v: RUN_STATE_VERSION + 1, future: [] }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.length);
    const newer = { ...parkedRun(1), message: Buffer.concat([length, json]) };
    await app.store.parked.add([newer]);
    expect(await app.ask('GET', `/api/parked/${newer.run}`)).toMatchObject({
      status: 409,
      body: { code: 'REPLAY_REFUSED', cure: 'use a host of the newer release' },
    });
  });
});
