import { collectPages, MAX_COUNTED, MAX_PAGE_SIZE, type Collected, type Page } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { printNotice } from '../terminal/print.js';

/** Number of items that a list shows without `--all`. */
const SHOWN_ITEMS = 100;
/** Maximum number of items that a command reads. */
export const MAX_ITEMS = 100_000;

export interface ListFlags {
  readonly all?: boolean;
}

/** Adds `--all` to the command of a list. */
export function addAll(command: Command): Command {
  return command.option('--all', `list all, at most ${MAX_ITEMS} (default: ${SHOWN_ITEMS})`);
}

/** Reads the pages of a list that the flags ask for. */
export function listed<Item>(
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<Page<Item>>,
  { all = false }: ListFlags,
): Promise<Collected<Item>> {
  return collectPages(read, all ? MAX_ITEMS : SHOWN_ITEMS, MAX_PAGE_SIZE);
}

/** Prints how many items a list has besides the printed ones. */
export function printMore({ more }: Collected<unknown>, { all = false }: ListFlags): void {
  if (more === 0) return;
  const count = more >= MAX_COUNTED ? `at least ${MAX_COUNTED}` : String(more);
  printNotice(all ? `and ${count} more` : `and ${count} more: --all lists them`);
}
