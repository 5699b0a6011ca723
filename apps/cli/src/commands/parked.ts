import type { ParkedItem } from '@sluice/admin-contract';
import { Option, type Command } from 'commander';
import { addAll, listed, printMore, type ListFlags } from '../admin/listed.js';
import {
  addBulkFlags,
  bulkSelection,
  confirm,
  countSelected,
  findRun,
  forEachSelected,
  type BulkAdmin,
  type BulkFlags,
} from '../admin/bulk-parked.js';
import { openHostApi } from '../admin/operator.js';
import { addSelection, selectionOf, type ParkedSelection, type SelectionFlags } from '../admin/parked-selection.js';
import { noteUnknownNames } from '../admin/unknown-selection.js';
import { shortRuns } from '../admin/short-run.js';
import { stopRequest } from '../host/stop-request.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { shownRun } from '../terminal/parked-run.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { ago, counted } from '../terminal/words.js';
import { addReplay } from './replay.js';

const STATES = ['parked', 'replaying', 'replayed', 'dropped', 'all'] as const;
type State = (typeof STATES)[number];
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
  addReplay(parked.command('replay'));
  const dropped = parked
    .command('drop')
    .description('discard runs permanently')
    .argument('[run]', 'id of the run, or a prefix of it')
    .option('--all', 'all parked runs')
    .option('--yes', 'drop without asking');
  addBulkFlags(dropped).action(drop);
}

async function list({ state, ...flags }: { state: State } & SelectionFlags & ListFlags & Format): Promise<void> {
  const { admin } = await openHostApi();
  const filter = { state, ...selectionOf(flags) };
  const found = await listed((page) => admin.parked({ ...filter, ...page }), flags);
  if (wantsJson(flags)) printJson(found.items);
  else if (found.items.length > 0) print(parkedTable(found.items, new Date()));
  else {
    const selected = selectionOf(flags) ?? {};
    const isAll = Object.keys(selected).length === 0;
    printNotice(isAll && state === 'parked' ? 'no run is parked' : 'no such run is parked');
    await noteUnknownNames(admin, selected);
  }
  printMore(found, flags);
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

async function drop(
  prefix: string | undefined,
  { yes = false, ...flags }: BulkFlags & { readonly yes?: boolean },
): Promise<void> {
  const selection = bulkSelection(prefix, flags);
  const { admin } = await openHostApi();
  if (selection) return dropMany(admin, selection, { ...flags, yes }, stopRequest());
  const run = await findRun(admin, prefix ?? '');
  await admin.drop({ run });
  print(`dropped ${run}`);
}

/** Drops the selected runs, after an operator has confirmed their number. */
export async function dropMany(
  admin: BulkAdmin,
  selection: ParkedSelection,
  { yes, ...flags }: BulkFlags & { readonly yes: boolean },
  signal: AbortSignal,
): Promise<void> {
  const counts = await countSelected(admin, selection);
  if (flags.dryRun || counts.newest === undefined) return;
  if (!yes) await confirm(`Drop ${counted(counts.runs, 'run')} permanently?`, counts.runs, 'nothing was dropped');
  await forEachSelected(
    admin,
    { selection, counts, command: 'parked drop', done: 'dropped', rate: flags.rate, signal },
    async (run) => {
      await admin.drop({ run });
    },
  );
}
