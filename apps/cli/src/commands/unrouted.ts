import type { UnroutedStatus } from '@sluice/engine';
import type { Command } from 'commander';
import { openHostApi } from '../admin/operator.js';
import { UsageError } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { print, printJson, say } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { counted } from '../terminal/words.js';

export function addUnrouted(unrouted: Command): void {
  addFormat(unrouted.command('ls').description('count unrouted events by type')).action(async (format: Format) => {
    const types = await (await openHostApi()).get<readonly UnroutedStatus[]>('/api/unrouted');
    if (wantsJson(format)) return printJson(types);
    if (types.length === 0) return say('no unrouted events');
    print(
      headedTable(
        ['TYPE', 'EVENTS'],
        types.map(({ type, count }) => [type, String(count)]),
      ),
    );
  });
  unrouted
    .command('replay')
    .description('pass unrouted events of a type to a flow')
    .argument('[type]', 'type of the events; `*` matches one word, `#` any number of words')
    .option('--type <type>', 'same as the argument')
    .requiredOption('--flow <name>', 'flow that gets the events')
    .action(async (named: string | undefined, { type = named, flow }: { type?: string; flow: string }) => {
      if (type === undefined) throw new UsageError('name a type: sluice unrouted replay order.created --flow NAME');
      const body = { type, flow };
      const { moved } = await (await openHostApi()).post<{ moved: number }>('/api/unrouted/replay', body);
      print(`moved ${counted(moved, 'event')} to ${body.flow}`);
    });
}
