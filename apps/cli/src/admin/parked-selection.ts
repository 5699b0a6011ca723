import type { AdminClient, ParkedGroups } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { readTime } from '../options.js';
import { headedTable } from '../terminal/table.js';
import { counted } from '../terminal/words.js';

/** The flags that select parked runs. */
export interface SelectionFlags {
  readonly flow?: string;
  readonly code?: string;
  readonly step?: string;
  readonly note?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** The fields of the admin API that select parked runs. */
export type ParkedSelection = Omit<NonNullable<Parameters<AdminClient['parkedGroups']>[0]>, 'state'>;

/** Adds the flags of {@link SelectionFlags}. */
export function addSelection(command: Command): Command {
  return command
    .option('--flow <name>', 'only runs of this flow')
    .option('--code <code>', 'only runs with this error code')
    .option('--step <id>', 'only runs that failed at this step')
    .option('--note <words>', 'only runs whose note has these words')
    .option('--since <time>', 'only runs parked since: a duration such as 2h, or a time in ISO 8601', readTime)
    .option('--until <time>', 'only runs parked until: likewise', readTime);
}

/** Returns the selection of the flags; undefined when they select all runs. */
export function selectionOf({ flow, code, step, note, since, until }: SelectionFlags): ParkedSelection | undefined {
  const selection = {
    ...(flow !== undefined && { flow }),
    ...(code !== undefined && { code }),
    ...(step !== undefined && { step }),
    ...(note !== undefined && { note }),
    ...(since !== undefined && { since: since.toISOString() }),
    ...(until !== undefined && { until: until.toISOString() }),
  };
  return Object.keys(selection).length === 0 ? undefined : selection;
}

/** Returns the flags of a selection as they are typed. */
export function flagsText(selection: ParkedSelection): string {
  const flags = Object.entries(selection).map(([name, value]) => `--${name} ${quoted(value)}`);
  return flags.length === 0 ? '--all' : flags.join(' ');
}

function quoted(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Returns the number of selected runs, and a table of them by flow and code. */
export function groupsText({ runs, groups }: ParkedGroups): string {
  const table = headedTable(
    ['FLOW', 'CODE', 'RUNS'],
    groups.map(({ flow, code, runs: count }) => [flow, code, String(count)]),
  );
  return [counted(runs, 'parked run'), ...(groups.length === 0 ? [] : [table])].join('\n');
}
