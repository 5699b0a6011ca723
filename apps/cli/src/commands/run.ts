import type { Role } from '@sluice/engine';
import type { Command } from 'commander';
import { EXIT } from '../exit.js';
import { startHost } from '../host/running-host.js';
import { bannerOf } from '../host/banner.js';
import { requested, stopRequest } from '../host/stop-request.js';
import { readRoles } from '../options.js';
import { paint } from '../terminal/paint.js';
import { print as printResult, printNotice } from '../terminal/print.js';

export function addRun(command: Command): void {
  command
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .option('--role <names>', 'parts of the work, separated by commas: api,gateway,flows,push (default: all)', readRoles)
    .option('--watch', 'apply changed files while the host runs')
    .action(async ({ workspace, role, watch = false }: { workspace: string; role?: ReadonlySet<Role>; watch?: boolean }) => {
      let reload = (): void => undefined;
      // a closed terminal sends SIGHUP too, and a host must not outlive it
      const stop = stopRequest(hasTerminal() ? undefined : () => reload());
      const running = await startHost({ directory: workspace, watch, ...(role && { roles: role }) });
      if (!running) {
        process.exitCode = EXIT.failed;
        return;
      }
      // the host reports a failure in its log
      reload = () => void running.host.reload().catch(() => undefined);
      // the log goes to a file, and the terminal shows what runs
      const print = process.stdout.isTTY ? printResult : printNotice;
      if (hasOutput()) print(`${bannerOf(running, paint)}\n\nwaiting for events, Ctrl+C stops`);
      await requested(stop);
      await running.host.stop();
      // an unresponsive server would keep the process alive
      process.exit(EXIT.done);
    });
}

function hasOutput(): boolean {
  return process.stdout.isTTY || process.stderr.isTTY;
}

function hasTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY;
}
