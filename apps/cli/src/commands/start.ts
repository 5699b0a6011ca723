import { startOnec, type Onec } from '@sluice/emulator';
import { readWorkspaceEnv, signOperatorToken } from '@sluice/host';
import type { Command } from 'commander';
import pc from 'picocolors';
import { CommandError, EXIT } from '../exit.js';
import { bannerOf } from '../host/banner.js';
import { startHost, type RunningHost } from '../host/running-host.js';
import { SAMPLE_WORKSPACE } from '../host/sample-workspace.js';
import { requested, stopRequest } from '../host/stop-request.js';
import { print } from '../terminal/print.js';

const STAND_IN_PORT = 8081;
const TOKEN_TTL_MS = 12 * 3_600_000;

export function addStart(command: Command): void {
  command.action(async () => {
    const stop = stopRequest();
    const standIn = (readWorkspaceEnv()['ERP_URL'] ?? '') === '' ? await startStandIn() : undefined;
    try {
      const running = await startHost({ directory: SAMPLE_WORKSPACE });
      if (!running) {
        process.exitCode = EXIT.failed;
        return;
      }
      if (process.stdout.isTTY) await welcome(running, standIn !== undefined);
      await requested(stop);
      await running.host.stop();
    } finally {
      await standIn?.close();
    }
    // a server that does not answer would keep the process alive
    process.exit(EXIT.done);
  });
}

async function startStandIn(): Promise<Onec> {
  try {
    return await startOnec({ port: STAND_IN_PORT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(
      `port ${STAND_IN_PORT}, where the stand-in for 1C listens, is in use: stop what listens there, or set ERP_URL`,
    );
  }
}

/** For a person at a terminal: a token must get into no log. */
async function welcome(running: RunningHost, standIn: boolean): Promise<void> {
  const token = await signOperatorToken(running.host.operatorSecret, { sub: 'me', scope: 'events:write', ttlMs: TOKEN_TTL_MS });
  print(bannerOf(running, pc, standIn ? { onec: 'stand-in, started here because ERP_URL is not set' } : {}));
  print('token   in the line below: 12 h, events:write   (another: npx sluice token --sub me)');
  print('\ntry it in another window:');
  print(`  ${tryLine(running.host.port, token)}`);
  print('\nwaiting for events, Ctrl+C stops');
}

function tryLine(port: number, token: string): string {
  // in PowerShell 5 curl is another command
  const curl = process.platform === 'win32' ? 'curl.exe' : 'curl';
  const headers = `-H "Authorization: Bearer ${token}" -H "Content-Type: application/json"`;
  return `${curl} -X POST http://localhost:${port}/events/order.created ${headers} -d "@flows/samples/order.json"`;
}
