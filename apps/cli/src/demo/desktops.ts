import { startDesktops, type Desktops } from '@sluice/emulator';
import { signOperatorToken } from '@sluice/host';
import { CommandError } from '../exit.js';
import { seconds } from '../terminal/words.js';
import { holds } from './holds.js';
import { sendEvents, type SenderOptions } from './sender.js';

const USERS = 50;
const EVENTS = 500;
const GIVE_UP_MS = 60_000;
const TOKEN_TTL_MS = 3_600_000;

export interface DesktopPart extends SenderOptions {
  /** Port of the gateway. */
  readonly port: number;
  /** Secret of the operator. */
  readonly secret: string;
  readonly report: (text: string) => void;
}

/**
 * Demonstrates desktops: fifty users get their events through flows/desktop.yaml, one of them after a reconnect. The emulators in this
 * process count the events.
 */
export async function showDesktops(options: DesktopPart): Promise<void> {
  const { port, secret, report, signal } = options;
  report(`\n3  desktops: ${USERS} users of 1C, ${EVENTS} events through flows/desktop.yaml, user1 is away meanwhile\n`);
  const token = (sub: string) => signOperatorToken(secret, { sub, scope: 'desktop', ttlMs: TOKEN_TTL_MS });
  const desktops = await startDesktops({ users: USERS, port: 0, gateway: { host: '127.0.0.1', port }, token });
  try {
    const reached = (what: string, is: () => boolean) => wait(desktops, what, is, signal);
    await reached('the users to connect', () => desktops.stats().online === USERS);
    desktops.goOffline(1);
    const from = performance.now();
    const event = { type: 'order.ready', data: (number: number) => ({ manager: `user${(number % USERS) + 1}`, number }) };
    await sendEvents(event, EVENTS, options, () => undefined);
    const ofOne = EVENTS / USERS;
    await reached('the events', () => desktops.stats().distinct >= EVENTS - ofOne);
    desktops.goOnline(1);
    await reached('the events of user1', () => desktops.stats().distinct >= EVENTS);
    const { distinct } = desktops.stats();
    report(
      `desktop: ${USERS} users, sent ${EVENTS}, received ${distinct}, lost ${EVENTS - distinct}, ${ofOne} of them when user1 was back, ${seconds(performance.now() - from)}\n\n`,
    );
  } finally {
    await desktops.close();
  }
}

async function wait(desktops: Desktops, what: string, is: () => boolean, signal: AbortSignal): Promise<void> {
  if (!(await holds(is, { withinMs: GIVE_UP_MS, signal })))
    throw new CommandError(`waited for ${what}: the desktops saw ${JSON.stringify(desktops.stats())}`);
}
