import type { Command } from 'commander';
import { openConversationsApi, type ConversationsApi, type Subscriber } from '../admin/conversations-api.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { paint } from '../terminal/paint.js';
import { print, printJson } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';

/** Flags of the commands about conversations. */
export interface ConnectionFlag {
  readonly connection?: string;
}

/** Adds `--connection`. */
export function addConnection(command: Command): Command {
  return command.option('--connection <name>', 'connection of conversations; can be left out when there is only one');
}

export function addSubscribers(subscribers: Command): void {
  addFormat(addConnection(subscribers.command('ls').description('list subscribers'))).action(list);
  addFormat(
    addConnection(
      subscribers
        .command('add')
        .description('register an organisation')
        .argument('<code>', 'short name: lower-case letters, digits and hyphens')
        .argument('<title>', 'name of the organisation'),
    ),
  ).action(add);
  change(
    subscribers.command('rename').description('rename a subscriber').argument('<code>').argument('<title>', 'the new name'),
    async (api, one, title) => {
      await api.changeSubscriber(one, { title });
      return `renamed: ${one.code} is ${title}`;
    },
  );
  change(
    subscribers.command('lock').description('refuse all tokens of a subscriber and end its sessions').argument('<code>'),
    async (api, one) => {
      await api.changeSubscriber(one, { isLocked: true });
      return `locked: ${one.code}; all hosts refuse its people within 5 s`;
    },
  );
  change(
    subscribers.command('unlock').description('accept the tokens of a subscriber again').argument('<code>'),
    async (api, one) => {
      await api.changeSubscriber(one, { isLocked: false });
      return `unlocked: ${one.code}; all hosts accept its people within 5 s`;
    },
  );
}

async function list({ connection, ...format }: ConnectionFlag & Format): Promise<void> {
  const all = await (await openConversationsApi(connection)).subscribers();
  if (wantsJson(format)) printJson(all);
  else print(subscribersTable(all));
}

async function add(code: string, title: string, { connection, ...format }: ConnectionFlag & Format): Promise<void> {
  const added = await (await openConversationsApi(connection)).addSubscriber(code, title);
  if (wantsJson(format)) printJson(added);
  else print(`added: ${added.code}; "sluice applications add TITLE --subscriber ${added.code}" registers its first application`);
}

/** Adds the action of a command that changes the subscriber with the code, and prints the line that `work` returns. */
function change(command: Command, work: (api: ConversationsApi, one: Subscriber, title: string) => Promise<string>): void {
  addConnection(command).action(async (code: string, ...rest: unknown[]) => {
    const title = typeof rest[0] === 'string' ? rest[0] : '';
    const api = await openConversationsApi(command.opts<ConnectionFlag>().connection);
    print(await work(api, await api.subscriber(code), title));
  });
}

/** Returns a line for each subscriber. Exported for its test. */
export function subscribersTable(all: readonly Subscriber[]): string {
  return headedTable(
    ['CODE', 'TITLE', 'STATE'],
    all.map(({ code, title, isLocked }) => [code, title, stateText(isLocked)]),
  );
}

export function stateText(isLocked: boolean): string {
  return isLocked ? paint.yellow('locked') : 'open';
}
