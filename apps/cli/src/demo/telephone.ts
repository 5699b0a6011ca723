import { randomInt } from 'node:crypto';
import { Agent } from 'node:http';
import { startDesktops, type Pbx } from '@sluice/emulator';
import { signOperatorToken } from '@sluice/host';
import { HostApi } from '../admin/host-api.js';
import { CommandError } from '../exit.js';
import { seconds } from '../terminal/words.js';
import { book, inTimeline, JOURNAL } from './booking.js';
import { inLoops, postJson } from './calls.js';
import type { DesktopPart } from './desktops.js';
import { extensionOf } from './extension.js';
import { holds } from './holds.js';
import { Screens } from './screens.js';

const CALLS = 20;
/** Number of concurrent calls. It is low because the flow waits only two seconds for a name from 1C, also on a slow machine. */
const AT_ONCE = 5;
/** Time after which an event of a call has expired. */
const GIVE_UP_MS = 20_000;
/** Time until the host is connected; the lease of a killed host may block the exchange for ten seconds. */
const READY_MS = 60_000;
const TOKEN_TTL_MS = 3_600_000;

export interface TelephonePart extends DesktopPart {
  readonly pbx: Pbx;
  /** URL of the emulated 1C for looking up callers. */
  readonly gate: string;
}

interface Call {
  readonly user: string;
  readonly phone: string;
  /** Name of the caller in 1C. */
  readonly name: string;
}

/**
 * Demonstrates the telephone: callers are looked up in 1C, pop up on desktops and become cards; a booking of 1C appears in the timeline.
 * The results are counted on the desktops and over the REST API of the timeline. Rejects with a {@link CommandError} when a result is
 * missing.
 */
export async function showCalls(options: TelephonePart): Promise<void> {
  const { pbx, port, secret, report, signal } = options;
  report(`4  telephone: ${CALLS} calls through flows/incoming-call.yaml, and a booking that 1C makes\n`);
  const calls = await plannedCalls(options.gate);
  const screens = new Screens();
  const desktops = await startDesktops({
    users: CALLS,
    port: 0,
    gateway: { host: '127.0.0.1', port },
    topics: ['timeline'],
    token: (user) => tokenOf(secret, user, 'desktop'),
    heard: (user, message) => screens.hear(user, message),
  });
  try {
    const isReady = () => desktops.stats().online === CALLS && isHeard(pbx);
    if (!(await holds(isReady, { withinMs: READY_MS, signal })))
      throw new CommandError(`the demo cannot begin to call: ${JSON.stringify({ pbx: pbx.stats(), ...desktops.stats() })}`);
    const from = performance.now();
    const { shown, cards } = await ringAll(calls, screens, options);
    const { booked, told } = await bookOne(screens, options);
    report(
      `calls: ${CALLS} rang, ${shown} shown with the name 1C knows, ${cards} cards, ${booked} booking of 1C in the timeline, heard by ${told} desktops, ${seconds(performance.now() - from)}\n\n`,
    );
    if (shown < CALLS || cards < CALLS || booked < 1 || told < CALLS)
      throw new CommandError('not every call was shown, or the booking was not: see the line above and the log of the host');
  } finally {
    await desktops.close();
  }
}

/** Counts pop-ups with the right name on the right screen, and cards. */
async function ringAll(calls: readonly Call[], screens: Screens, options: TelephonePart) {
  const soon = { withinMs: GIVE_UP_MS, signal: options.signal };
  const pages = await Promise.all(calls.map((call) => openPage(call, options)));
  const isShown = ({ user, phone, name }: Call) => screens.showed(user, { title: name, phone });
  await inLoops(calls.length, AT_ONCE, async (number) => {
    const call = calls[number - 1] as Call;
    options.pbx.ring({ from: call.phone, to: extensionOf(call.user) });
    await holds(() => isShown(call), soon);
  });
  const cards = await Promise.all(pages.map((page) => holds(page.hasCard, soon)));
  return { shown: calls.filter(isShown).length, cards: cards.filter(Boolean).length };
}

/** Counts the booking in the timeline and the desktops that were notified of it on the topic. */
async function bookOne(screens: Screens, options: TelephonePart) {
  const soon = { withinMs: GIVE_UP_MS, signal: options.signal };
  const visit = await book(options);
  const booked = await holds(() => inTimeline(visit, options), soon);
  await holds(() => screens.toldOf(visit.id) === CALLS, soon);
  return { booked: booked ? 1 : 0, told: screens.toldOf(visit.id) };
}

/** Creates calls from new numbers and looks up the names of the callers in the emulated 1C. */
async function plannedCalls(gate: string): Promise<readonly Call[]> {
  const exchange = `7495${randomInt(1_000, 10_000)}`;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const calls: Call[] = [];
  try {
    await inLoops(CALLS, AT_ONCE, async (number) => {
      const phone = exchange + String(number).padStart(3, '0');
      const { text } = await postJson(gate, { method: 'FindCounterparty', data: { Телефон: phone } }, { agent });
      calls.push({ user: `user${number}`, phone, name: (JSON.parse(text) as { Наименование: string }).Наименование });
    });
  } finally {
    agent.destroy();
  }
  return calls;
}

/** Returns whether the host is subscribed to the exchange: it requests the channels in each session after the login. */
function isHeard(pbx: Pbx): boolean {
  const { sessions, logins, actions } = pbx.stats();
  return sessions > 0 && (actions['CoreShowChannels'] ?? 0) >= logins;
}

function tokenOf(secret: string, user: string, scope: string): Promise<string> {
  return signOperatorToken(secret, { sub: user, scope, ttlMs: TOKEN_TTL_MS, extension: extensionOf(user) });
}

/** Reads the timeline as the page of the called user does. */
async function openPage(
  { user, phone, name }: Call,
  { url, secret }: TelephonePart,
): Promise<{ hasCard: () => Promise<boolean> }> {
  const api = new HostApi(url() ?? '', await tokenOf(secret, user, 'timeline:read'));
  const now = new Date().toISOString();
  const { cursor } = await api.get<{ cursor: string }>(`${JOURNAL}/entries?from=${now}&to=${now}`);
  return {
    hasCard: async () => {
      const { calls } = await api.get<{ calls: readonly { phone: string; client: string }[] }>(
        `${JOURNAL}/changes?after=${cursor}`,
      );
      return calls.some((card) => card.phone === phone && card.client === name);
    },
  };
}
