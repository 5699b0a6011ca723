import { startPbx, startPbxControl, PBX_FAULTS, type Outcome } from '@sluice/emulator';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { requested, stopRequest } from '../host/stop-request.js';
import { readCount, readDuration, readPort } from '../options.js';
import { print } from '../terminal/print.js';
import { atPort } from './at-port.js';

interface PbxFlags {
  readonly port: number;
  readonly control: number;
  readonly user: string;
  readonly secret: string;
  readonly latency: number;
  readonly ring: number;
  readonly talk: number;
  readonly split?: number;
  readonly number?: Readonly<Record<string, Outcome>>;
}

const OUTCOMES: readonly string[] = ['answer', 'busy', 'noanswer', 'congestion'] satisfies Outcome[];

/** `emulate pbx`: an emulated manager interface of Asterisk. */
export function addEmulatePbx(emulate: Command): void {
  emulate
    .command('pbx')
    .description(
      `an Asterisk with calls and counters: GET /__stats, POST /__call {"from":"79161234567","to":"101"}, POST /__restart, POST /__fault {"faults":["cut"]} of ${PBX_FAULTS.join(' ')}`,
    )
    .option('--port <port>', 'port of the manager interface on loopback', readPort, 5038)
    .option('--control <port>', 'port of its HTTP control on loopback', readPort, 8083)
    .option('--user <name>', 'user of the manager interface', 'sluice')
    .option('--secret <secret>', 'secret of the user', 'secret')
    .addOption(new Option('--latency <duration>', 'time of an answer').argParser(readDuration).default(0, '0ms'))
    .addOption(new Option('--ring <duration>', 'time that a call rings').argParser(readDuration).default(1_000, '1s'))
    .addOption(new Option('--talk <duration>', 'time of the conversation').argParser(readDuration).default(2_000, '2s'))
    .option('--split <bytes>', 'maximum number of bytes in a write', readCount)
    .option('--number <number:outcome>', `outcome of calls to a number, can be repeated: ${OUTCOMES.join(' ')}`, readOutcome)
    .action(async ({ port, control, user, secret, latency, ring, talk, split, number }: PbxFlags) => {
      const stop = stopRequest();
      const pbx = await atPort(port, () =>
        startPbx({
          port,
          user,
          secret,
          ringMs: ring,
          talkMs: talk,
          ...(latency > 0 && { latencyMs: latency }),
          ...(split !== undefined && { splitBytes: split }),
          ...(number && { outcomes: number }),
        }),
      );
      const door = await atPort(control, () => startPbxControl(pbx, control));
      print(
        `a stand-in for Asterisk on ${pbx.host}:${pbx.port}, user ${user}; POST ${door.url}/__call makes it ring, ${door.url}/__stats tells what it saw`,
      );
      await requested(stop);
      await door.close();
      await pbx.close();
    });
}

function readOutcome(text: string, before: Readonly<Record<string, Outcome>> = {}): Readonly<Record<string, Outcome>> {
  const [number = '', outcome = '', ...rest] = text.split(':');
  if (number === '' || rest.length > 0 || !OUTCOMES.includes(outcome))
    throw new InvalidArgumentError(`write number:outcome, with one of ${OUTCOMES.join(', ')}`);
  return { ...before, [number]: outcome as Outcome };
}
