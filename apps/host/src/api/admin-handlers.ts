import {
  readPage,
  pageOfList,
  cursorsOf,
  HOST_ROUTES,
  MAX_PAGE_SIZE,
  Text,
  type HostRouteName,
  type Page,
  type RequestOf,
  type ResponseOf,
} from '@sluice/admin-contract';
import { Injectable } from '@nestjs/common';
import { readData, readParkedRun, parseNoteQuery, type ParkedFilter, type ParkedPosition, type ParkedRun } from '@sluice/engine';
import { namesListed, nearest } from '@sluice/flow';
import { engineFail } from '@sluice/plugin-api';
import { z } from 'zod';
import { connectionReports } from './connection-reports.js';
import { hostFail } from '../failures.js';
import { diagnose, pruneQueues } from './doctor.js';
import { scheduleReports } from './schedule-reports.js';
import { HostServices } from './host-services.js';
import { json } from './json.js';
import { runItems, storyOf } from './run-views.js';
import { capsuleOf } from './run-capsule.js';
import { replayUnrouted } from './unrouted-replay.js';

type Routes = typeof HOST_ROUTES;
type Request<Name extends HostRouteName> = RequestOf<Routes[Name]>;
type Response<Name extends HostRouteName> = ResponseOf<Routes[Name]>;
type Handlers = { readonly [Name in HostRouteName]: (request: Request<Name>) => Promise<Response<Name>> };

/** Milliseconds since 1970 that PostgreSQL and JavaScript both have as a time. */
const Milliseconds = z.int().min(0).max(8.64e15);
const Number53 = z.int().min(0);
/** The type `integer` of PostgreSQL. */
const Epoch = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const PARKED = cursorsOf('parked', z.tuple([Milliseconds, Text, Epoch]));
const FOUND = cursorsOf('find', z.tuple([Milliseconds, Number53]));
const RUNS = cursorsOf('runs', z.tuple([Milliseconds, Number53]));
const AUDIT = cursorsOf('audit', Number53);
const UNROUTED = cursorsOf('unrouted', z.string());
const REVOKED = cursorsOf('revoked', z.string());

/** The work of each route of the admin API. */
@Injectable()
export class AdminHandlers implements Handlers {
  constructor(private readonly services: HostServices) {}

  async status(): Promise<Response<'status'>> {
    const { engine, store, backends: engines, workspace, files } = this.services;
    const [status, parked, leases, planned, hosts] = await Promise.all([
      engine.status(),
      store.parked.count(),
      store.leases.list(),
      store.schedules.list(),
      store.hosts.list(),
    ]);
    const schedules = scheduleReports(workspace.flows, planned, Date.now());
    const connections = connectionReports(status, leases).map((report) => ({
      ...report,
      perMinute: this.services.metrics.rates.perMinute(report.connection),
    }));
    const flows = workspace.flows.map((flow) => flow.name);
    return json({ engines, flows, files, ...status, connections, schedules, parked, leases, hosts });
  }

  async parked({ order, limit, cursor, ...selected }: Request<'parked'>): Promise<Response<'parked'>> {
    const { parked } = this.services.store;
    const filter = { ...parkedFilter(selected), oldestFirst: order === 'oldest' };
    const { after } = PARKED.read(cursor);
    const from = after && { after: { parkedAt: new Date(after[0]), run: after[1], epoch: after[2] } };
    const page = await readPage(
      limit,
      (size) => parked.list({ ...filter, ...from, limit: size }),
      ({ parkedAt, run: id, epoch }: ParkedPosition) => PARKED.write([parkedAt.getTime(), id, epoch]),
      (last, size) => parked.size({ ...filter, after: last, limit: size }),
    );
    return json(page);
  }

  async parkedGroups(selected: Request<'parkedGroups'>): Promise<Response<'parkedGroups'>> {
    const groups = await this.services.store.parked.groups(parkedFilter(selected));
    const newest = groups.reduce<Date | undefined>(
      (last, { newest: at }) => (last === undefined || at > last ? at : last),
      undefined,
    );
    return json({
      runs: groups.reduce((sum, { runs }) => sum + runs, 0),
      ...(newest && { newest }),
      groups: groups.slice(0, MAX_PAGE_SIZE).map(({ flow, code, runs }) => ({ flow, code, runs })),
    });
  }

  async parkedRun({ run }: Request<'parkedRun'>): Promise<Response<'parkedRun'>> {
    const parked = await this.services.store.parked.get(run);
    if (!parked) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    return json(shown(parked));
  }

  async replay({ run, ...options }: Request<'replay'>): Promise<Response<'replay'>> {
    const { parking } = this.services.engine;
    // read before the replay, because the journal of a running run also contains new calls
    const repeats = options.fromStart || options.data !== undefined ? await parking.callsOf(run) : [];
    return { run: await parking.replay(run, options), ...(repeats.length > 0 && { repeats }) };
  }

  async drop({ run }: Request<'drop'>): Promise<void> {
    await this.services.engine.parking.drop(run);
  }

  async unrouted(page: Request<'unrouted'>): Promise<Response<'unrouted'>> {
    return pageOfList(await this.services.bus.unrouted(), ({ type }) => type, UNROUTED, page);
  }

  async replayUnrouted({ type, flow: name }: Request<'replayUnrouted'>): Promise<Response<'replayUnrouted'>> {
    const { flows } = this.services.workspace;
    const flow = flows.find((each) => each.name === name);
    if (!flow) {
      const names = flows.map((each) => each.name);
      const near = nearest(name, names);
      const cure = near === undefined ? namesListed('flows', names) : `did you mean ${near}?`;
      throw engineFail.CONFIG_INVALID(`there is no flow "${name}": ${cure}`);
    }
    return { moved: await replayUnrouted(this.services.bus, flow, type) };
  }

  async revoke({ issuer, jti, sub }: Request<'revoke'>): Promise<void> {
    const { issuers } = this.services.tokens;
    if (!issuers.includes(issuer))
      throw hostFail.NO_ISSUER(`there is no issuer ${JSON.stringify(issuer)}; the issuers are ${issuers.join(', ')}`);
    const { revocations } = this.services.store;
    if (jti !== undefined) await revocations.add({ issuer, jti });
    else if (sub !== undefined) await revocations.add({ issuer, sub });
  }

  async revoked(page: Request<'revoked'>): Promise<Response<'revoked'>> {
    const all = await this.services.store.revocations.list();
    // names contain no line breaks
    const keyOf = (one: (typeof all)[number]) => [one.issuer, ...('jti' in one ? ['jti', one.jti] : ['sub', one.sub])].join('\n');
    return json(await pageOfList(all, keyOf, REVOKED, page));
  }

  async find({ id, limit, cursor }: Request<'find'>): Promise<Response<'find'>> {
    const { after } = FOUND.read(cursor);
    const from = after && { after: { at: new Date(after[0]), n: after[1] } };
    const { entries, next } = await this.services.store.journal.page(id, { ...from, limit });
    const page: Page<(typeof entries)[number]> = {
      items: entries,
      ...(next && { next: FOUND.write([next.at.getTime(), next.n]) }),
    };
    return json(page);
  }

  async runs({ flow, outcome, since, connection, note, limit, cursor }: Request<'runs'>): Promise<Response<'runs'>> {
    const { after } = RUNS.read(cursor);
    const { runs, next } = await this.services.store.journal.runs({
      ...(flow !== undefined && { flow }),
      ...(outcome !== undefined && { kind: outcome }),
      ...(since !== undefined && { since: new Date(since) }),
      ...(connection !== undefined && { connection }),
      ...(note !== undefined && { note: parseNoteQuery(note) }),
      ...(after && { after: { at: new Date(after[0]), n: after[1] } }),
      limit,
    });
    return { items: await runItems(this.services, runs), ...(next && { next: RUNS.write([next.at.getTime(), next.n]) }) };
  }

  async capsule({ run }: Request<'capsule'>): Promise<Response<'capsule'>> {
    return capsuleOf(this.services, run);
  }

  async story({ id, limit }: Request<'story'>): Promise<Response<'story'>> {
    return storyOf(this.services, id, limit);
  }

  async audit({ limit, cursor }: Request<'audit'>): Promise<Response<'audit'>> {
    const { audit } = this.services.store;
    const from = AUDIT.read(cursor);
    const page = await readPage(
      limit,
      (size) => audit.list({ ...from, limit: size }),
      ({ n }) => AUDIT.write(n),
      ({ n }, size) => audit.size({ after: n, limit: size }),
    );
    return json(page);
  }

  reload(): Promise<Response<'reload'>> {
    return this.services.reload();
  }

  doctor(): Promise<Response<'doctor'>> {
    return diagnose(this.services);
  }

  prune({ queues }: Request<'prune'>): Promise<Response<'prune'>> {
    return pruneQueues(this.services, queues);
  }
}

function parkedFilter({ state, run, note, since, until, ...same }: Request<'parkedGroups'>): ParkedFilter {
  return {
    ...same,
    ...(state !== 'all' && { state }),
    ...(run !== undefined && { runPrefix: run.toLowerCase() }),
    ...(note !== undefined && { note: parseNoteQuery(note) }),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

function shown(parked: ParkedRun) {
  const { message: _message, ...summary } = parked;
  const { state, body } = readParkedRun(parked);
  let data: unknown;
  try {
    data = readData(parked.event, body);
  } catch {
    data = { unreadable: body.toString('base64') };
  }
  return { ...summary, data: writable(data) ?? { unreadable: body.toString('base64') }, steps: writable(state.steps) ?? {} };
}

/** Returns undefined for a value that cannot be written as JSON, such as one with a hundred thousand levels. */
function writable<T>(value: T): T | undefined {
  try {
    JSON.stringify(value);
    return value;
  } catch {
    return undefined;
  }
}
