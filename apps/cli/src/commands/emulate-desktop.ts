import { startDesktops, type ServerFrame } from '@sluice/emulator';
import { readEnv, signOperatorToken } from '@sluice/host';
import { Option, type Command } from 'commander';
import { readOperatorSecret } from '../admin/operator.js';
import { requested, stopRequest } from '../host/stop-request.js';
import { readCount, readDuration, readPort } from '../options.js';
import { DesktopLines, SHOWN_USERS } from '../terminal/desktop-lines.js';
import { print, printLine } from '../terminal/print.js';
import { counted } from '../terminal/words.js';
import { extensionOf } from '../demo/extension.js';
import { atPort } from './at-port.js';

interface DesktopFlags {
  readonly users: number;
  readonly gatewayHost: string;
  readonly gatewayPort?: number;
  readonly port: number;
  readonly topic: readonly string[];
  readonly heartBeat: number;
  readonly ack: boolean;
}

/** Interval of the status lines. */
const LOOK_MS = 1_000;
/** Validity of a token; each connection gets a new one. */
const TOKEN_MS = 12 * 3_600_000;

/**
 * `emulate desktop`: its users are `operator/user1`, `operator/user2` and so on, because the operator signs their tokens. Their telephone
 * extensions are 101, 102 and so on.
 */
export function addEmulateDesktop(emulate: Command): void {
  emulate
    .command('desktop')
    .description(
      `1C clients of the gateway, each with its own token and the telephone 101, 102 …. Of up to ${SHOWN_USERS} it prints each event that comes, of more how many: GET /__stats, POST /__offline {"users":10}, POST /__online, POST /__reset`,
    )
    .option('--users <count>', 'number of users: user1, user2 …', readCount, 10)
    .option('--gateway-host <host>', 'address of the gateway', '127.0.0.1')
    .option('--gateway-port <port>', 'default: SLUICE_STOMP_PORT, or 61613', readPort)
    .option('--port <port>', 'port of its HTTP control on loopback', readPort, 8082)
    .option('--topic <name>', 'topic to subscribe to, can be repeated', addTopic, [])
    .addOption(new Option('--heart-beat <duration>', 'interval of heart-beats').argParser(readDuration).default(10_000, '10s'))
    .option('--no-ack', 'do not acknowledge events')
    .action(async ({ users, gatewayHost, gatewayPort, port, topic, heartBeat, ack }: DesktopFlags) => {
      const stop = stopRequest();
      const env = readEnv();
      const secret = await readOperatorSecret(env);
      const gateway = { host: gatewayHost, port: gatewayPort ?? env.SLUICE_STOMP_PORT };
      const token = (sub: string) =>
        signOperatorToken(secret, { sub, scope: 'desktop', ttlMs: TOKEN_MS, extension: extensionOf(sub) });
      const lines = new DesktopLines(printLine);
      const heard = users <= SHOWN_USERS ? { heard: (user: string, message: ServerFrame) => lines.heard(user, message) } : {};
      const desktops = await atPort(port, () =>
        startDesktops({ users, port, gateway, topics: topic, heartBeat, acknowledges: ack, token, ...heard }),
      );
      print(
        `${counted(users, 'desktop client')} of ${gateway.host}:${gateway.port}, ${named(users)}; ${desktops.url}/__stats tells what they saw`,
      );
      const looks = setInterval(() => lines.look(desktops.stats()), LOOK_MS);
      await requested(stop);
      clearInterval(looks);
      await desktops.close();
    });
}

/** Returns the names of the users in flows. */
function named(users: number): string {
  return users === 1 ? 'operator/user1' : `operator/user1 to operator/user${users}`;
}

function addTopic(name: string, before: readonly string[]): readonly string[] {
  return [...before, name];
}
