import { MESSENGER_FAULTS, startMessenger } from '@sluice/emulator';
import type { Command } from 'commander';
import { requested, stopRequest } from '../host/stop-request.js';
import { readPort } from '../options.js';
import { print } from '../terminal/print.js';
import { atPort } from './at-port.js';

interface MessengerFlags {
  readonly port: number;
  readonly token: string;
}

/** `emulate messenger`: an emulated Bot API of Telegram. */
export function addEmulateMessenger(emulate: Command): void {
  emulate
    .command('messenger')
    .description(
      `the Bot API of Telegram with chats and counters: GET /__stats, POST /__write {"chat":77,"name":"Ольга","text":"…"}, POST /__press {"message":1,"data":"…"}, POST /__fault {"faults":[{"kind":"flood","retryAfter":2}]} of ${MESSENGER_FAULTS.join(' ')}`,
    )
    .option('--port <port>', 'port on loopback', readPort, 8084)
    .option('--token <token>', 'token of the bot', '7000000:stand-in')
    .action(async ({ port, token }: MessengerFlags) => {
      const stop = stopRequest();
      const messenger = await atPort(port, () => startMessenger({ port, token }));
      print(
        `a stand-in for the Bot API of Telegram: set MESSENGER_URL to ${messenger.api}; POST ${messenger.url}/__write is a message of a person, ${messenger.url}/__stats tells what it saw`,
      );
      await requested(stop);
      await messenger.close();
    });
}
