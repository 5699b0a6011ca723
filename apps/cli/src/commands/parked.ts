import { readFile } from 'node:fs/promises';
import type { AdminClient, Collected, ParkedItem } from '@sluice/admin-contract';
import { Option, type Command } from 'commander';
import { addAll, listed, sayMore, type ListFlags } from '../admin/listed.js';
import { TokenRefusedError } from '../admin/host-api.js';
import { openHostApi } from '../admin/operator.js';
import { runOf, runsLike, shortRuns } from '../admin/short-run.js';
import { CommandError, EXIT, UsageError, describeError } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { shownRun } from '../terminal/parked-run.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { ago, counted } from '../terminal/words.js';

const STATES = ['parked', 'replaying', 'replayed', 'dropped', 'all'] as const;
type State = (typeof STATES)[number];
/** A complete id, which needs no search. */
const FULL_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

export function addParked(parked: Command): void {
  const ls = addFormat(
    parked
      .command('ls')
      .description('list parked runs')
      .option('--flow <name>', 'only runs of this flow')
      .addOption(new Option('--state <state>', 'only runs in this state').choices(STATES).default('parked')),
  );
  addAll(ls).action(list);
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

async function list({ flow, state, ...flags }: { flow?: string; state: State } & ListFlags & Format): Promise<void> {
  const { admin } = await openHostApi();
  const filter = { state, ...(flow !== undefined && { flow }) };
  const found = await listed((page) => admin.parked({ ...filter, ...page }), flags);
  if (wantsJson(flags)) printJson(found.items);
  else if (found.items.length === 0) say('no run is parked');
  else print(parkedTable(found.items, new Date()));
  sayMore(found, flags);
}

function parkedTable(runs: readonly ParkedItem[], now: Date): string {
  const ids = shortRuns(runs.map(({ run }) => run));
  const rows = runs.map(({ run, flow: name, step, parkedAt, state: is, error, event }) => [
    ids.get(run) ?? run,
    step === undefined ? name : `${name}/${step}`,
    event.type,
    event.subject ?? '',
    ago(new Date(parkedAt), now),
    is,
    `${paint.red(error.code)} ${error.message}`,
  ]);
  return headedTable(['RUN', 'FLOW/STEP', 'EVENT', 'SUBJECT', 'PARKED', 'STATE', 'BECAUSE'], rows);
}

async function show(prefix: string, format: Format): Promise<void> {
  const { admin } = await openHostApi();
  const run = await admin.parkedRun({ run: await findRun(admin, prefix) });
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
  const { admin } = await openHostApi();
  if (prefix === undefined) return replayAll(admin, fromStart, flow);
  const body = { fromStart, ...(data !== undefined && { data: await readData(data) }) };
  const replayed = await admin.replay({ run: await findRun(admin, prefix), ...body });
  warnOfRepeats(replayed);
  print(`Replayed. Follow it: sluice find ${replayed.run}`);
}

async function drop(prefix: string | undefined, { all = false, flow }: Pick<ReplayFlags, 'all' | 'flow'>): Promise<void> {
  if (all === (prefix !== undefined)) throw new UsageError('name a run, or write --all --flow NAME');
  if (all !== (flow !== undefined)) throw new UsageError('--all and --flow go together');
  const { admin } = await openHostApi();
  const { items: runs, more } =
    prefix === undefined ? await parkedRuns(admin, flow) : { items: [await findRun(admin, prefix)], more: 0 };
  for (const run of runs) await admin.drop({ run });
  print(`dropped ${prefix === undefined ? counted(runs.length, 'run') : runs[0]}${repeatText(more)}`);
}

/** @param replayed the answer of the host to a replay */
function warnOfRepeats({ run, repeats = [] }: Awaited<ReturnType<AdminClient['replay']>>): void {
  if (repeats.length === 0) return;
  say(paint.yellow(`run ${run}: calls that were made before may be repeated: ${repeats.join(', ')}`));
}

/** Replays all parked runs. An error of one run does not stop the others, but a refused token does: the host would refuse each one. */
export async function replayAll(admin: AdminClient, fromStart: boolean, flow: string | undefined): Promise<void> {
  const { items: runs, more } = await parkedRuns(admin, flow);
  let done = 0;
  for (const run of runs) {
    try {
      warnOfRepeats(await admin.replay({ run, fromStart }));
      done++;
    } catch (error) {
      if (error instanceof TokenRefusedError) {
        say(`replayed ${counted(done, 'run')} of ${runs.length}`);
        throw error;
      }
      say(`${run}: ${describeError(error)}`);
    }
  }
  print(`replayed ${counted(done, 'run')}${repeatText(more)}`);
  if (done < runs.length) process.exitCode = EXIT.failed;
}

function repeatText(more: number): string {
  return more === 0 ? '' : '; there are more runs: repeat the command';
}

/** Returns the ids of the parked runs, at most {@link MAX_ITEMS}. */
function parkedRuns(admin: AdminClient, flow: string | undefined): Promise<Collected<string>> {
  const filter = flow === undefined ? {} : { flow };
  const read = async (page: { readonly limit: number; readonly cursor?: string }) => {
    const { items, ...rest } = await admin.parked({ ...filter, ...page });
    return { ...rest, items: items.map(({ run }) => run) };
  };
  return listed(read, { all: true });
}

async function findRun(admin: AdminClient, prefix: string): Promise<string> {
  return FULL_ID.test(prefix) ? prefix.toLowerCase() : runOf(prefix, await runsLike(admin, prefix));
}

async function readData(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
}
