import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import type { HostApi } from '../admin/host-api.js';
import { openHostApi } from '../admin/operator.js';
import { runOf, shortRuns } from '../admin/short-run.js';
import { CommandError, EXIT, UsageError, describeError } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { shownRun, type Parked, type ShownRun } from '../terminal/parked-run.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { ago, counted } from '../terminal/words.js';

const STATES = ['parked', 'replaying', 'replayed', 'dropped', 'all'];
/** A complete id, which needs no search. */
const FULL_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PAGE = 1_000;

export function addParked(parked: Command): void {
  addFormat(
    parked
      .command('ls')
      .description('list parked runs')
      .option('--flow <name>', 'only runs of this flow')
      .addOption(new Option('--state <state>', 'only runs in this state').choices(STATES).default('parked')),
  ).action(list);
  addFormat(
    parked
      .command('show')
      .description('show data, steps and error of a run')
      .argument('<run>', 'id of the run, or a prefix of it'),
  ).action(show);
  parked
    .command('replay')
    .description('continue a run from the failed step')
    .argument('[run]', 'id of the run, or a prefix of it')
    .option('--data <file>', 'start a new run with the data of this JSON file')
    .option('--from-start', 'replay from the first step')
    .option('--all', 'all parked runs')
    .option('--flow <name>', 'with --all: only runs of this flow')
    .action(replay);
  parked
    .command('drop')
    .description('discard a run permanently')
    .argument('[run]', 'id of the run, or a prefix of it')
    .option('--all', 'all parked runs of a flow; needs --flow')
    .option('--flow <name>', 'with --all: the flow')
    .action(drop);
}

async function list({ flow, state, ...format }: { flow?: string; state: string } & Format): Promise<void> {
  const runs = await listed(await openHostApi(), { state, ...(flow !== undefined && { flow }) });
  if (wantsJson(format)) return printJson(runs);
  if (runs.length === 0) return say('no run is parked');
  const ids = shortRuns(runs.map(({ run }) => run));
  const now = new Date();
  const rows = runs.map(({ run, flow: name, step, parkedAt, state: is, error, event }) => [
    ids.get(run) ?? run,
    step === undefined ? name : `${name}/${step}`,
    event.type,
    event.subject ?? '',
    ago(new Date(parkedAt), now),
    is,
    `${paint.red(error.code)} ${error.message}`,
  ]);
  print(headedTable(['RUN', 'FLOW/STEP', 'EVENT', 'SUBJECT', 'PARKED', 'STATE', 'BECAUSE'], rows));
}

async function show(prefix: string, format: Format): Promise<void> {
  const api = await openHostApi();
  const run = await api.get<ShownRun>(`/api/parked/${await findRun(api, prefix)}`);
  if (wantsJson(format)) printJson(run);
  else print(shownRun(run, new Date()));
}

interface ReplayFlags {
  readonly data?: string;
  readonly fromStart?: boolean;
  readonly all?: boolean;
  readonly flow?: string;
}

async function replay(prefix: string | undefined, { data, fromStart = false, all = false, flow }: ReplayFlags): Promise<void> {
  if (all === (prefix !== undefined)) throw new UsageError('name a run, or write --all');
  if (all && data !== undefined) throw new UsageError('--data is for one run, not for --all');
  if (flow !== undefined && !all) throw new UsageError('--flow goes with --all');
  const api = await openHostApi();
  if (prefix === undefined) return replayAll(api, fromStart, flow);
  const body = { fromStart, ...(data !== undefined && { data: await readData(data) }) };
  const replayed = await api.post<Replayed>(`/api/parked/${await findRun(api, prefix)}/replay`, body);
  warnOfRepeats(replayed);
  print(`Replayed. Follow it: sluice find ${replayed.run}`);
}

async function drop(prefix: string | undefined, { all = false, flow }: Pick<ReplayFlags, 'all' | 'flow'>): Promise<void> {
  if (all === (prefix !== undefined)) throw new UsageError('name a run, or write --all --flow NAME');
  if (all !== (flow !== undefined)) throw new UsageError('--all and --flow go together');
  const api = await openHostApi();
  const runs =
    prefix === undefined ? await listed(api, { state: 'parked', flow: flow ?? '' }) : [{ run: await findRun(api, prefix) }];
  for (const { run } of runs) await api.post(`/api/parked/${run}/drop`);
  const more = runs.length === PAGE ? '; there may be more runs: repeat the command' : '';
  print(`dropped ${prefix === undefined ? counted(runs.length, 'run') : runs[0]?.run}${more}`);
}

/** The answer of the host to a replay. */
interface Replayed {
  readonly run: string;
  /** X-Request-Ids of the earlier calls of the run: a replay from the start may repeat them under other ids. */
  readonly repeats?: readonly string[];
}

function warnOfRepeats({ run, repeats = [] }: Replayed): void {
  if (repeats.length === 0) return;
  say(paint.yellow(`run ${run}: calls that were made before may be repeated: ${repeats.join(', ')}`));
}

async function replayAll(api: HostApi, fromStart: boolean, flow: string | undefined): Promise<void> {
  const runs = await listed(api, { state: 'parked', ...(flow !== undefined && { flow }) });
  let done = 0;
  for (const { run } of runs) {
    try {
      warnOfRepeats(await api.post<Replayed>(`/api/parked/${run}/replay`, { fromStart }));
      done++;
    } catch (error) {
      say(`${run}: ${describeError(error)}`);
    }
  }
  print(`replayed ${counted(done, 'run')}${runs.length === PAGE ? `; there may be more runs: repeat the command` : ''}`);
  if (done < runs.length) process.exitCode = EXIT.failed;
}

function listed(api: HostApi, query: Readonly<Record<string, string>>): Promise<readonly Parked[]> {
  return api.get(`/api/parked?${new URLSearchParams({ ...query, limit: String(PAGE) }).toString()}`);
}

async function findRun(api: HostApi, prefix: string): Promise<string> {
  return FULL_ID.test(prefix) ? prefix.toLowerCase() : runOf(prefix, await listed(api, { state: 'all' }));
}

async function readData(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
}
