import type { Diagnosis } from '@sluice/host';
import type { Command } from 'commander';
import pc from 'picocolors';
import { NoHostError, type HostApi } from '../admin/host-api.js';
import { checkWithoutHost } from '../admin/check-without-host.js';
import { openHostApi } from '../admin/operator.js';
import { CommandError, describeError, EXIT } from '../exit.js';
import { print, printJson } from '../terminal/print.js';
import { counted } from '../terminal/words.js';

interface Flags {
  readonly prune?: boolean;
  readonly json?: boolean;
  readonly workspace: string;
}

export function addDoctor(command: Command): void {
  command
    .option('--workspace <dir>', 'looked at when no host answers', '.')
    .option('--prune', 'empty and remove the queues of flows that are gone')
    .option('--json', 'for programs')
    .action(async ({ prune = false, json = false, workspace }: Flags) => {
      if (prune) return pruneQueues(await openHostApi());
      const found = await diagnosed(workspace);
      if (json) printJson(found);
      else print(found.map(diagnosisText).join('\n'));
      if (found.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
    });
}

/** From the host; when none answers, that, and what can be seen from here. */
async function diagnosed(workspace: string): Promise<readonly Diagnosis[]> {
  try {
    return await (await openHostApi()).get<readonly Diagnosis[]>('/api/doctor');
  } catch (error) {
    // no database to take the secret from is no host, too
    if (!(error instanceof CommandError)) throw error;
    const says = describeError(error);
    const what = error instanceof NoHostError ? 'host' : 'access';
    return [{ what, ok: false, says }, ...(await checkWithoutHost(workspace))];
  }
}

function diagnosisText({ what, ok, says, cure }: Diagnosis): string {
  const line = `${ok ? pc.green('ok     ') : pc.red('problem')}  ${what}: ${says}`;
  return ok || cure === undefined || says.includes(cure) ? line : `${line}\n         do: ${cure}`;
}

async function pruneQueues(api: HostApi): Promise<void> {
  const found = await api.get<readonly Diagnosis[]>('/api/doctor');
  const queues = found.flatMap(({ what, ok }) => (!ok && what.startsWith('queue ') ? [what.slice('queue '.length)] : []));
  if (queues.length === 0) return print('no queue of a flow that is gone');
  const removed = await api.post<Readonly<Record<string, number>>>('/api/doctor/prune', { queues });
  for (const [queue, count] of Object.entries(removed)) print(`removed ${queue} with ${counted(count, 'message')}`);
}
