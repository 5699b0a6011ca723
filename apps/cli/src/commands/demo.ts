import type { Command } from 'commander';
import { runDemo } from '../demo/demo.js';
import { isGood, resultLine } from '../demo/result.js';
import { EXIT } from '../exit.js';
import { stopRequest } from '../host/stop-request.js';
import { readCount } from '../options.js';
import { print, printNotice } from '../terminal/print.js';

export function addDemo(command: Command): void {
  command
    .option('--events <count>', 'number of events', readCount, 1_000)
    .option('--kill', 'kill the host with kill -9 half-way and restart it')
    .action(async ({ events, kill = false }: { events: number; kill?: boolean }) => {
      const signal = stopRequest();
      try {
        const result = await runDemo({
          events,
          kill,
          signal,
          report: (text) => process.stderr.write(text),
          terminal: process.stderr.isTTY,
        });
        // the only line on standard output, for programs
        print(resultLine(result));
        if (!isGood(result)) process.exitCode = EXIT.failed;
      } catch (error) {
        if (!signal.aborted) throw error;
        printNotice('\nstopped');
        process.exitCode = EXIT.interrupted;
      }
    });
}
