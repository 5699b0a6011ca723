import type { RunItem } from '@sluice/admin-contract';
import { Option, type Command } from 'commander';
import { addAll, listed, printMore, type ListFlags } from '../admin/listed.js';
import { noteUnknownNames } from '../admin/unknown-selection.js';
import { openHostApi } from '../admin/operator.js';
import { addFormat, readTime, wantsJson, type Format } from '../options.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { runsTable } from '../terminal/runs-table.js';

type Outcome = RunItem['outcome'];
export const OUTCOMES: readonly Outcome[] = [
  'done',
  'stopped',
  'caught',
  'parked',
  'dropped',
  'expired',
  'duplicate',
  'replayed',
  'waiting',
];

interface Flags extends ListFlags, Format {
  readonly flow?: string;
  readonly outcome?: Outcome;
  readonly since?: Date;
  readonly connection?: string;
  readonly note?: string;
}

export function addRuns(command: Command): void {
  addAll(
    addFormat(
      command
        .option('--flow <name>', 'only runs of this flow')
        .addOption(new Option('--outcome <outcome>', 'only runs with this outcome, or that wait').choices(OUTCOMES))
        .option('--since <time>', 'only runs since: a duration such as 2h, or a time in ISO 8601', readTime)
        .option('--connection <name>', 'only runs that called this paced connection, or failed at it')
        .option('--note <words>', 'only runs whose note has these words; w* is any word that begins with w'),
    ),
  ).action(async ({ flow, outcome, since, connection, note, ...flags }: Flags) => {
    const { admin } = await openHostApi();
    const filter = {
      ...(flow !== undefined && { flow }),
      ...(outcome !== undefined && { outcome }),
      ...(since !== undefined && { since: since.toISOString() }),
      ...(connection !== undefined && { connection }),
      ...(note !== undefined && { note }),
    };
    const found = await listed((page) => admin.runs({ ...filter, ...page }), flags);
    if (wantsJson(flags)) printJson(found.items);
    else if (found.items.length > 0) print(runsTable(found.items));
    else {
      printNotice('the journal has no such run');
      await noteUnknownNames(admin, { ...(flow !== undefined && { flow }), ...(connection !== undefined && { connection }) });
    }
    if (found.more > 0 && !flags.all) printNotice('there are more runs: --all lists them');
    else printMore(found, flags);
  });
}
