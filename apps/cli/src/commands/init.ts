import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { CommandError } from '../exit.js';
import { installationFrom, isInstalled, linkTo } from '../scaffold/installation.js';
import { createFiles, throwWithCure } from '../scaffold/new-files.js';
import { filledFolder } from '../scaffold/templates.js';
import { print } from '../terminal/print.js';

const MAX_SHOWN = 3;

export function addInit(command: Command): void {
  command
    .argument('[dir]', 'a new or an empty folder', '.')
    .description('create a workspace with a tested flow')
    .action(async (dir: string) => {
      const folder = path.resolve(dir);
      await refuseUsed(folder, dir);
      const files = await filledFolder('workspace', {
        timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
        cli: linkTo(folder, '@sluice/cli'),
        installation: installationFrom(folder),
      });
      await createFiles(folder, files);
      print(`created a workspace in ${folder}:`);
      for (const { file } of files) print(`  ${file}`);
      print(`\nnext:\n${nextSteps(folder).join('\n')}`);
    });
}

/** @throws CommandError for a folder with files, except a repository of git without any */
async function refuseUsed(folder: string, dir: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    return throwWithCure(folder)(error);
  });
  if (!found) return;
  if (!found.isDirectory()) throw new CommandError(`init: ${folder} is a file: name a new or an empty folder`);
  const entries = (await readdir(folder).catch(throwWithCure(folder))).filter((entry) => entry !== '.git').sort();
  if (entries.includes('sluice.yaml'))
    throw new CommandError(`init: ${folder} is a workspace already: add a flow to it with "sluice new flow NAME"`);
  if (entries.length === 0) return;
  const more = entries.length > MAX_SHOWN ? ` and ${entries.length - MAX_SHOWN} more` : '';
  const shown = entries.slice(0, MAX_SHOWN).join(', ') + more;
  throw new CommandError(
    `init: ${folder} is not empty (${shown}): name a new or an empty folder, such as: sluice init ${path.join(dir, 'sluice-flows')}`,
  );
}

function nextSteps(folder: string): readonly string[] {
  const steps = [
    ...(folder === process.cwd() ? [] : [[`cd ${quoted(path.relative(process.cwd(), folder))}`]]),
    ...(isInstalled(folder, '.bin/sluice') ? [] : [['npm install', 'links sluice; needs no network']]),
    ['npx sluice test', 'runs the tests of the flow, without any server'],
    ['npx sluice emulate onec', 'in another window: a stand-in for 1C, until ERP_URL is set'],
    ['npx sluice run --watch', 'runs the flows; README.md shows how to send an event'],
  ];
  return steps.map(([line = '', about]) => (about === undefined ? `  ${line}` : `  ${line.padEnd(24)}# ${about}`));
}

function quoted(dir: string): string {
  return /^[\w./\\:-]+$/.test(dir) ? dir : `"${dir}"`;
}
