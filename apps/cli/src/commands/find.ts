import type { Command } from 'commander';
import { findStory, type StoryEntry } from '../admin/find-story.js';
import { openHostApi } from '../admin/operator.js';
import { parkedRunLike } from '../admin/short-run.js';
import { EXIT } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { inWords, shortId } from '../terminal/words.js';

export function addFind(command: Command): void {
  addFormat(command.argument('<id>', 'id of the event or the run; for a parked run a prefix is enough')).action(
    async (id: string, format: Format) => {
      const api = await openHostApi();
      const exact = await findStory(api, id);
      const run = exact.length > 0 ? undefined : await parkedRunLike(api, id);
      const entries = run === undefined ? exact : await findStory(api, run);
      if (wantsJson(format)) printJson(entries);
      else if (entries.length > 0) print(headedTable(['AT', 'RUN', 'FLOW/STEP', 'WHAT', ''], entries.map(rowOf)));
      else
        say(
          `${id} is not in the journal: write the complete id of the event, as the sender got it; "sluice unrouted ls" lists events that no flow takes; settings.retention.journal limits the age of entries`,
        );
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
