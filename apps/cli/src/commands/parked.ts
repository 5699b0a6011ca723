import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { AdminClient, ParkedGroups, ParkedItem } from '@sluice/admin-contract';
import { systemClock } from '@sluice/plugin-api';
import { Option, type Command } from 'commander';
import { eachParked } from '../admin/each-parked.js';
import { addAll, listed, sayMore, type ListFlags } from '../admin/listed.js';
import { openHostApi } from '../admin/operator.js';
import {
  addSelection,
  flagsText,
  groupsText,
  selectionOf,
  type ParkedSelection,
  type SelectionFlags,
} from '../admin/parked-selection.js';
import { runOf, runsLike, shortRuns } from '../admin/short-run.js';
import { CommandError, EXIT, UsageError } from '../exit.js';
import { stopRequest } from '../host/stop-request.js';
import { addFormat, readCount, wantsJson, type Format } from '../options.js';
import { paint, shown } from '../terminal/paint.js';
import { shownRun } from '../terminal/parked-run.js';
import { print, printJson, say } from '../terminal/print.js';
import { progress } from '../terminal/progress.js';
import { headedTable } from '../terminal/table.js';
import { ago, counted } from '../terminal/words.js';

/** Runs per second of a replay or drop of many runs. The pace of a connection bounds the calls; this bounds the work of the host. */
const DEFAULT_PER_SECOND = 50;
const STATES = ['parked', 'replaying', 'replayed', 'dropped', 'all'] as const;
type State = (typeof STATES)[number];
/** A complete id, which needs no search. */
const FULL_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

export function addParked(parked: Command): void {
  const ls = addFormat(
    addSelection(parked.command('ls').description('list parked runs')).addOption(
      new Option('--state <state>', 'only runs in this state').choices(STATES).default('parked'),
    ),
  );
  addAll(ls).action(list);
  addFormat(
    parked
      .command('show')
      .description('show data, steps and error of a run')
      .argument('<run>', 'id of the run, or a prefix of it'),
  ).action(show);
  const replayed = parked
    .command('replay')
    .description('continue runs from the failed step, oldest first')
    .argument('[run]', 'id of the run, or a prefix of it')
    .option('--data <file>', 'start a new run with the data of this JSON file')
    .option('--from-start', 'replay from the first step')
    .option('--all', 'all parked runs');
  addMany(replayed).action(replay);
  const dropped = parked
    .command('drop')
    .description('discard runs permanently')
    .argument('[run]', 'id of the run, or a prefix of it')
    .option('--all', 'all parked runs')
    .option('--yes', 'drop without asking');
  addMany(dropped).action(drop);
}

/** Adds the flags of a command for many runs. */
function addMany(command: Command): Command {
  return addSelection(command)
    .option('--dry-run', 'show how many runs it would be, and do nothing')
    .option('--rate <n>', 'maximum number of runs per second', readCount, DEFAULT_PER_SECOND);
}

async function list({ state, ...flags }: { state: State } & SelectionFlags & ListFlags & Format): Promise<void> {
  const { admin } = await openHostApi();
  const filter = { state, ...selectionOf(flags) };
  const found = await listed((page) => admin.parked({ ...filter, ...page }), flags);
  if (wantsJson(flags)) printJson(found.items);
  else if (found.items.length === 0) say('no run is parked');
  else print(parkedTable(found.items, new Date()));
  sayMore(found, flags);
}

function parkedTable(runs: readonly ParkedItem[], now: Date): string {
  const ids = shortRuns(runs.map(({ run }) => run));
  const rows = runs.map(({ run, flow: name, step, parkedAt, state: is, error, event, note }) => [
    ids.get(run) ?? run,
    step === undefined ? name : `${name}/${step}`,
    event.type,
    event.subject ?? '',
    note ?? '',
    ago(new Date(parkedAt), now),
    is,
    `${paint.red(error.code)} ${error.message}`,
  ]);
  return headedTable(['RUN', 'FLOW/STEP', 'EVENT', 'SUBJECT', 'NOTE', 'PARKED', 'STATE', 'BECAUSE'], rows);
}

async function show(prefix: string, format: Format): Promise<void> {
  const { admin } = await openHostApi();
  const run = await admin.parkedRun({ run: await findRun(admin, prefix) });
  if (wantsJson(format)) printJson(run);
  else print(shownRun(run, new Date()));
}

interface ManyFlags extends SelectionFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly rate: number;
}

interface ReplayFlags extends ManyFlags {
  readonly data?: string;
  readonly fromStart?: boolean;
}

async function replay(prefix: string | undefined, { data, fromStart = false, ...flags }: ReplayFlags): Promise<void> {
  const selection = chosen(prefix, flags);
  if (selection && data !== undefined) throw new UsageError('--data is for one run');
  const { admin } = await openHostApi();
  if (selection) return replayMany(admin, selection, { ...flags, fromStart }, stopRequest());
  const body = { fromStart, ...(data !== undefined && { data: await readData(data) }) };
  const replayed = await admin.replay({ run: await findRun(admin, prefix ?? ''), ...body });
  warnOfRepeats(replayed);
  print(`Replayed. Follow it: sluice find ${replayed.run}`);
}

async function drop(
  prefix: string | undefined,
  { yes = false, ...flags }: ManyFlags & { readonly yes?: boolean },
): Promise<void> {
  const selection = chosen(prefix, flags);
  const { admin } = await openHostApi();
  if (selection) return dropMany(admin, selection, { ...flags, yes }, stopRequest());
  const run = await findRun(admin, prefix ?? '');
  await admin.drop({ run });
  print(`dropped ${run}`);
}

/** Returns the selection of the flags; undefined when the command is for the named run. */
function chosen(prefix: string | undefined, { all = false, ...flags }: ManyFlags): ParkedSelection | undefined {
  const selection = selectionOf(flags);
  if (prefix === undefined && !all && !selection)
    throw new UsageError('name a run, or select runs: --all, --flow, --code, --step, --since');
  if (prefix === undefined) return selection ?? {};
  if (all || selection) throw new UsageError('name a run or select runs, not both');
  if (flags.dryRun) throw new UsageError('--dry-run is for selected runs');
  return undefined;
}

/** @param replayed the answer of the host to a replay */
function warnOfRepeats({ run, repeats = [] }: Awaited<ReturnType<AdminClient['replay']>>): void {
  if (repeats.length === 0) return;
  say(paint.yellow(`run ${run}: calls that were made before may be repeated: ${repeats.join(', ')}`));
}

type Admin = Pick<AdminClient, 'parked' | 'parkedGroups' | 'replay' | 'drop'>;

/** Replays the selected runs, after it has printed how many they are. */
export async function replayMany(
  admin: Admin,
  selection: ParkedSelection,
  { fromStart, ...flags }: ManyFlags & { readonly fromStart: boolean },
  signal: AbortSignal,
): Promise<void> {
  const counts = await countFirst(admin, selection);
  if (flags.dryRun || counts.newest === undefined) return;
  const work = async (run: string) => warnOfRepeats(await admin.replay({ run, fromStart }));
  const command = `parked replay${fromStart ? ' --from-start' : ''}`;
  await forMany(admin, { selection, counts, command, done: 'replayed', rate: flags.rate, signal }, work);
}

/** Drops the selected runs, after an operator has confirmed their number. */
export async function dropMany(
  admin: Admin,
  selection: ParkedSelection,
  { yes, ...flags }: ManyFlags & { readonly yes: boolean },
  signal: AbortSignal,
): Promise<void> {
  const counts = await countFirst(admin, selection);
  if (flags.dryRun || counts.newest === undefined) return;
  if (!yes) await confirm(`Drop ${counted(counts.runs, 'run')} permanently? Type the number to confirm: `, String(counts.runs));
  await forMany(admin, { selection, counts, command: 'parked drop', done: 'dropped', rate: flags.rate, signal }, async (run) => {
    await admin.drop({ run });
  });
}

/** Counts the selected runs and prints the number. */
async function countFirst(admin: Admin, selection: ParkedSelection): Promise<ParkedGroups> {
  const counts = await admin.parkedGroups(selection);
  print(groupsText(counts));
  return counts;
}

interface Many {
  readonly selection: ParkedSelection;
  readonly counts: ParkedGroups;
  /** The command without its selection, to go on after an interruption. */
  readonly command: string;
  /** `replayed` or `dropped`. */
  readonly done: string;
  readonly rate: number;
  /** Ends the work after the current run. */
  readonly signal: AbortSignal;
}

/** Does the work for each selected run that was parked when the runs were counted, and prints the progress and the result. */
async function forMany(
  admin: Admin,
  { selection, counts, command, done: verb, rate, signal }: Many,
  work: (run: string) => Promise<void>,
): Promise<void> {
  // by the clock of the hosts, so runs that are parked again after their replay are not selected again
  const until = counts.newest as string;
  const { runs: total } = counts;
  const terminal = process.stderr.isTTY;
  const bar = progress({ write: (text) => process.stderr.write(text), total, terminal, now: () => systemClock.monotonic() });
  const options = {
    admin,
    selection: { ...selection, until },
    perSecond: rate,
    clock: systemClock,
    signal,
    shown: (done: number, failed: number) => bar.show(done + failed, `${done + failed} of ${total}`),
    report: (line: string) => bar.note(shown(line)),
  };
  const { done, failed, stoppedBy } = await eachParked(options, work);
  bar.end();
  const failures = failed === 0 ? '' : `, ${failed} failed`;
  print(`${verb} ${done} of ${counted(total, 'run')}${failures}`);
  if (stoppedBy !== undefined) say(`to go on: sluice ${command} ${flagsText({ ...selection, until })}`);
  if (stoppedBy === 'interruption') process.exitCode = EXIT.interrupted;
  else if (stoppedBy !== undefined) throw stoppedBy;
  else if (failed > 0) process.exitCode = EXIT.failed;
}

/** @throws UsageError without a terminal, CommandError for another answer */
async function confirm(question: string, expected: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError('nobody can confirm it here: add --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if ((await terminal.question(question)).trim() !== expected) throw new CommandError('nothing was dropped');
  } finally {
    terminal.close();
  }
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
