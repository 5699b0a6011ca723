import { collectPages, MAX_STORY_ENTRIES, type AdminClient, type RunItem, type Story } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { addAll, type ListFlags } from '../admin/listed.js';
import { openHostApi } from '../admin/operator.js';
import { parkedRunLike } from '../admin/short-run.js';
import { EXIT, UsageError } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { runsTable } from '../terminal/runs-table.js';
import { storyText, waitText } from '../terminal/story-lines.js';
import { counted } from '../terminal/words.js';

/** Number of entries that are shown without `--all`. */
const SHOWN_ENTRIES = 1_000;
/** Number of runs that are listed when the note of several runs has the words. */
const LISTED_RUNS = 20;
/** Maximum characters of an id, and of the words of a search. */
const MAX_SEARCH_LENGTH = 300;
/** Lines are as long as this even on a narrower terminal. */
const MIN_WIDTH = 80;

export function addFind(command: Command): void {
  addAll(
    addFormat(
      command.argument(
        '<what...>',
        'id of an event or a run (for a parked run a prefix is enough), or words of its note, such as an order number',
      ),
    ),
  ).action(async (what: string[], { all = false, ...format }: ListFlags & Format) => {
    const text = readSearch(what);
    const { admin } = await openHostApi();
    const found = await find(admin, text, all ? MAX_STORY_ENTRIES : SHOWN_ENTRIES);
    if (wantsJson(format)) printJson(found);
    else printFound(found, text, all);
    if ('runs' in found ? found.runs.length === 0 : found.events.length === 0 && !found.waits) process.exitCode = EXIT.failed;
  });
}

/** @throws UsageError for a text that is neither an id nor words of a note */
function readSearch(what: readonly string[]): string {
  const text = what.join(' ');
  if (text.trim() === '') throw new UsageError('name an id, or words of a note, such as an order number');
  if (text.length > MAX_SEARCH_LENGTH)
    throw new UsageError(`an id or words of a note have at most ${MAX_SEARCH_LENGTH} characters: write the first words`);
  return text;
}

type Found = Story | { readonly runs: readonly RunItem[]; readonly hasMore: boolean };

/**
 * Looks for an event or a run with this id, then for a parked run whose id begins with it, then for runs whose note has these words, then for
 * runs whose note has words that begin with these.
 */
export async function find(admin: Pick<AdminClient, 'story' | 'parked' | 'runs'>, text: string, limit: number): Promise<Found> {
  const exact = await admin.story({ id: text, limit });
  if (exact.events.length > 0 || exact.waits) return exact;
  const parked = await parkedRunLike(admin, text);
  if (parked !== undefined) return admin.story({ id: parked, limit });
  if (!/[\p{L}\p{N}]/u.test(text)) return exact;
  const prefixes = text
    .split(/\s+/)
    .map((word) => (word.endsWith('*') ? word : `${word}*`))
    .join(' ');
  for (const note of [text, prefixes]) {
    // a page may be empty although runs follow
    const { items, more } = await collectPages((page) => admin.runs({ note, ...page }), LISTED_RUNS, LISTED_RUNS);
    const oldest = items.at(-1);
    if (oldest === undefined) continue;
    // an order and the events that it caused often have the same number: one story then
    const story = more === 0 ? await admin.story({ id: oldest.run, limit }) : undefined;
    const told = new Set(story?.events.flatMap(({ runs }) => runs.map(({ run }) => run)));
    if (story && items.every(({ run }) => told.has(run))) return story;
    return { runs: items, hasMore: more > 0 };
  }
  return exact;
}

function printFound(found: Found, text: string, all: boolean): void {
  if ('runs' in found) {
    print(runsTable(found.runs));
    printNotice(
      `${found.hasMore ? 'more than ' : ''}${counted(found.runs.length, 'run')}: sluice find RUN shows one, sluice runs lists all`,
    );
    return;
  }
  if (found.events.length > 0) print(storyText(found, Math.max(MIN_WIDTH, process.stdout.columns ?? 0)));
  else if (found.waits) print(`the event of this run has not begun, it waits for: ${waitText(found.waits)}`);
  else
    printNotice(
      `${text} is neither in the journal nor in a note: write the complete id of the event, as the sender got it, or words of the note; "sluice unrouted ls" lists events that no flow takes; settings.retention.journal limits the age of entries`,
    );
  if (found.isCut) printNotice(all ? 'the story has more entries' : 'the story has more entries: --all lists them');
}
