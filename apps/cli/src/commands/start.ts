import { readWorkspaceEnv, signOperatorToken } from '@sluice/host';
import type { Command } from 'commander';
import { EXIT } from '../exit.js';
import { bannerOf } from '../host/banner.js';
import { startHost, type RunningHost } from '../host/running-host.js';
import { SAMPLE_WORKSPACE } from '../host/sample-workspace.js';
import { startStandIns, type StandIns } from '../host/stand-ins.js';
import { fillSampleJournal } from '../host/sample-journal.js';
import { requested, stopRequest } from '../host/stop-request.js';
import { paint } from '../terminal/paint.js';
import { print as printResult, printNotice } from '../terminal/print.js';

const TOKEN_TTL_MS = 12 * 3_600_000;
/** The called extension in flows/samples/call.json. */
const EXTENSION = '101';
/** Time after which a message announces a slow start. */
const SILENT_MS = 2_000;
/** In PowerShell 5 `curl` is an alias of another command. */
const CURL = process.platform === 'win32' ? 'curl.exe' : 'curl';

export function addStart(command: Command): void {
  command.action(async () => {
    const stop = stopRequest();
    const standIns = await startStandIns(readWorkspaceEnv());
    try {
      const starting = setTimeout(() => printNotice('starting the database and the flows …'), SILENT_MS);
      const running = await startHost({ directory: SAMPLE_WORKSPACE, env: standIns.env }).finally(() => clearTimeout(starting));
      if (!running) {
        process.exitCode = EXIT.failed;
        return;
      }
      await welcome(running, standIns);
      await requested(stop);
      await running.host.stop();
    } finally {
      await standIns.close();
    }
    // an unresponsive server would keep the process alive
    process.exit(EXIT.done);
  });
}

/**
 * Prints the addresses, and lines to try with tokens. When the standard output goes to a file, which gets the log, all this is printed to
 * standard error; tokens are printed to a terminal only, because they must not be logged.
 */
async function welcome(running: RunningHost, { onec, pbxControl }: StandIns): Promise<void> {
  const { port, operatorSecret } = running.host;
  const print = process.stdout.isTTY ? printResult : printNotice;
  const sign = (scope: string, extension?: string) =>
    signOperatorToken(operatorSecret, { sub: 'me', scope, ttlMs: TOKEN_TTL_MS, ...(extension !== undefined && { extension }) });
  const notes = {
    ...(onec !== undefined && { onec }),
    ...(pbxControl !== undefined && { pbx: 'stand-in, started here because PBX_HOST is not set' }),
  };
  print(bannerOf(running, paint, notes));
  if (!process.stdout.isTTY && !process.stderr.isTTY) {
    print('no token is printed here, because the output may become a log: "npx sluice token --sub me" makes one');
    return;
  }
  const token = await sign('events:write');
  print('token   in the line below: 12 h, events:write   (another: npx sluice token --sub me)');
  print('\ntry it in another window:');
  print(`  ${tryLine(port, token)}`);
  if (pbxControl !== undefined) {
    print('\nor let the telephone ring:');
    print(`  ${CURL} -X POST ${pbxControl}/__call -d "@flows/samples/call.json"`);
  }
  print(`\nor open the booking journal, as the user with the telephone ${EXTENSION}, for whom it rings above:`);
  print(`  http://localhost:${port}/timeline#token=${await sign('timeline:write desktop', EXTENSION)}`);
  print('\nwaiting for events, Ctrl+C stops');
  // last, because each visit prints its own event lines; without a usable timeline npm start runs without the sample
  await fillSampleJournal(`http://127.0.0.1:${port}`, operatorSecret, () =>
    print('\nadding sample visits to the empty booking journal:'),
  ).catch(() => undefined);
}

function tryLine(port: number, token: string): string {
  const headers = `-H "Authorization: Bearer ${token}" -H "Content-Type: application/json"`;
  return `${CURL} -X POST http://localhost:${port}/events/order.created ${headers} -d "@flows/samples/order.json"`;
}
