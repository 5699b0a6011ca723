import type { AuditItem } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { addAll, listed, printMore, type ListFlags } from '../admin/listed.js';
import { openHostApi } from '../admin/operator.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';

export function addAudit(command: Command): void {
  addAll(addFormat(command)).action(async (flags: ListFlags & Format) => {
    const { admin } = await openHostApi();
    const found = await listed(admin.audit, flags);
    if (wantsJson(flags)) printJson(found.items);
    else if (found.items.length === 0) printNotice('no actions of operators');
    else print(auditTable(found.items));
    printMore(found, flags);
  });
}

/** Returns a line for each action. Exported for its test. */
function auditTable(actions: readonly AuditItem[]): string {
  return headedTable(
    ['AT', 'WHO', 'ACTION', 'TARGET', 'OUTCOME'],
    actions.map(({ at, issuer, sub, route, target, outcome }) => [
      at.replace('T', ' ').replace('Z', ''),
      `${issuer}/${sub}`,
      route,
      target,
      outcome === 'done' ? outcome : outcome === 'started' ? paint.yellow('started, no end recorded') : paint.red(outcome),
    ]),
  );
}
