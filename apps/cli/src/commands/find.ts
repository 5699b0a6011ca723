import type { JournalEntry } from '@sluice/engine';
import type { Command } from 'commander';
import pc from 'picocolors';
import { openHostApi } from '../admin/operator.js';
import { EXIT } from '../exit.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { inWords, shortId } from '../terminal/words.js';

/** As it travels over HTTP. */
type Entry = Omit<JournalEntry, 'at'> & { readonly at: string };

export function addFind(command: Command): void {
  command
    .argument('<id>', 'whole id of the event or the run')
    .option('--json', 'for programs')
    .action(async (id: string, { json = false }: { json?: boolean }) => {
      const entries = await (await openHostApi()).get<readonly Entry[]>(`/api/find/${encodeURIComponent(id)}`);
      if (json) printJson(entries);
      else if (entries.length > 0) print(headedTable(['AT', 'RUN', 'FLOW/STEP', 'WHAT', ''], entries.map(rowOf)));
      else
        say(
          `nothing is known of ${id}: write the whole id, which "sluice parked show" gives for a run; an event that no flow takes waits in "sluice unrouted ls"; the journal keeps what settings.retention.journal says`,
        );
      if (entries.length === 0) process.exitCode = EXIT.failed;
    });
}

function rowOf({ at, run, flow, step, kind, connection, attempt, ms, code, message }: Entry): string[] {
  const details = [
    connection,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    ms === undefined ? undefined : `in ${inWords(ms)}`,
    code === undefined ? undefined : pc.red(code),
    message,
  ];
  return [
    at.replace('T', ' ').replace('Z', ''),
    shortId(run),
    step === undefined ? flow : `${flow}/${step}`,
    kind,
    details.filter((one) => one !== undefined).join('  '),
  ];
}
