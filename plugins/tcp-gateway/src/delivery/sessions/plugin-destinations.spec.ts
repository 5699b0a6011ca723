import { describe, expect, it } from '@jest/globals';
import type { DestinationSpec } from '@sluice/plugin-api';
import { FakeWorkspace, MemoryLog, until } from '@sluice/testing';
import type { Session, Subscription } from '../../server/stomp-handler.js';
import {
  MAX_CONCURRENT_CHECKS,
  MAX_CONCURRENT_RECEIVES,
  MAX_RECEIVE_MS,
  MAX_RIGHTS_CHECK_MS,
  MAX_SESSION_CHECKS,
  MAX_SESSION_RECEIVES,
  PluginDestinations,
} from './plugin-destinations.js';

/** Destinations below `/rooms/`, with timers that the test fires. */
function destinationsOf(spec: Partial<DestinationSpec>, workspace = new FakeWorkspace()) {
  const timers: { readonly ms: number; readonly run: () => void; cancelled: boolean }[] = [];
  const log = new MemoryLog();
  const destinations = new PluginDestinations({
    broadcast: () => undefined,
    peers: workspace.host().peers,
    log,
    after: (ms, run) => {
      const timer = { ms, run, cancelled: false };
      timers.push(timer);
      return { cancel: () => void (timer.cancelled = true) };
    },
  });
  const ending = new AbortController();
  const rooms = destinations.register({ prefix: '/rooms/', mayRead: () => true, ...spec }, ending.signal);
  const closed: string[] = [];
  const sessionOf = (user: string) =>
    ({ bearer: { user }, close: ({ code }: { code: string }) => closed.push(code) }) as unknown as Session;
  const session = sessionOf('erp/anna');
  const subscription = { session } as Subscription;
  return { destinations, workspace, rooms, ending, log, timers, sessionOf, session, subscription, closed };
}

const MESSAGE = { headers: new Map<string, string>(), body: Buffer.from('1') };
const NEVER = new Promise<never>(() => undefined);
/** Resolves after all callbacks of promises and messages between hosts that are under way. */
const settled = async () => {
  for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
};

describe('a destination of a plugin', () => {
  it('is refused when mayRead does not answer in time, and the signal fires', async () => {
    let signal: AbortSignal | undefined;
    const { destinations, timers, subscription } = destinationsOf({
      mayRead: (_client, _path, callSignal) => {
        signal = callSignal;
        return NEVER;
      },
    });
    const subscribed = destinations.subscribe(subscription, '/rooms/5');
    await until('the call of mayRead', () => timers.length === 1);
    expect(timers[0]?.ms).toBe(MAX_RIGHTS_CHECK_MS);
    timers[0]?.run();
    await expect(subscribed).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_FAILED' });
    expect(signal?.aborted).toBe(true);
    expect(destinations.subscribersOf('/rooms/5')).toEqual([]);
  });

  it('refuses a message that receive does not handle in time', async () => {
    const { destinations, timers, session } = destinationsOf({ mayWrite: () => true, receive: () => NEVER });
    const received = destinations.receive(session, '/rooms/5', MESSAGE);
    await until('the call of receive', () => timers.some(({ ms }) => ms === MAX_RECEIVE_MS));
    timers.find(({ ms }) => ms === MAX_RECEIVE_MS)?.run();
    await expect(received).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_FAILED' });
    expect(timers.every(({ cancelled }) => cancelled)).toBe(true);
  });

  it('ends calls that are under way when the registration ends', async () => {
    const { destinations, timers, session, ending } = destinationsOf({ mayWrite: () => true, receive: () => NEVER });
    const received = destinations.receive(session, '/rooms/5', MESSAGE);
    await until('the call of receive', () => timers.some(({ ms }) => ms === MAX_RECEIVE_MS));
    ending.abort();
    await expect(received).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_AWAY' });
  });

  it.each(['UNSUBSCRIBE', 'the end of the session'])('admits no subscription after %s during the check', async (end) => {
    let allow: (allowed: boolean) => void = () => undefined;
    const answer = new Promise<boolean>((resolve) => (allow = resolve));
    const { destinations, subscription, session } = destinationsOf({ mayRead: () => answer });
    const subscribed = destinations.subscribe(subscription, '/rooms/5');
    if (end === 'UNSUBSCRIBE') destinations.unsubscribe(subscription, '/rooms/5');
    else destinations.removeSession(session);
    allow(true);
    await subscribed;
    expect(destinations.subscribersOf('/rooms/5')).toEqual([]);
  });

  it('calls mayRead again when the rights change during the check', async () => {
    const answers: ((allowed: boolean) => void)[] = [];
    const { destinations, rooms, subscription } = destinationsOf({
      mayRead: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const subscribed = destinations.subscribe(subscription, '/rooms/5');
    await until('the first call of mayRead', () => answers.length === 1);
    rooms.recheck('5');
    answers[0]?.(true);
    await until('the second call of mayRead', () => answers.length === 2);
    answers[1]?.(false);
    await expect(subscribed).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_FORBIDDEN' });
    expect(destinations.subscribersOf('/rooms/5')).toEqual([]);
  });

  it('closes the session of a subscriber when a recheck fails', async () => {
    let broken = false;
    const { destinations, rooms, subscription, closed, log } = destinationsOf({
      mayRead: () => {
        if (broken) throw new Error('the database is unavailable');
        return true;
      },
    });
    await destinations.subscribe(subscription, '/rooms/5');
    broken = true;
    rooms.recheck('5');
    await until('the session to close', () => closed.length === 1);
    expect(closed).toEqual(['GATEWAY_DESTINATION_FAILED']);
    expect(destinations.subscribersOf('/rooms/5')).toEqual([]);
    expect(log.lines.map(({ message }) => message)).toEqual(['the plugin of /rooms/5 failed']);
  });

  it('keeps subscribers whose check is interrupted by the end of the registration', async () => {
    let running = 0;
    const { destinations, rooms, ending, subscription, closed } = destinationsOf({
      mayRead: () => (running++ === 0 ? true : NEVER),
    });
    await destinations.subscribe(subscription, '/rooms/5');
    rooms.recheck('5');
    await until('the second call of mayRead', () => running === 2);
    ending.abort();
    await settled();
    const again = new AbortController();
    destinations.register({ prefix: '/rooms/', mayRead: () => true }, again.signal);
    await settled();
    expect(closed).toEqual([]);
    expect(destinations.subscribersOf('/rooms/5')).toEqual([subscription]);
  });

  it('keeps subscribers when another host requests a recheck after the end of the registration', async () => {
    const { destinations, workspace, ending, subscription, closed } = destinationsOf({});
    const there = destinationsOf({}, workspace);
    await destinations.subscribe(subscription, '/rooms/5');
    ending.abort();
    there.rooms.recheck('5');
    await settled();
    expect(closed).toEqual([]);
    // no plugin of this host verifies the rights now
    expect(destinations.subscribersOf('/rooms/5')).toEqual([]);
    destinations.register({ prefix: '/rooms/', mayRead: () => true }, new AbortController().signal);
    expect(destinations.subscribersOf('/rooms/5')).toEqual([subscription]);
  });

  it('passes no message to the plugin that waits for its turn when the registration ends', async () => {
    let received = 0;
    const { destinations, sessionOf, ending } = destinationsOf({
      mayWrite: () => true,
      receive: () => {
        received++;
        return NEVER;
      },
    });
    const send = () => destinations.receive(sessionOf('erp/anna'), '/rooms/5', MESSAGE);
    const sent = Promise.allSettled(Array.from({ length: MAX_CONCURRENT_RECEIVES + 1 }, send));
    await until('the calls of receive', () => received === MAX_CONCURRENT_RECEIVES);
    ending.abort();
    const results = await sent;
    expect(new Set(results.map((result) => (result as { reason?: { code?: string } }).reason?.code))).toEqual(
      new Set(['GATEWAY_DESTINATION_AWAY']),
    );
    expect(received).toBe(MAX_CONCURRENT_RECEIVES);
  });

  it.each([
    { order: 'first', answers: [0, 1] },
    { order: 'last', answers: [1, 0] },
  ])('keeps a subscriber that the newest check allows when an older refusal arrives $order', async ({ answers }) => {
    const checks: ((allowed: boolean) => void)[] = [];
    let subscribed = false;
    const { destinations, rooms, subscription } = destinationsOf({
      mayRead: () => !subscribed || new Promise<boolean>((resolve) => checks.push(resolve)),
    });
    await destinations.subscribe(subscription, '/rooms/5');
    subscribed = true;
    rooms.recheck('5');
    rooms.recheck('5');
    await until('both checks', () => checks.length === 2);
    for (const check of answers) {
      checks[check]?.(check === 1);
      await settled();
    }
    expect(destinations.subscribersOf('/rooms/5')).toEqual([subscription]);
  });

  it('uses a longer prefix that is registered after the end of a shorter one', async () => {
    const { destinations, ending, subscription } = destinationsOf({});
    ending.abort();
    destinations.register({ prefix: '/rooms/inner/', mayRead: () => true }, new AbortController().signal);
    await destinations.subscribe(subscription, '/rooms/inner/5');
    expect(destinations.subscribersOf('/rooms/inner/5')).toEqual([subscription]);
    await expect(destinations.subscribe(subscription, '/rooms/5')).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_AWAY' });
  });

  it('checks the rights of one session while all checks of others hang', async () => {
    const { destinations, sessionOf, subscription } = destinationsOf({ mayRead: (_client, path) => path === 'good' || NEVER });
    // 10 sessions with 100 subscriptions each
    for (const other of Array.from({ length: 10 }, (_, n) => sessionOf(`erp/user-${n}`)))
      for (let n = 0; n < 100; n++)
        void destinations.subscribe({ session: other } as Subscription, '/rooms/hangs').catch(() => undefined);
    await destinations.subscribe(subscription, '/rooms/good');
    expect(destinations.subscribersOf('/rooms/good')).toEqual([subscription]);
  });

  it('limits the wait for other sessions, and calls no plugin after it', async () => {
    let calls = 0;
    const { destinations, sessionOf, timers, subscription } = destinationsOf({ mayRead: () => (calls++, NEVER) });
    for (let n = 0; n < MAX_CONCURRENT_CHECKS; n++)
      void destinations.subscribe({ session: sessionOf(`erp/user-${n}`) } as Subscription, '/rooms/hangs').catch(() => undefined);
    const subscribed = destinations.subscribe(subscription, '/rooms/5');
    await until('all timers', () => timers.length === MAX_CONCURRENT_CHECKS + 1);
    timers.at(-1)?.run();
    await expect(subscribed).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_FAILED' });
    expect(calls).toBe(MAX_CONCURRENT_CHECKS);
  });

  it('ends the checks of a session that has closed, and frees their places', async () => {
    const signals: AbortSignal[] = [];
    const { destinations, session, timers } = destinationsOf({
      mayRead: (_client, _path, signal) => (signals.push(signal), NEVER),
    });
    const subscribed = Promise.all(
      Array.from({ length: 2 * MAX_SESSION_CHECKS }, () => destinations.subscribe({ session } as Subscription, '/rooms/5')),
    );
    await until('the first calls of mayRead', () => signals.length === MAX_SESSION_CHECKS);
    destinations.removeSession(session);
    await subscribed;
    expect(signals).toHaveLength(MAX_SESSION_CHECKS);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(timers.every(({ cancelled }) => cancelled)).toBe(true);
  });

  it('ends a pending SUBSCRIBE with UNSUBSCRIBE', async () => {
    let signal: AbortSignal | undefined;
    const { destinations, subscription, timers } = destinationsOf({
      mayRead: (_client, _path, callSignal) => ((signal = callSignal), NEVER),
    });
    const subscribed = destinations.subscribe(subscription, '/rooms/5');
    await until('the call of mayRead', () => signal !== undefined);
    destinations.unsubscribe(subscription, '/rooms/5');
    await subscribed;
    expect(signal?.aborted).toBe(true);
    expect(timers.every(({ cancelled }) => cancelled)).toBe(true);
  });

  it('does not interrupt the handling of a message when its session closes, and drops messages that wait', async () => {
    const ends: (() => void)[] = [];
    const { destinations, session } = destinationsOf({
      mayWrite: () => true,
      receive: (_message, signal) => new Promise<void>((resolve) => ends.push(() => !signal.aborted && resolve())),
    });
    const sent = Array.from({ length: MAX_SESSION_RECEIVES + 1 }, () => destinations.receive(session, '/rooms/5', MESSAGE));
    const results = Promise.allSettled(sent);
    await until('the calls of receive', () => ends.length === MAX_SESSION_RECEIVES);
    destinations.removeSession(session);
    await settled();
    for (const end of ends) end();
    const statuses = (await results).map(({ status }) => status);
    expect(statuses.filter((status) => status === 'fulfilled')).toHaveLength(MAX_SESSION_RECEIVES);
    expect(ends).toHaveLength(MAX_SESSION_RECEIVES);
  });

  it('checks a new SUBSCRIBE while rechecks of many subscribers hang', async () => {
    let hangs = false;
    const { destinations, rooms, sessionOf, subscription } = destinationsOf({
      mayRead: (_client, path) => path === 'good' || !hangs || NEVER,
    });
    for (let n = 0; n < 2 * MAX_CONCURRENT_CHECKS; n++)
      await destinations.subscribe({ session: sessionOf(`erp/user-${n}`) } as Subscription, '/rooms/5');
    hangs = true;
    rooms.recheck('5');
    await destinations.subscribe(subscription, '/rooms/good');
    expect(destinations.subscribersOf('/rooms/good')).toEqual([subscription]);
  });
});
