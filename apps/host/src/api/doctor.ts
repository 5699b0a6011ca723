import type { Diagnosis } from '@sluice/admin-contract';
import { queues, type Connection, type ParkedAccountUsage } from '@sluice/engine';
import { ENGINE_CODES } from '@sluice/plugin-api';
import { describeWorkspace } from '../workspace-watch.js';
import type { HostServices } from './host-services.js';
import { diagnoseSchedules, scheduleReports } from './schedule-reports.js';

const CHECK_MS = 10_000;
/** Maximum number of reported types of unrouted events. Senders choose the types, so there can be thousands. */
const MAX_TYPES_SHOWN = 20;

/** Checks all backends and connections concurrently and returns the results as text. */
export async function diagnose(services: HostServices): Promise<readonly Diagnosis[]> {
  const { store, pacer, engine } = services;
  const [bus, kept, pace, ...connections] = await Promise.all([
    diagnoseBus(services),
    check(`store ${store.engine}`, () => store.check()),
    check(`pace ${pacer.engine}`, () => pacer.check().then(() => 'hands out slots')),
    ...engine.connections.all().map(diagnoseConnection),
  ]);
  return [
    diagnoseFiles(services),
    bus,
    kept,
    pace,
    ...connections,
    ...engine.parkedAccounts().map(diagnoseAccount),
    ...(kept.ok ? await schedulesOf(services) : []),
    ...(bus.ok ? await unroutedOf(services) : []),
    // the store contains the names of earlier flows
    ...(bus.ok && kept.ok ? await orphansOf(services) : []),
  ];
}

/** Deletes queues of removed flows and rejects any other queue. Resolves with the number of messages by queue. */
export async function pruneQueues(services: HostServices, names: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const orphans = await orphanQueues(services);
  const removed: Record<string, number> = {};
  const wanted = names.filter((one) => orphans.includes(one));
  for (const name of wanted) await services.engine.forgetFlow(flowOf(name));
  const held = await heldEvents(services);
  for (const name of wanted) removed[name] = (await services.bus.remove(name)) + (held.get(name) ?? 0);
  // a flow is forgotten with its last queue: until then the report names the others
  for (const flow of new Set(Object.keys(removed).map(flowOf)))
    if ((await services.bus.status(queuesOf(flow))).length === 0) await services.store.forgetFlow(flow);
  return removed;
}

/** Returns the flow of one of its queues. */
function flowOf(queue: string): string {
  return queue.replace(/^flow\./, '').replace(/\.(next|lane)$/, '');
}

function diagnoseFiles({ files, workspace }: HostServices): Diagnosis {
  const what = 'workspace';
  if (files.state === 'current') return { what, ok: true, says: `${files.directory}: ${workspace.flows.length} flows run` };
  return { what, ok: false, says: `${files.directory}: ${describeWorkspace(files)}` };
}

async function diagnoseBus({ bus, workspace }: HostServices): Promise<Diagnosis> {
  const state = bus.state();
  const what = `bus ${bus.engine}`;
  if (state.state !== 'up') return { what, ok: false, says: state.reason };
  if (!bus.consumerTimeoutMs) return { what, ok: true, says: 'confirms messages' };
  const expected = workspace.settings.rabbit.consumerTimeoutMs;
  const actual = await bus.consumerTimeoutMs();
  if (actual === undefined) {
    const compare = 'its management API does not tell, compare: rabbitmqctl environment | grep consumer_timeout';
    return { what, ok: true, says: `confirms messages; counts on a consumer_timeout of ${expected / 1_000} s; ${compare}` };
  }
  const says = `confirms messages; its consumer_timeout is ${actual / 1_000} s`;
  if (actual >= expected) return { what, ok: true, says };
  return {
    what,
    ok: false,
    says: `${says}, and settings.rabbit.consumerTimeout says ${expected / 1_000} s`,
    cure: 'set both to the same time, longer than the longest call',
  };
}

/** Checks one connection and opens it if necessary. Never rejects; resolves within 10 s. */
export async function diagnoseConnection(connection: Connection): Promise<Diagnosis> {
  const { name } = connection.spec;
  const what = `connection ${name}`;
  const { problem } = connection.health();
  const address = addressOf(connection);
  const looked = await check(what, () => connection.diagnose());
  const found = looked.ok && problem !== undefined ? { what, ok: false, says: problem } : looked;
  if (address === undefined) return found;
  return { ...found, address, says: found.says.includes(address) ? found.says : `${address}: ${found.says}` };
}

function diagnoseAccount({ account, runs, bytes, limit, isFull }: ParkedAccountUsage): Diagnosis {
  const mib = (size: number) => `${(size / 1024 ** 2).toFixed(1)} MiB`;
  return {
    what: `parked runs of ${account}`,
    ok: false,
    says: `${runs} runs with ${mib(bytes)} of at most ${mib(limit)}${isFull ? ': its events are refused with PARKED_FULL' : ''}`,
    cure: ENGINE_CODES.PARKED_FULL.cure,
  };
}

async function schedulesOf({ store, workspace }: HostServices): Promise<readonly Diagnosis[]> {
  if (!workspace.flows.some(({ trigger }) => trigger.kind === 'schedule')) return [];
  return diagnoseSchedules(scheduleReports(workspace.flows, await store.schedules.list(), Date.now()));
}

/** Returns the address of the plugin without user, password and query. */
function addressOf({ spec, plugin }: Pick<Connection, 'spec' | 'plugin'>): string | undefined {
  const address = plugin.address?.(spec.config);
  if (address === undefined || !/^[a-z][a-z0-9+.-]*:\/\//i.test(address) || !URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.username === '' && url.password === '' && url.search === '') return address;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

async function check(what: string, work: () => Promise<unknown>): Promise<Diagnosis> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_MS / 1_000} s`)), CHECK_MS);
  });
  try {
    const says = await Promise.race([work(), late]);
    return { what, ok: true, says: typeof says === 'string' ? says : 'can be used' };
  } catch (error) {
    const cure = (error as { cure?: string }).cure;
    return { what, ok: false, says: error instanceof Error ? error.message : String(error), ...(cure !== undefined && { cure }) };
  } finally {
    clearTimeout(timer);
  }
}

async function unroutedOf({ bus }: HostServices): Promise<readonly Diagnosis[]> {
  const unrouted = [...(await bus.unrouted())].sort((a, b) => b.count - a.count);
  const shown = unrouted.slice(0, MAX_TYPES_SHOWN);
  const rest = unrouted.slice(MAX_TYPES_SHOWN);
  const lines = shown.map(({ type, count }): Diagnosis => ({
    what: `events ${type}`,
    ok: false,
    says: `${count} wait: no flow takes them`,
    cure: `add the type to the trigger of a flow, then: sluice reload, and sluice unrouted replay ${type} --flow NAME`,
  }));
  if (rest.length === 0) return lines;
  const waiting = rest.reduce((sum, { count }) => sum + count, 0);
  return [
    ...lines,
    { what: 'events', ok: false, says: `${waiting} of ${rest.length} other types wait`, cure: 'list them: sluice unrouted ls' },
  ];
}

async function orphansOf(services: HostServices): Promise<readonly Diagnosis[]> {
  const [waiting, held] = await Promise.all([services.bus.status(await orphanQueues(services)), heldEvents(services)]);
  return waiting.map(({ queue, waiting: count }) => ({
    what: `queue ${queue}`,
    ok: false,
    says: `its flow is gone, ${count + (held.get(queue) ?? 0)} messages wait`,
    cure: 'bring the flow back, or: sluice doctor --prune',
  }));
}

/** Returns the queues of flows that were deployed earlier and are not in this workspace. */
async function orphanQueues({ store, workspace }: HostServices): Promise<readonly string[]> {
  const here = new Set(workspace.flows.map((flow) => flow.name));
  const seen = await store.flowsSeen([...here]);
  return seen.filter(({ flow }) => !here.has(flow)).flatMap(({ flow }) => queuesOf(flow));
}

function queuesOf(flow: string): readonly string[] {
  return [queues.flow(flow), queues.next(flow), queues.lane(flow)];
}

/** Returns the number of events that are held in an order, by the queue of lanes of their flow. */
async function heldEvents({ store }: HostServices): Promise<ReadonlyMap<string, number>> {
  return new Map((await store.lanes.count()).map(({ flow, held }) => [queues.lane(flow), held]));
}
