import { execFile } from 'node:child_process';
import path from 'node:path';
import { signToken } from './tokens.js';

const COMMAND_MS = 60_000;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the built `sluice` against a running host, with a token of the operator. */
export async function sluice(host: string, ...args: readonly string[]): Promise<CommandResult> {
  const env = {
    PATH: process.env['PATH'],
    NO_COLOR: '1',
    SLUICE_URL: host,
    SLUICE_TOKEN: await signToken({ sub: 'operator', scope: 'admin' }),
  };
  const options = { env, timeout: COMMAND_MS, encoding: 'utf8' } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [path.resolve('apps/cli/bin/sluice.js'), ...args], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(new Error(`sluice ${args.join(' ')} did not end`, { cause: error }));
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** Runs a command with `--json` and resolves with its output. Rejects when the command fails. */
export async function sluiceJson<T>(host: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await sluice(host, ...args, '--json');
  if (code !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
