import type { Role } from '@sluice/engine';
import type { Command } from 'commander';
import { EXIT } from '../exit.js';
import { startHost } from '../host/running-host.js';
import { bannerOf } from '../host/banner.js';
import { requested, stopRequest } from '../host/stop-request.js';
import { readRoles } from '../options.js';
import { paint } from '../terminal/paint.js';
import { print } from '../terminal/print.js';

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
      if (process.stdout.isTTY) print(`${bannerOf(running, paint)}\n\nwaiting for events, Ctrl+C stops`);
      await requested(stop);
      await running.host.stop();
      // an unresponsive server would keep the process alive
      process.exit(EXIT.done);
    });
}

function hasTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY;
}
