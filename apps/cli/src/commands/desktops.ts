import { collectPages, MAX_PAGE_SIZE, type AdminClient, type DesktopUser, type Mailboxes } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { NotFoundError } from '../admin/host-api.js';
import { openHostApi } from '../admin/operator.js';
import { CommandError, EXIT } from '../exit.js';
import { paint } from '../terminal/paint.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { counted, inWords } from '../terminal/words.js';

export function addDesktops(command: Command): void {
  command
    .argument('[user]', 'only this user, also when offline: the name in the token')
    .option('--json', 'print JSON')
    .action(async (user: string | undefined, { json = false }: { json?: boolean }) => {
      const api = await openHostApi();
      try {
        await (user === undefined ? showAll(api.admin, json) : showOne(api.admin, user, json));
      } catch (error) {
        if (error instanceof NotFoundError)
          throw new CommandError(
            `${api.url} serves no desktops: sluice.yaml needs a connection of tcp-gateway, and the host the role gateway`,
          );
        throw error;
      }
    });
}

async function showAll(admin: AdminClient, json: boolean): Promise<void> {
  const { items: users } = await collectPages((page) => admin.desktops(page), Number.POSITIVE_INFINITY, MAX_PAGE_SIZE);
  if (json) return printJson(users);
  const now = new Date();
  if (users.length > 0) print(desktopsTable(users, now));
  printNotice(summary(users, await admin.mailboxes({}), now));
}

async function showOne(admin: AdminClient, user: string, json: boolean): Promise<void> {
  const { items: users } = await admin.desktops({ user });
  if (json) printJson(users);
  else if (users.length > 0) print(desktopsTable(users, new Date()));
  else printNotice(`nobody named ${user} has been here, and nothing waits for that name`);
  if (users.length === 0) process.exitCode = EXIT.failed;
}

/** Returns a line for each session and one for each offline user. Exported for its test. */
export function desktopsTable(users: readonly DesktopUser[], now: Date): string {
  const rows = users.flatMap(({ user, extension = '', groups, sessions, ...box }) => {
    const who = [user, extension, groups.join(', ')];
    const waits = waitingText(box, now);
    if (sessions.length === 0) return [[...who, '', paint.yellow('away'), waits, '']];
    return sessions.map(({ workplace = '', since, host }) => [...who, workplace, `for ${age(since, now)}`, waits, host]);
  });
  return headedTable(['USER', 'EXTENSION', 'GROUPS', 'WORKPLACE', 'ONLINE', 'WAITING', 'HOST'], rows);
}

/** Returns the line of totals below the table. Exported for its test. */
export function summary(users: readonly DesktopUser[], { events, users: boxes, oldest }: Mailboxes, now: Date): string {
  const sessions = users.reduce((sum, each) => sum + each.sessions.length, 0);
  const online =
    users.length === 0 ? 'nobody is online' : `${counted(users.length, 'user')} online in ${counted(sessions, 'session')}`;
  if (events === 0 || oldest === undefined) return `${online}; nothing waits in mailboxes`;
  const where = counted(boxes, 'mailbox', 'mailboxes');
  return `${online}; ${counted(events, 'event')} in ${where} not acknowledged, the oldest for ${age(oldest, now)}`;
}

function waitingText({ waiting, oldest }: Pick<DesktopUser, 'waiting' | 'oldest'>, now: Date): string {
  return oldest === undefined ? '0' : `${waiting}, for ${age(oldest, now)}`;
}

function age(since: string, now: Date): string {
  return inWords(Math.max(0, now.getTime() - new Date(since).getTime()));
}
