import type { UnroutedStatus } from '@sluice/engine';
import type { Command } from 'commander';
import { openHostApi } from '../admin/operator.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { counted } from '../terminal/words.js';

export function addUnrouted(unrouted: Command): void {
  unrouted
    .command('ls')
    .description('count them by type')
    .option('--json', 'for programs')
    .action(async ({ json = false }: { json?: boolean }) => {
      const types = await (await openHostApi()).get<readonly UnroutedStatus[]>('/api/unrouted');
      if (json) return printJson(types);
      if (types.length === 0) return say('every event has found a flow');
      print(
        headedTable(
          ['TYPE', 'EVENTS'],
          types.map(({ type, count }) => [type, String(count)]),
        ),
      );
    });
  unrouted
    .command('replay')
    .description('give those of a type to a flow')
    .requiredOption('--type <type>', 'of the events; `*` is one word, `#` any number')
    .requiredOption('--flow <name>', 'that takes them')
    .action(async (body: { type: string; flow: string }) => {
      const { moved } = await (await openHostApi()).post<{ moved: number }>('/api/unrouted/replay', body);
      print(`moved ${counted(moved, 'event')} to ${body.flow}`);
    });
}
