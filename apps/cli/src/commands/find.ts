import type { StoryEntry } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { findStory } from '../admin/find-story.js';
import { addAll, MAX_ITEMS, type ListFlags } from '../admin/listed.js';
import { openHostApi } from '../admin/operator.js';
import { parkedRunLike } from '../admin/short-run.js';
import { EXIT } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { inWords, shortId } from '../terminal/words.js';

/** Number of entries that are shown without `--all`. */
const SHOWN_ENTRIES = 1_000;

export function addFind(command: Command): void {
  addAll(addFormat(command.argument('<id>', 'id of the event or the run; for a parked run a prefix is enough'))).action(
    async (id: string, { all = false, ...format }: ListFlags & Format) => {
      const { admin } = await openHostApi();
      const max = all ? MAX_ITEMS : SHOWN_ENTRIES;
      const exact = await findStory(admin, id, max);
      const run = exact.entries.length > 0 ? undefined : await parkedRunLike(admin, id);
      const { entries, isCut } = run === undefined ? exact : await findStory(admin, run, max);
      if (wantsJson(format)) printJson(entries);
      else if (entries.length > 0) print(headedTable(['AT', 'RUN', 'FLOW/STEP', 'WHAT', ''], entries.map(rowOf)));
      else
        say(
          `${id} is not in the journal: write the complete id of the event, as the sender got it; "sluice unrouted ls" lists events that no flow takes; settings.retention.journal limits the age of entries`,
        );
      if (isCut) say(all ? 'the story has more entries' : 'the story has more entries: --all lists them');
      if (entries.length === 0) process.exitCode = EXIT.failed;
    },
  );
}

function rowOf({ at, run, flow, step, kind, connection, attempt, ms, code, message }: StoryEntry): string[] {
  const details = [
    connection,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    ms === undefined ? undefined : `in ${inWords(ms)}`,
    code === undefined ? undefined : paint.red(code),
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
