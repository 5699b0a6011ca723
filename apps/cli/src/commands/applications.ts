import type { Command } from 'commander';
import {
  MAIN,
  openConversationsApi,
  type Application,
  type ConversationsApi,
  type IssuedKey,
  type Subscriber,
} from '../admin/conversations-api.js';
import { CommandError } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { headedTable, table } from '../terminal/table.js';
import { addConnection, stateText, type ConnectionFlag } from './subscribers.js';

interface Flags extends ConnectionFlag, Format {
  readonly subscriber: string;
  readonly dropOld?: boolean;
}

export function addApplications(applications: Command): void {
  const command = (name: string, about: string) =>
    addConnection(
      applications
        .command(name)
        .description(about)
        .option('--subscriber <code>', 'the subscriber; main has the issuers of sluice.yaml', MAIN),
    );
  const issuer = ['<issuer>', 'name of the issuer, as "applications ls" shows it'] as const;

  addFormat(command('ls', 'list the applications of a subscriber')).action(list);
  addFormat(command('add', 'register an application and print its key, this one time').argument('<title>')).action(add);
  addFormat(
    command('rotate', 'replace the key of an application and print the new one, this one time')
      .argument(...issuer)
      .option('--drop-old', 'refuse tokens of the old key at once; otherwise they are accepted until the next rotation'),
  ).action(rotate);
  const rename = command('rename', 'rename an application');
  rename.argument(...issuer).argument('<title>', 'the new name');
  rename.action(async (name: string, title: string, flags: Flags) => {
    await change(name, flags, { title });
    print(`renamed: ${name} is ${title}`);
  });
  const lock = command('lock', 'refuse all tokens of an application and end its sessions').argument(...issuer);
  lock.action(async (name: string, flags: Flags) => {
    await change(name, flags, { isLocked: true });
    print(`locked: ${name}; all hosts refuse its tokens within 5 s`);
  });
  const unlock = command('unlock', 'accept the tokens of an application again').argument(...issuer);
  unlock.action(async (name: string, flags: Flags) => {
    await change(name, flags, { isLocked: false });
    print(`unlocked: ${name}; all hosts accept its tokens within 5 s`);
  });
}

async function list({ connection, subscriber, ...format }: Flags): Promise<void> {
  const api = await openConversationsApi(connection);
  const all = await api.applications(await api.subscriber(subscriber));
  if (wantsJson(format)) printJson(all);
  else if (all.length === 0) printNotice(`the subscriber ${subscriber} has no applications: "sluice applications add" adds one`);
  else print(applicationsTable(all));
}

async function add(title: string, { connection, subscriber, ...format }: Flags): Promise<void> {
  const api = await openConversationsApi(connection);
  printKey(await api.addApplication(await api.subscriber(subscriber), title), format);
}

async function rotate(issuer: string, { connection, subscriber, dropOld = false, ...format }: Flags): Promise<void> {
  const api = await openConversationsApi(connection);
  const owner = await api.subscriber(subscriber);
  printKey(await api.rotateKey(owner, await findApplication(api, owner, issuer), !dropOld), format);
  printNotice(
    dropOld
      ? 'all hosts refuse tokens of the old key within 5 s, and end their sessions'
      : 'tokens of the old key are accepted until the next rotation',
  );
}

async function change(
  issuer: string,
  { connection, subscriber }: Flags,
  wanted: Parameters<ConversationsApi['changeApplication']>[2],
): Promise<void> {
  const api = await openConversationsApi(connection);
  const owner = await api.subscriber(subscriber);
  await api.changeApplication(owner, await findApplication(api, owner, issuer), wanted);
}

/** Returns the application of a subscriber with this issuer. Throws a {@link CommandError} when there is none. Exported for its test. */
export async function findApplication(
  api: Pick<ConversationsApi, 'applications'>,
  owner: Pick<Subscriber, 'id' | 'code'>,
  issuer: string,
): Promise<Application> {
  const all = await api.applications(owner);
  const found = all.find((one) => one.issuer === issuer);
  if (!found)
    throw new CommandError(
      `the subscriber ${owner.code} has no application with the issuer ${issuer}: "sluice applications ls" lists them, --subscriber names another subscriber`,
    );
  return found;
}

function printKey({ application, issuer, key }: IssuedKey, format: Format): void {
  if (wantsJson(format)) printJson({ application, issuer, key });
  else
    print(
      table([
        ['issuer', issuer],
        ['key', key],
      ]),
    );
  printNotice(
    'the key is shown this one time: store it as a secret of the application, which signs tokens with it (HS256, header kid: the issuer)',
  );
}

/** Returns a line for each application. Exported for its test. */
export function applicationsTable(all: readonly Application[]): string {
  return headedTable(
    ['ISSUER', 'TITLE', 'STATE', 'KEYS'],
    all.map(({ issuer, title, isLocked, keys }) => [
      issuer,
      title,
      stateText(isLocked),
      keys === 0 ? 'in sluice.yaml' : String(keys),
    ]),
  );
}
