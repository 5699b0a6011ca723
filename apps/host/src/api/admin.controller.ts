import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { decodeRun, readData, type ParkedRun, type ParkedState } from '@sluice/engine';
import { engineFail, isEventType } from '@sluice/plugin-api';
import { z } from 'zod';
import { AccessGuard, Scope } from './access.js';
import { connectionReports } from './connection-reports.js';
import { diagnose, pruneQueues } from './doctor.js';
import { HostServices } from './host-services.js';
import { Summary } from './summary.js';
import { replayUnrouted } from './unrouted-replay.js';

/** PostgreSQL rejects NUL and replaces lone surrogates, so both are rejected. */
const Text = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has control characters, or half of a surrogate pair');
/** Id of a run or an event, at most 200 bytes. */
const Id = Text.min(1).max(300);
const ListQuery = z.strictObject({
  flow: Text.max(300).optional(),
  state: z.enum(['parked', 'replaying', 'replayed', 'dropped', 'all']).default('parked'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const ReplayBody = z.strictObject({ data: z.unknown().optional(), fromStart: z.boolean().default(false) }).meta({ id: 'Replay' });
/** Pattern of event types: `*` matches one word, `#` any number of words. */
const isTypePattern = (text: string) => isEventType(text.replace(/(?<=^|\.)[*#](?=\.|$)/g, 'any'));
const UnroutedBody = z
  .strictObject({
    type: z.string().refine(isTypePattern, 'is neither an event type nor a pattern of types'),
    flow: z.string().max(300),
  })
  .meta({ id: 'UnroutedReplay' });
const RevokeBody = z
  .strictObject({
    issuer: Text.min(1).max(100).default('operator'),
    jti: Text.min(1).max(200).optional(),
    sub: Text.min(1).max(300).optional(),
  })
  .refine(({ jti, sub }) => (jti === undefined) !== (sub === undefined), 'needs either `jti` or `sub`')
  .meta({ id: 'Revoke' });
const PruneBody = z.strictObject({ queues: z.array(z.string()) }).meta({ id: 'Prune' });

/** The admin API, for the command line and the console. */
@UseGuards(AccessGuard)
@Controller('api')
export class AdminController {
  constructor(private readonly services: HostServices) {}

  @Get('status')
  @Summary('Queues, what waits, what is in flight, limits now, parked runs')
  async status(): Promise<object> {
    const { engine, store, backends: engines, workspace, files } = this.services;
    const [status, parked, leases] = await Promise.all([engine.status(), store.parked.count(), store.leases.list()]);
    const connections = connectionReports(status, leases).map((report) => ({
      ...report,
      perMinute: this.services.metrics.rates.perMinute(report.connection),
    }));
    return { engines, flows: workspace.flows.map((flow) => flow.name), files, ...status, connections, parked, leases };
  }

  @Get('parked')
  @Summary('Runs put aside')
  async parked(@Query({ schema: ListQuery }) query: z.output<typeof ListQuery>): Promise<object> {
    const { flow, state, limit } = query;
    return this.services.store.parked.list({
      limit,
      ...(flow !== undefined && { flow }),
      ...(state !== 'all' && { state: state satisfies ParkedState }),
    });
  }

  @Get('parked/:run')
  @Summary('One of them, with its data and the outputs of its steps')
  async show(@Param('run', { schema: Id }) run: string): Promise<object> {
    const parked = await this.services.store.parked.get(run);
    if (!parked) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    return shown(parked);
  }

  @Post('parked/:run/replay')
  @HttpCode(202)
  @Scope('admin')
  @Summary(
    'Runs it again from the step that failed; with other data it is a new run. `repeats` names calls that may be made again',
  )
  async replay(
    @Param('run', { schema: Id }) run: string,
    @Body({ schema: ReplayBody }) body: z.output<typeof ReplayBody>,
  ): Promise<object> {
    const { parking } = this.services.engine;
    // read before the replay, because the journal of a running run also contains new calls
    const repeats = body.fromStart || body.data !== undefined ? await parking.callsOf(run) : [];
    return { run: await parking.replay(run, body), ...(repeats.length > 0 && { repeats }) };
  }

  @Post('parked/:run/drop')
  @HttpCode(204)
  @Scope('admin')
  @Summary('Drops a parked run for good')
  async drop(@Param('run', { schema: Id }) run: string): Promise<void> {
    await this.services.engine.parking.drop(run);
  }

  @Get('unrouted')
  @Summary('Events that no flow wanted, by type')
  async unrouted(): Promise<object> {
    return this.services.bus.unrouted();
  }

  @Post('unrouted/replay')
  @HttpCode(202)
  @Scope('admin')
  @Summary('Moves events of a type to a flow')
  async replayUnrouted(@Body({ schema: UnroutedBody }) body: z.output<typeof UnroutedBody>): Promise<object> {
    const flow = this.services.workspace.flows.find(({ name }) => name === body.flow);
    if (!flow) throw engineFail.CONFIG_INVALID(`there is no flow "${body.flow}"`);
    return { moved: await replayUnrouted(this.services.bus, flow, body.type) };
  }

  @Post('tokens/revoke')
  @HttpCode(204)
  @Scope('admin')
  @Summary('Refuses a token, or all that were issued to a user before now, on all hosts within 5 s')
  async revoke(@Body({ schema: RevokeBody }) { issuer, jti, sub }: z.output<typeof RevokeBody>): Promise<void> {
    const { revocations } = this.services.store;
    if (jti !== undefined) await revocations.add({ issuer, jti });
    else if (sub !== undefined) await revocations.add({ issuer, sub });
  }

  @Get('tokens/revoked')
  @Scope('admin')
  @Summary('What is revoked')
  async revoked(): Promise<object> {
    return this.services.store.revocations.list();
  }

  @Get('find/:id')
  @Summary('What happened to an event or a run')
  async find(@Param('id', { schema: Id }) id: string): Promise<object> {
    return this.services.store.journal.find(id);
  }

  @Get('doctor')
  @Summary('Which engines run, and what is wrong with them')
  async doctor(): Promise<object> {
    return diagnose(this.services);
  }

  @Post('doctor/prune')
  @Scope('admin')
  @Summary('Empties and removes the queues of flows that are gone')
  async prune(@Body({ schema: PruneBody }) body: z.output<typeof PruneBody>): Promise<object> {
    return pruneQueues(this.services, body.queues);
  }
}

function shown(parked: ParkedRun): object {
  const { message, ...summary } = parked;
  const { state, body } = decodeRun(message);
  let data: unknown;
  try {
    data = readData(parked.event, body);
  } catch {
    data = { unreadable: body.toString('base64') };
  }
  return { ...summary, data: writable(data) ?? { unreadable: body.toString('base64') }, steps: writable(state.steps) ?? {} };
}

/** Returns undefined for a value that cannot be written as JSON, such as one with a hundred thousand levels. */
function writable(value: unknown): unknown {
  try {
    JSON.stringify(value);
    return value;
  } catch {
    return undefined;
  }
}
