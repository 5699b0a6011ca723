import { FAULT_KINDS, startOnec, type Fault } from '@sluice/emulator';
import { Option, type Command } from 'commander';
import { requested, stopRequest } from '../host/stop-request.js';
import { readCount, readDuration, readFault, readPort } from '../options.js';
import { print } from '../terminal/print.js';
import { counted, inWords } from '../terminal/words.js';
import { atPort } from './at-port.js';
import { addEmulateDesktop } from './emulate-desktop.js';
import { addEmulateMessenger } from './emulate-messenger.js';
import { addEmulatePbx } from './emulate-pbx.js';

interface OnecFlags {
  readonly port: number;
  readonly maxCalls: number;
  readonly latency: number;
  readonly sessions?: number;
  readonly licences?: number;
  readonly fault?: readonly Fault[];
}

export function addEmulate(emulate: Command): void {
  emulate
    .command('onec')
    .description(
      'a 1C with limits, faults and counters: GET /__stats, POST /__reset, POST /__fault {"faults":[{"kind":"business","times":1}]}',
    )
    .option('--port <port>', 'port on loopback', readPort, 8081)
    .option('--max-calls <count>', 'maximum number of concurrent calls; more are rejected', readCount, 10)
    .addOption(new Option('--latency <duration>', 'time of a call').argParser(readDuration).default(50, '50ms'))
    .option('--sessions <count>', 'size of the session pool', readCount)
    .option('--licences <count>', 'number of licences for sessions', readCount)
    .option('--fault <kind[:times]>', `fault of the next calls, can be repeated: ${FAULT_KINDS.join(' ')}`, readFault)
    .action(async (flags: OnecFlags) => {
      const stop = stopRequest();
      const onec = await open(flags);
      print(
        `a stand-in for 1C on ${onec.url}/base/hs/gate and /base/ws: takes ${counted(flags.maxCalls, 'call')} at once, ${inWords(flags.latency)} each; ${onec.url}/__stats tells what it saw`,
      );
      await requested(stop);
      await onec.close();
    });
  addEmulateDesktop(emulate);
  addEmulatePbx(emulate);
  addEmulateMessenger(emulate);
}

function open({ latency, fault, ...rest }: OnecFlags) {
  return atPort(rest.port, () => startOnec({ ...rest, latencyMs: latency, ...(fault && { faults: fault }) }));
}
