import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { addBulkFlags, bulkSelection, findRun, type BulkFlags } from '../admin/bulk-parked.js';
import { openHostApi } from '../admin/operator.js';
import { replayMany, replayOne } from '../admin/replay-parked.js';
import { CommandError, UsageError } from '../exit.js';
import { stopRequest } from '../host/stop-request.js';
import { OUTCOMES } from './runs.js';
import { print } from '../terminal/print.js';

interface ReplayFlags extends BulkFlags {
  readonly data?: string;
  readonly fromStart?: boolean;
  readonly preview?: boolean;
  readonly outcome?: string;
  readonly workspace: string;
  readonly yes?: boolean;
}

/** `sluice replay` and `sluice parked replay` are one command. */
export function addReplay(command: Command): void {
  addBulkFlags(
    command
      .description(
        'continue parked runs from the failed step, oldest first; --preview shows before what would be called differently',
      )
      .argument('[runs...]', 'ids of runs, or prefixes of them; with --preview also files of "sluice export"')
      .option('--data <file>', 'start a new run with the data of this JSON file')
      .option('--from-start', 'replay from the first step')
      .option('--all', 'all parked runs')
      .option(
        '--preview',
        'run the flows of this machine with what is recorded of the runs, and compare the calls; --flow may name a file',
      )
      .addOption(
        new Option('--outcome <outcome>', 'with --preview: runs with this outcome instead of parked ones').choices(OUTCOMES),
      )
      .option('--workspace <dir>', 'with --preview: folder with sluice.yaml and flows/', '.')
      .option('--yes', 'with --preview: replay afterwards without asking'),
  ).action(replay);
}

async function replay(runs: readonly string[], { workspace, ...flags }: ReplayFlags): Promise<void> {
  if (flags.preview) {
    if (flags.data !== undefined) throw new UsageError('--data and --preview do not go together: edit the flow, not the data');
    // the language and the test runner are loaded for a preview only
    const { previewRuns } = await import('../capsule/preview-runs.js');
    return previewRuns(runs, { ...flags, workspace });
  }
  if (flags.outcome !== undefined || flags.yes) throw new UsageError('--outcome and --yes are for --preview');
  const { data, fromStart = false } = flags;
  const selection = bulkSelection(runs[0], flags);
  if (data !== undefined && (selection || runs.length > 1)) throw new UsageError('--data is for one run');
  const { admin } = await openHostApi();
  if (selection) return replayMany(admin, selection, { ...flags, fromStart }, stopRequest());
  const body = { fromStart, ...(data !== undefined && { data: await readData(data) }) };
  for (const run of runs) {
    const replayed = await replayOne(admin, await findRun(admin, run), body);
    print(`Replayed. Follow it: sluice find ${replayed}`);
  }
}

async function readData(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
}
