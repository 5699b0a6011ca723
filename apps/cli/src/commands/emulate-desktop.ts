import { startDesktops } from '@sluice/emulator';
import { readEnv, signOperatorToken } from '@sluice/host';
import { Option, type Command } from 'commander';
import { readOperatorSecret } from '../admin/operator.js';
import { requested, stopRequest } from '../host/stop-request.js';
import { readCount, readDuration, readPort } from '../options.js';
import { print } from '../terminal/print.js';
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

/** Long enough for any trial; a token is signed anew at each connection. */
const TOKEN_MS = 12 * 3_600_000;

/**
 * `emulate desktop`: its users are `operator/user1`, `operator/user2` and so on, because the operator signs their tokens. Their telephone
 * extensions are 101, 102 and so on.
 */
export function addEmulateDesktop(emulate: Command): void {
  emulate
    .command('desktop')
    .description(
      '1C clients of the gateway, each with its own token and the telephone 101, 102 …: GET /__stats, POST /__offline {"users":10}, POST /__online, POST /__reset',
    )
    .option('--users <count>', 'how many: user1, user2 …', readCount, 10)
    .option('--gateway-host <host>', 'where the gateway listens', '127.0.0.1')
    .option('--gateway-port <port>', 'default: SLUICE_STOMP_PORT, or 61613', readPort)
    .option('--port <port>', 'where it tells what it saw, on loopback', readPort, 8082)
    .option('--topic <name>', 'also subscribe to this topic, may be given again', addTopic, [])
    .addOption(new Option('--heart-beat <duration>', 'how often').argParser(readDuration).default(10_000, '10s'))
    .option('--no-ack', 'receive and never acknowledge')
    .action(async ({ users, gatewayHost, gatewayPort, port, topic, heartBeat, ack }: DesktopFlags) => {
      const stop = stopRequest();
      const env = readEnv();
      const secret = await readOperatorSecret(env);
      const gateway = { host: gatewayHost, port: gatewayPort ?? env.SLUICE_STOMP_PORT };
      const token = (sub: string) =>
        signOperatorToken(secret, { sub, scope: 'desktop', ttlMs: TOKEN_MS, extension: extensionOf(sub) });
      const desktops = await atPort(port, () =>
        startDesktops({ users, port, gateway, topics: topic, heartBeat, acknowledges: ack, token }),
      );
      print(
        `${counted(users, 'desktop client')} of ${gateway.host}:${gateway.port}; ${desktops.url}/__stats tells what they saw`,
      );
      await requested(stop);
      await desktops.close();
    });
}

function addTopic(name: string, before: readonly string[]): readonly string[] {
  return [...before, name];
}
