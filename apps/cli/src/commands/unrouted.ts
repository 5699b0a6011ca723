import type { Command } from 'commander';
import { addAll, listed, printMore, type ListFlags } from '../admin/listed.js';
import { openHostApi } from '../admin/operator.js';
import { UsageError } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { counted } from '../terminal/words.js';

export function addUnrouted(unrouted: Command): void {
  addAll(addFormat(unrouted.command('ls').description('count unrouted events by type'))).action(list);
  unrouted
    .command('replay')
    .description('pass unrouted events of a type to a flow')
    .argument('[type]', 'type of the events; `*` matches one word, `#` any number of words')
    .option('--type <type>', 'same as the argument')
    .requiredOption('--flow <name>', 'flow that gets the events')
    .action(async (named: string | undefined, { type = named, flow }: { type?: string; flow: string }) => {
      if (type === undefined) throw new UsageError('name a type: sluice unrouted replay order.created --flow NAME');
      const { admin } = await openHostApi();
      const { moved } = await admin.replayUnrouted({ type, flow });
      print(`moved ${counted(moved, 'event')} to ${flow}`);
    });
}

async function list(flags: ListFlags & Format): Promise<void> {
  const { admin } = await openHostApi();
  const found = await listed(admin.unrouted, flags);
  if (wantsJson(flags)) printJson(found.items);
  else if (found.items.length === 0) printNotice('no unrouted events');
  else
    print(
      headedTable(
        ['TYPE', 'EVENTS'],
        found.items.map(({ type, count }) => [type, String(count)]),
      ),
    );
  printMore(found, flags);
}
