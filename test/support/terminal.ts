import { execFile } from 'node:child_process';
import path from 'node:path';
import type { CommandResult } from './cli.js';

const COMMAND_MS = 120_000;
/** The built `sluice` of this checkout. */
const SLUICE = path.resolve('apps/cli/bin/sluice.js');

/** Runs the built `sluice` in a folder, as a reader of the guides does. */
export function sluiceIn(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runIn(folder, process.execPath, [SLUICE, ...args], env);
}

/** Runs a line of a shell in a folder. */
export function shellIn(folder: string, line: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  return runIn(folder, 'sh', ['-c', line], env);
}

/** The environment of the tests is not inherited, because its npm and its addresses belong to this checkout. */
function runIn(folder: string, program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const options = {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    timeout: COMMAND_MS,
    encoding: 'utf8',
  } as const;
  return new Promise<CommandResult>((resolve, reject) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number')
        reject(new Error(`${args.join(' ')} did not end: ${stderr}`, { cause: error }));
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}
