import { createInterface } from 'node:readline/promises';
import type { AdminClient, ParkedGroups } from '@sluice/admin-contract';
import { systemClock } from '@sluice/plugin-api';
import type { Command } from 'commander';
import { CommandError, EXIT, UsageError } from '../exit.js';
import { readCount } from '../options.js';
import { shown } from '../terminal/paint.js';
import { print, printNotice } from '../terminal/print.js';
import { progress } from '../terminal/progress.js';
import { counted } from '../terminal/words.js';
import { eachParked } from './each-parked.js';
import {
  addSelection,
  flagsText,
  groupsText,
  selectionOf,
  type ParkedSelection,
  type SelectionFlags,
} from './parked-selection.js';
import { runOf, runsLike } from './short-run.js';
import { noteUnknownNames } from './unknown-selection.js';

/** Runs per second of a replay or drop of many runs. The pace of a connection bounds the calls; this bounds the work of the host. */
const DEFAULT_PER_SECOND = 50;
/** A complete id, which needs no search. */
const FULL_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The flags of a command that replays or drops many runs. */
export interface BulkFlags extends SelectionFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly rate: number;
}

/** The routes that such a command calls. */
export type BulkAdmin = Pick<AdminClient, 'parked' | 'parkedGroups' | 'replay' | 'drop' | 'status'>;

/** Adds the flags of {@link BulkFlags}, except `--all`. */
export function addBulkFlags(command: Command): Command {
  return addSelection(command)
    .option('--dry-run', 'count the selected runs, and change nothing')
    .option('--rate <n>', 'maximum number of runs per second', readCount, DEFAULT_PER_SECOND);
}

/** Returns the selection of the flags; undefined when the command is for the named run. */
export function bulkSelection(prefix: string | undefined, { all = false, ...flags }: BulkFlags): ParkedSelection | undefined {
  const selection = selectionOf(flags);
  if (prefix === undefined && !all && !selection)
    throw new UsageError('name a run, or select runs: --all, --flow, --code, --step, --since');
  if (prefix === undefined) return selection ?? {};
  if (all || selection) throw new UsageError('name a run or select runs, not both');
  if (flags.dryRun) throw new UsageError('--dry-run is for selected runs');
  return undefined;
}

/** Returns the complete id of a parked run. @throws CommandError when no run or several runs match */
export async function findRun(admin: Pick<AdminClient, 'parked'>, prefix: string): Promise<string> {
  return FULL_ID.test(prefix) ? prefix.toLowerCase() : runOf(prefix, await runsLike(admin, prefix));
}

/** Counts the selected runs and prints the number. */
export async function countSelected(admin: BulkAdmin, selection: ParkedSelection): Promise<ParkedGroups> {
  const counts = await admin.parkedGroups(selection);
  print(groupsText(counts));
  if (counts.runs === 0) await noteUnknownNames(admin, selection);
  return counts;
}

export interface BulkWork {
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
export async function forEachSelected(
  admin: BulkAdmin,
  { selection, counts, command, done: verb, rate, signal }: BulkWork,
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
  if (stoppedBy !== undefined) printNotice(`to go on: sluice ${command} ${flagsText({ ...selection, until })}`);
  if (stoppedBy === 'interruption') process.exitCode = EXIT.interrupted;
  else if (stoppedBy !== undefined) throw stoppedBy;
  else if (failed > 0) process.exitCode = EXIT.failed;
}

/**
 * Lets a person type the number of runs.
 *
 * @param otherwise what the error says after another answer, such as `nothing was dropped`
 * @throws UsageError without a terminal, CommandError for another answer
 */
export async function confirm(question: string, runs: number, otherwise: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError('there is no terminal to confirm at: add --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} Type the number to confirm: `);
    if (answer.trim() !== String(runs)) throw new CommandError(otherwise);
  } finally {
    terminal.close();
  }
}
