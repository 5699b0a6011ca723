import type { Command } from 'commander';
import { fetchCapsule } from '../capsule/read-capsule.js';
import { openHostApi } from '../admin/operator.js';
import { printJson, printNotice } from '../terminal/print.js';

export function addExport(command: Command): void {
  command.argument('<run>', 'id of the run; of a parked run a prefix is enough').action(async (run: string) => {
    const { admin } = await openHostApi();
    const capsule = await fetchCapsule(admin, run);
    printJson(capsule);
    for (const what of capsule.missing) printNotice(`missing: ${what}`);
  });
}
