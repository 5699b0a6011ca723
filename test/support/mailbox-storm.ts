import { drive } from './drive.js';
import { Desktop, type Seen } from './desktop.js';
import { FAULT_TIMEOUT_MS, FULL } from './storm.js';
import { until } from './until.js';

/** Number of connected users. */
export const CLIENTS = FULL ? 200 : 50;
const EVENTS = FULL ? 20_000 : 2_000;

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway']
connections:
  desktops: { use: tcp-gateway }
`;
/** The flow sends each event to the user whose number is in its id. */
const FLOW = `
sluice: 1
flow: notify
trigger: { use: event, with: { types: [notify.user] } }
steps:
  - id: show
    use: tcp-gateway.send
    connection: desktops
    with:
      to: { user: '\${{ $split(trigger.id, "-")[1] }}' }
      event: notified
      data: { of: '\${{ trigger.id }}' }
`;

/** Files of the workspace whose flow sends the events of a storm. */
export const MAILBOX_FILES = { 'sluice.yaml': WORKSPACE, 'flows/notify.yaml': FLOW };

/** Lists of event ids; all are empty when nothing went wrong. */
export interface MailboxVerdict {
  /** Sent and never received. */
  readonly lost: readonly string[];
  /** Received and never sent. */
  readonly unsent: readonly string[];
  /** Received by another user than the addressed one. */
  readonly misled: readonly string[];
  /** Received again without the mark `redelivered`. */
  readonly silentRepeats: readonly string[];
  /** Received for the first time after a later event of the same user. */
  readonly outOfOrder: readonly string[];
}

export const NO_FAULTS: MailboxVerdict = { lost: [], unsent: [], misled: [], silentRepeats: [], outOfOrder: [] };

/** Connects the users `u0` … to the gateways, spread evenly; each one tries the other gateways when its own is gone. */
export function connectDesktops(ports: readonly number[]): Map<string, Desktop> {
  return new Map(
    Array.from({ length: CLIENTS }, (_, n) => {
      const first = n % ports.length;
      const user = `u${n}`;
      return [user, new Desktop({ user, ports: [...ports.slice(first), ...ports.slice(0, first)] })];
    }),
  );
}

let rounds = 0;

/**
 * Sends events to all users, strikes after a fifth of them was received, and waits until all are. Compares what the clients received
 * with what was sent, independent of the counters of the hosts.
 */
export async function mailboxStorm(
  desktops: ReadonlyMap<string, Desktop>,
  doors: () => readonly string[],
  strike: () => Promise<void>,
): Promise<MailboxVerdict> {
  rounds++;
  const sent = Array.from({ length: EVENTS }, (_, n) => `r${rounds}${process.pid}-u${n % CLIENTS}-${n}`);
  for (const { seen } of desktops.values()) seen.length = 0;
  const received = (share: number) =>
    until(`${share} of the events to be received`, () => distinct(desktops) >= EVENTS * share, FAULT_TIMEOUT_MS);
  await Promise.all([drive(sent, { doors, type: 'notify.user', withinMs: FAULT_TIMEOUT_MS }), received(0.2).then(strike)]);
  await received(1);
  return judge(desktops, sent);
}

const sourceOf = ({ data }: Seen) => (data as { of: string }).of;

function distinct(desktops: ReadonlyMap<string, Desktop>): number {
  return new Set([...desktops.values()].flatMap(({ seen }) => seen.map(sourceOf))).size;
}

function judge(desktops: ReadonlyMap<string, Desktop>, sent: readonly string[]): MailboxVerdict {
  const seen = [...desktops].flatMap(([user, { seen: all }]) => all.map((one) => ({ ...one, user, of: sourceOf(one) })));
  const wanted = new Set(sent);
  const came = new Set(seen.map(({ of }) => of));
  const firsts = new Set<string>();
  const silentRepeats: string[] = [];
  const outOfOrder: string[] = [];
  const last = new Map<string, number>();
  for (const { user, of, seq, redelivered } of seen) {
    if (firsts.has(of)) {
      if (!redelivered) silentRepeats.push(of);
      continue;
    }
    firsts.add(of);
    if (seq <= (last.get(user) ?? 0)) outOfOrder.push(of);
    last.set(user, seq);
  }
  return {
    lost: sent.filter((id) => !came.has(id)),
    unsent: [...came].filter((id) => !wanted.has(id)),
    misled: seen.filter(({ user, of }) => of.split('-')[1] !== user).map(({ of }) => of),
    silentRepeats,
    outOfOrder,
  };
}
