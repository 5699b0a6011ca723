import type { ResponseOf, ADMIN_ROUTES } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { openHostApi } from '../admin/operator.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { print, printJson } from '../terminal/print.js';

type Changes = ResponseOf<typeof ADMIN_ROUTES.reload>;

export function addReload(command: Command): void {
  addFormat(command).action(async (format: Format) => {
    const { admin } = await openHostApi();
    const changes = await admin.reload({});
    if (wantsJson(format)) printJson(changes);
    else print(changesText(changes));
  });
}

/** Returns one line for each kind of change. */
function changesText(changes: Changes): string {
  const lines = Object.entries(changes).flatMap(([what, lists]) =>
    Object.entries(lists).flatMap(([how, names]) => (names.length === 0 ? [] : [`${what} ${how}: ${names.join(', ')}`])),
  );
  return lines.join('\n') || 'nothing has changed';
}
