import { ContractError, MAX_PRUNED_QUEUES, type AdminClient } from '@sluice/admin-contract';
import { readEnv, type Env } from '@sluice/host';
import type { Command } from 'commander';
import type { Line } from '../admin/check-connections.js';
import { checkEngines, checkFromShell, WORKSPACE } from '../admin/check-without-host.js';
import { hostUrl, openHostApi } from '../admin/operator.js';
import { CommandError, describeError, EXIT } from '../exit.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { oneLine, paint } from '../terminal/paint.js';
import { print, printJson } from '../terminal/print.js';
import { counted } from '../terminal/words.js';

const HOST = 'host';
/** Timeout for the answer of a host on this machine. */
const ANSWER_MS = 3_000;

interface Flags extends Format {
  readonly prune?: boolean;
  readonly workspace: string;
}

export function addDoctor(command: Command): void {
  addFormat(
    command
      .option('--workspace <dir>', 'workspace whose connections are checked with the variables of this shell', '.')
      .option('--prune', 'delete the queues of removed flows with their messages'),
  ).action(async ({ prune = false, workspace, ...format }: Flags) => {
    if (prune) return pruneQueues((await openHostApi()).admin);
    const found = await diagnosed(workspace);
    if (wantsJson(format)) printJson(found);
    else print(found.map(diagnosisText).join('\n'));
    if (found.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
  });
}

/** Combines the report of the running host with checks by the variables of this shell, which may name another 1C than the host uses. */
async function diagnosed(workspace: string): Promise<readonly Line[]> {
  const env = readEnv();
  const [host, shell] = await Promise.all([askHost(env), checkFromShell(workspace)]);
  if (host.up) return [...host.lines, ...differences(host.lines, shell)];
  return [...host.lines, ...shell, ...(await checkEngines(env))];
}

interface HostReport {
  readonly up: boolean;
  readonly lines: readonly Line[];
}

async function askHost(env: Env): Promise<HostReport> {
  const url = hostUrl(env);
  if (!(await answers(url))) {
    const says = `no host answers at ${url}: checked with the variables of this shell`;
    // SLUICE_URL means that the operator expects a running host
    const line: Line =
      env.SLUICE_URL === undefined ? { what: HOST, ok: true, skipped: true, says } : { what: HOST, ok: false, says };
    return { up: false, lines: [line] };
  }
  try {
    const lines = await (await openHostApi(env)).admin.doctor({});
    return { up: true, lines: [{ what: HOST, ok: true, says: `${url} answers` }, ...lines] };
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof ContractError)) throw error;
    return {
      up: true,
      lines: [{ what: HOST, ok: false, says: `${url} runs, but its report cannot be read: ${describeError(error)}` }],
    };
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(new URL('/health/live', url), { signal: AbortSignal.timeout(ANSWER_MS) });
    return ok;
  } catch {
    return false;
  }
}

const SHELL = 'by the variables of this shell';

/** Returns the lines of this shell that contradict the host or are missing there. */
function differences(host: readonly Line[], shell: readonly Line[]): readonly Line[] {
  return shell.flatMap((line): Line[] => {
    if (line.what === WORKSPACE) return line.ok ? [] : [unloaded(line)];
    const same = host.find(({ what }) => what === line.what);
    if (line.skipped) return same ? [] : [line];
    const what = `${line.what}, ${SHELL}`;
    if (!same) return [{ ...line, what }];
    if (same.address !== line.address) {
      const says = `${line.says}; the host uses ${same.address ?? 'another connection'}: restart it with the variables of this shell`;
      return [{ ...line, what, ok: false, says }];
    }
    return same.ok === line.ok ? [] : [{ ...line, what }];
  });
}

/** Marks the line as skipped: a shell without the variables of the host cannot load its workspace, which is no problem of the host. */
function unloaded({ says, what }: Line): Line {
  return { what: `${what}, ${SHELL}`, ok: true, skipped: true, says };
}

function diagnosisText({ what, ok, skipped, says, cure }: Line): string {
  const state = skipped ? paint.dim('note   ') : ok ? paint.green('ok     ') : paint.red('problem');
  const line = oneLine(`${state}  ${what}: ${says}`);
  return ok || cure === undefined || says.includes(cure) ? line : `${line}\n         do: ${oneLine(cure)}`;
}

/** Deletes the queues of removed flows, at most {@link MAX_PRUNED_QUEUES} with each request. */
export async function pruneQueues(admin: AdminClient): Promise<void> {
  const found = await admin.doctor({});
  const queues = found.flatMap(({ what, ok }) => (!ok && what.startsWith('queue ') ? [what.slice('queue '.length)] : []));
  if (queues.length === 0) return print('no queues of removed flows');
  for (let from = 0; from < queues.length; from += MAX_PRUNED_QUEUES) {
    const removed = await admin.prune({ queues: queues.slice(from, from + MAX_PRUNED_QUEUES) });
    for (const [queue, count] of Object.entries(removed)) print(`removed ${queue} with ${counted(count, 'message')}`);
  }
}
