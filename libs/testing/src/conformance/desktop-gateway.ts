import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  fail,
  newEventId,
  type Bearer,
  type DesktopEvent,
  type DesktopGateway,
  type DesktopMessage,
  type DestinationSpec,
  type PresenceChange,
} from '@sluice/plugin-api';
import { until } from './inbox.js';

/** A MESSAGE as a desktop client has received it. */
export interface DesktopMessageView {
  readonly destination: string;
  readonly id: string;
  readonly event: string;
  /** The parsed body; undefined when it is empty. */
  readonly data: unknown;
  readonly correlationid?: string;
}

export interface ConnectOptions {
  /** Header `client-id`. */
  readonly workplace?: string;
  /** Claims of the token beside `sub`. */
  readonly claims?: Partial<Bearer>;
}

/** A connected desktop client, which is subscribed to the events of its user. It acknowledges no event automatically. */
export interface TestDesktop {
  /** All messages in the order of their arrival. */
  readonly received: readonly DesktopMessageView[];
  /** Resolves with the RECEIPT. Rejects with an error whose `code` is that of the ERROR frame. */
  subscribe(destination: string): Promise<void>;
  unsubscribe(destination: string): Promise<void>;
  /** Sends data as JSON. Resolves with the RECEIPT. Rejects with an error whose `code` is that of the ERROR frame. */
  send(destination: string, data: unknown, headers?: Readonly<Record<string, string>>): Promise<void>;
  acknowledge(message: DesktopMessageView): Promise<void>;
  /** Closes the session. */
  leave(): Promise<void>;
}

/** One host with a gateway. */
export interface DesktopGatewayHost {
  readonly gateway: DesktopGateway;
  /** Connects a client as the user `operator/<sub>`. */
  readonly connect: (sub: string, options?: ConnectOptions) => Promise<TestDesktop>;
}

/** A workspace whose hosts share their mailboxes. */
export interface DesktopGatewayHarness {
  /** Opens one more host; the hosts know each other when it resolves. */
  open(): Promise<DesktopGatewayHost>;
  /** Closes all hosts and clients. */
  close(): Promise<void>;
}

const event = (data?: unknown, id: string = newEventId()): DesktopEvent => ({
  id,
  event: 'test.happened',
  ...(data !== undefined && { data }),
});
const dataOf = ({ received }: TestDesktop, destination = '/user/events') =>
  received.filter((message) => message.destination === destination).map(({ data }) => data);

/**
 * Registers the tests that every {@link DesktopGateway} must pass.
 *
 * @param name the implementation, for the title of the suite.
 * @param start starts an empty workspace.
 */
export function desktopGatewayConformance(name: string, start: () => Promise<DesktopGatewayHarness>): void {
  describe(`DesktopGateway: ${name}`, () => {
    let harness: DesktopGatewayHarness;
    let ending: AbortController;

    beforeEach(async () => {
      ending = new AbortController();
      harness = await start();
    });
    afterEach(async () => {
      ending.abort();
      await harness.close();
    });

    const arrived = (desktop: TestDesktop, count: number) => until(`${count} messages`, () => desktop.received.length >= count);

    describe('deliver', () => {
      it('delivers an event to a connected user', async () => {
        const { gateway, connect } = await harness.open();
        const anna = await connect('anna');
        const sent = { ...event({ number: 7 }), correlationid: 'cause-1' };
        await expect(gateway.deliver({ user: 'operator/anna' }, sent)).resolves.toEqual({ kept: 1, online: 1 });
        await arrived(anna, 1);
        expect(anna.received).toEqual([{ ...sent, destination: '/user/events' }]);
      });

      it('keeps events for a user who is away, in order, until they are acknowledged', async () => {
        const { gateway, connect } = await harness.open();
        for (const n of [1, 2, 3]) await gateway.deliver({ user: 'anna' }, event(n));
        const first = await connect('anna');
        await arrived(first, 3);
        expect(dataOf(first)).toEqual([1, 2, 3]);
        await first.acknowledge(first.received[1] as DesktopMessageView);
        await first.leave();
        const second = await connect('anna');
        await arrived(second, 2);
        expect(dataOf(second)).toEqual([1, 3]);
      });

      it('keeps an event once that is delivered twice, also after its acknowledgement', async () => {
        const { gateway, connect } = await harness.open();
        const anna = await connect('anna');
        const repeated = event('once');
        await gateway.deliver({ user: 'anna' }, repeated);
        await gateway.deliver({ user: 'anna' }, repeated);
        await arrived(anna, 1);
        await anna.acknowledge(anna.received[0] as DesktopMessageView);
        await gateway.deliver({ user: 'anna' }, repeated);
        await gateway.deliver({ user: 'anna' }, event('last'));
        await arrived(anna, 2);
        expect(dataOf(anna)).toEqual(['once', 'last']);
      });

      it('keeps the newest event under a collapse key', async () => {
        const { gateway, connect } = await harness.open();
        for (const n of [1, 2]) await gateway.deliver({ user: 'anna' }, event(n), { offline: { collapseKey: 'state' } });
        await gateway.deliver({ user: 'anna' }, event(3));
        const anna = await connect('anna');
        await arrived(anna, 2);
        expect(dataOf(anna)).toEqual([2, 3]);
      });

      it('delivers to users by extension and group, and to each user once', async () => {
        const { gateway, connect } = await harness.open();
        const anna = await connect('anna', { claims: { extension: '101', groups: ['sales'] } });
        const boris = await connect('boris', { claims: { groups: ['sales'] } });
        const to = [{ user: 'anna' }, { extension: '101' }, { group: 'sales' }];
        await expect(gateway.deliver(to, event('all'))).resolves.toMatchObject({ kept: 2 });
        await gateway.deliver({ all: true }, event('last'));
        await Promise.all([arrived(anna, 2), arrived(boris, 2)]);
        expect([dataOf(anna), dataOf(boris)]).toEqual([
          ['all', 'last'],
          ['all', 'last'],
        ]);
      });

      it('delivers an event for a workplace at this workplace only', async () => {
        const { gateway, connect } = await harness.open();
        const office = await connect('anna', { workplace: 'office' });
        const home = await connect('anna', { workplace: 'home' });
        await gateway.deliver({ workplace: 'home' }, event('home'));
        await gateway.deliver({ user: 'anna' }, event('both'));
        await Promise.all([arrived(office, 1), arrived(home, 2)]);
        expect([dataOf(office), dataOf(home)]).toEqual([['both'], ['home', 'both']]);
      });

      it('drops an event for a user who is away when offline is drop', async () => {
        const { gateway, connect } = await harness.open();
        await expect(gateway.deliver({ user: 'anna' }, event('lost'), { offline: 'drop' })).resolves.toMatchObject({ kept: 0 });
        const anna = await connect('anna');
        await gateway.deliver({ user: 'anna' }, event('seen'), { offline: 'drop' });
        await arrived(anna, 1);
        expect(dataOf(anna)).toEqual(['seen']);
      });

      it('sends an event once to a session that several recipients mean when offline is drop, and counts its user once', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const anna = await one.connect('anna', { workplace: 'office', claims: { extension: '101', groups: ['sales'] } });
        const boris = await one.connect('boris', { claims: { groups: ['sales'] } });
        const clara = await two.connect('clara', { claims: { groups: ['sales', 'support'] } });
        const to = [
          { user: 'anna' },
          { extension: '101' },
          { group: 'sales' },
          { group: 'support' },
          { user: 'clara' },
          { user: 'dan' },
        ];
        const { presence } = one.gateway;
        await until('all users', () => presence.users().length === 3);
        const drop = { offline: 'drop' } as const;
        await expect(one.gateway.deliver(to, event('once'), drop)).resolves.toEqual({ kept: 0, online: 3 });
        await expect(one.gateway.deliver({ workplace: 'office' }, event('office'), drop)).resolves.toEqual({
          kept: 0,
          online: 1,
        });
        // events of mailboxes and events that are not kept have no common order
        await Promise.all([arrived(anna, 2), arrived(boris, 1), arrived(clara, 1)]);
        for (const user of ['anna', 'boris', 'clara']) await one.gateway.deliver({ user }, event('last'));
        await Promise.all([anna, boris, clara].map((desktop) => until('the last event', () => dataOf(desktop).includes('last'))));
        expect([anna, boris, clara].map((desktop) => dataOf(desktop))).toEqual([
          ['once', 'office', 'last'],
          ['once', 'last'],
          ['once', 'last'],
        ]);
      });

      it('sends an event to every session that a recipient means when offline is drop', async () => {
        const { gateway, connect } = await harness.open();
        const office = await connect('anna', { workplace: 'office' });
        const home = await connect('anna', { workplace: 'home' });
        const to = [{ workplace: 'home' }, { user: 'anna' }];
        await expect(gateway.deliver(to, event('both'), { offline: 'drop' })).resolves.toEqual({ kept: 0, online: 1 });
        await Promise.all([arrived(office, 1), arrived(home, 1)]);
        await expect(gateway.deliver({ all: true }, event('all'), { offline: 'drop' })).resolves.toEqual({ kept: 0, online: 1 });
        await Promise.all([arrived(office, 2), arrived(home, 2)]);
        expect([dataOf(office), dataOf(home)]).toEqual([
          ['both', 'all'],
          ['both', 'all'],
        ]);
      });

      it('does not deliver an event that has expired', async () => {
        const { gateway, connect } = await harness.open();
        await gateway.deliver({ user: 'anna' }, event('expired'), { expiresInMs: 0 });
        await gateway.deliver({ user: 'anna' }, event('short'), { offline: { keepForMs: 0 } });
        await gateway.deliver({ user: 'anna' }, event('kept'));
        const anna = await connect('anna');
        await arrived(anna, 1);
        expect(dataOf(anna)).toEqual(['kept']);
      });

      it('delivers on every host what any host has put', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const anna = await two.connect('anna');
        await one.gateway.deliver({ user: 'anna' }, event('across'));
        await arrived(anna, 1);
        expect(dataOf(anna)).toEqual(['across']);
      });

      it.each<[string, () => Parameters<DesktopGateway['deliver']>]>([
        ['an id that is not a UUID', () => [{ user: 'anna' }, event(1, 'x')]],
        ['a type that is not an event type', () => [{ user: 'anna' }, { ...event(), event: 'a b' }]],
        ['data that is not JSON', () => [{ user: 'anna' }, event(1n)]],
        ['no recipients', () => [[], event()]],
        ['more than 1,000 recipients', () => [Array.from({ length: 1_001 }, () => ({ user: 'anna' })), event()]],
        ['a name with a control character', () => [{ user: 'an\0na' }, event()]],
        ['a time that is not a number', () => [{ user: 'anna' }, event(), { offline: { keepForMs: NaN } }]],
        ['an empty collapse key', () => [{ user: 'anna' }, event(), { offline: { collapseKey: '' } }]],
      ])('rejects %s with GATEWAY_EVENT', async (_case, args) => {
        const { gateway } = await harness.open();
        await expect(gateway.deliver(...args())).rejects.toMatchObject({ code: 'GATEWAY_EVENT' });
      });

      it('rejects a wait for several users, and one for an event that is not kept, with GATEWAY_WAIT', async () => {
        const { gateway } = await harness.open();
        const wait = { for: 'shown', token: Buffer.from('t'), deadline: new Date(Date.now() + 60_000) } as const;
        const two = [{ user: 'anna' }, { user: 'boris' }];
        await expect(gateway.deliver(two, event(), { wait })).rejects.toMatchObject({ code: 'GATEWAY_WAIT' });
        const dropped = gateway.deliver({ user: 'anna' }, event(), { wait, offline: 'drop' });
        await expect(dropped).rejects.toMatchObject({ code: 'GATEWAY_WAIT' });
      });
    });

    describe('destinations', () => {
      /** A plugin with the destinations `/rooms/…`: everybody may read and write, unless the test says otherwise. */
      const register = ({ gateway }: DesktopGatewayHost, spec: Partial<DestinationSpec> = {}, signal = ending.signal) =>
        gateway.registerDestination(
          { prefix: '/rooms/', mayRead: () => true, mayWrite: () => true, receive: async () => undefined, ...spec },
          signal,
        );

      it('publishes to the subscribers of the destination on all hosts, in order', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const [rooms] = [register(one), register(two)];
        const [here, there, other] = [await one.connect('anna'), await two.connect('boris'), await one.connect('clara')];
        await Promise.all([here.subscribe('/rooms/5'), there.subscribe('/rooms/5'), other.subscribe('/rooms/6')]);
        for (const n of [1, 2, 3]) rooms.publish('5', event(n));
        rooms.publish('6', event('other'));
        await Promise.all([arrived(here, 3), arrived(there, 3), arrived(other, 1)]);
        expect([here, there].map((desktop) => dataOf(desktop, '/rooms/5'))).toEqual([
          [1, 2, 3],
          [1, 2, 3],
        ]);
        expect(dataOf(other, '/rooms/6')).toEqual(['other']);
      });

      it('publishes an event to several destinations, and to none of them when a path is not valid', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const [rooms] = [register(one), register(two)];
        const [here, there] = [await one.connect('anna'), await two.connect('boris')];
        await Promise.all([here.subscribe('/rooms/5'), there.subscribe('/rooms/6')]);
        expect(() => rooms.publish(['5', ''], event('to none'))).toThrow(expect.objectContaining({ code: 'GATEWAY_EVENT' }));
        rooms.publish(['5', '6', '7'], event('to both'));
        await Promise.all([arrived(here, 1), arrived(there, 1)]);
        expect([dataOf(here, '/rooms/5'), dataOf(there, '/rooms/6')]).toEqual([['to both'], ['to both']]);
      });

      it('sends nothing to a subscription that has ended', async () => {
        const host = await harness.open();
        const rooms = register(host);
        const anna = await host.connect('anna');
        await anna.subscribe('/rooms/5');
        await anna.unsubscribe('/rooms/5');
        await anna.subscribe('/rooms/6');
        rooms.publish('5', event('missed'));
        rooms.publish('6', event('seen'));
        await arrived(anna, 1);
        expect(dataOf(anna, '/rooms/6')).toEqual(['seen']);
        expect(anna.received).toHaveLength(1);
      });

      it('asks mayRead for the client and the path of a SUBSCRIBE', async () => {
        const host = await harness.open();
        const asked: unknown[] = [];
        register(host, { mayRead: ({ bearer, workplace }, path) => asked.push([bearer.user, workplace, path]) > 0 });
        const anna = await host.connect('anna', { workplace: 'office' });
        await anna.subscribe('/rooms/a/b');
        expect(asked).toEqual([['operator/anna', 'office', 'a/b']]);
      });

      it.each<[string, string, DestinationSpec['mayRead']]>([
        ['returns false', 'GATEWAY_DESTINATION_FORBIDDEN', () => false],
        ['resolves with false', 'GATEWAY_DESTINATION_FORBIDDEN', async () => false],
        [
          'throws an error',
          'GATEWAY_DESTINATION_FAILED',
          () => {
            throw new Error('a bug');
          },
        ],
        ['rejects', 'GATEWAY_DESTINATION_FAILED', () => Promise.reject(new Error('a bug'))],
        [
          'throws a SluiceError',
          'REJECTED',
          () => {
            throw fail.REJECTED('the room is closed');
          },
        ],
      ])('refuses a SUBSCRIBE when mayRead %s', async (_case, code, mayRead) => {
        const host = await harness.open();
        register(host, { mayRead });
        const anna = await host.connect('anna');
        await expect(anna.subscribe('/rooms/5')).rejects.toMatchObject({ code });
      });

      it('passes a message to receive and confirms it after receive has resolved', async () => {
        const host = await harness.open();
        const received: DesktopMessage[] = [];
        let resolve = (): void => undefined;
        const handled = new Promise<void>((done) => (resolve = done));
        register(host, {
          receive: (message) => {
            received.push(message);
            return handled;
          },
        });
        const anna = await host.connect('anna');
        let confirmed = false;
        const sent = anna.send('/rooms/5', { text: 'привет' }, { id: 'm-1' }).then(() => (confirmed = true));
        await until('the message', () => received.length === 1);
        expect(confirmed).toBe(false);
        resolve();
        await sent;
        expect(received[0]).toMatchObject({ path: '5', data: { text: 'привет' } });
        expect(received[0]?.client.bearer.user).toBe('operator/anna');
        expect(received[0]?.headers.get('id')).toBe('m-1');
        expect(Buffer.from(received[0]?.body ?? []).toString()).toBe('{"text":"привет"}');
      });

      it.each<[string, string, Partial<DestinationSpec>]>([
        ['mayWrite returns false', 'GATEWAY_DESTINATION_FORBIDDEN', { mayWrite: () => false }],
        ['mayWrite rejects', 'GATEWAY_DESTINATION_FAILED', { mayWrite: () => Promise.reject(new Error('a bug')) }],
      ])('refuses a SEND without calling receive when %s', async (_case, code, spec) => {
        const host = await harness.open();
        let calls = 0;
        register(host, { ...spec, receive: async () => void calls++ });
        const anna = await host.connect('anna');
        await expect(anna.send('/rooms/5', 1)).rejects.toMatchObject({ code });
        expect(calls).toBe(0);
      });

      it('refuses a SEND to destinations without mayWrite and receive', async () => {
        const host = await harness.open();
        host.gateway.registerDestination({ prefix: '/rooms/', mayRead: () => true }, ending.signal);
        const anna = await host.connect('anna');
        await expect(anna.send('/rooms/5', 1)).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_FORBIDDEN' });
      });

      it.each<[string, string, () => Error]>([
        ['a SluiceError', 'REJECTED', () => fail.REJECTED('the room is full')],
        ['an error', 'GATEWAY_DESTINATION_FAILED', () => new Error('a bug')],
      ])('refuses a message with the code of %s that receive rejects with', async (_case, code, error) => {
        const host = await harness.open();
        register(host, { receive: () => Promise.reject(error()) });
        const anna = await host.connect('anna');
        await expect(anna.send('/rooms/5', 1)).rejects.toMatchObject({ code });
      });

      it('refuses destinations that no plugin has registered', async () => {
        const host = await harness.open();
        register(host);
        const [anna, boris] = [await host.connect('anna'), await host.connect('boris')];
        await expect(anna.subscribe('/halls/5')).rejects.toMatchObject({ code: 'STOMP_DESTINATION' });
        await expect(boris.send('/rooms/', 1)).rejects.toMatchObject({ code: 'STOMP_DESTINATION' });
      });

      it('sends nothing more after a recheck to a subscriber that may not read any more, on any host', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const removed = new Set<string>();
        const asked: string[] = [];
        const mayRead: DestinationSpec['mayRead'] = ({ bearer }) => {
          asked.push(bearer.sub);
          return !removed.has(bearer.sub);
        };
        const [rooms] = [register(one, { mayRead }), register(two, { mayRead })];
        const [anna, boris] = [await one.connect('anna'), await two.connect('boris')];
        await Promise.all([anna.subscribe('/rooms/5'), boris.subscribe('/rooms/5')]);
        removed.add('boris');
        rooms.recheck('5');
        await until('both to be asked again', () => asked.length === 4);
        // the answer takes effect some turns of the event loop later
        await one.gateway.deliver({ user: 'boris' }, event('first'));
        await arrived(boris, 1);
        rooms.publish('5', event('secret'));
        await arrived(anna, 1);
        await one.gateway.deliver({ user: 'boris' }, event('last'));
        await arrived(boris, 2);
        expect(boris.received.map(({ data }) => data)).toEqual(['first', 'last']);
      });

      it('keeps subscriptions over the end of a registration until the next one', async () => {
        const host = await harness.open();
        const first = new AbortController();
        const ended = register(host, {}, first.signal);
        const [anna, boris] = [await host.connect('anna'), await host.connect('boris')];
        await anna.subscribe('/rooms/5');
        first.abort();
        ended.publish('5', event('of the ended registration'));
        await expect(boris.subscribe('/rooms/5')).rejects.toMatchObject({ code: 'GATEWAY_DESTINATION_AWAY' });
        const again = register(host);
        again.publish('5', event('again'));
        await arrived(anna, 1);
        expect(dataOf(anna, '/rooms/5')).toEqual(['again']);
      });

      it('keeps the session of a subscriber when another host requests a recheck while the registration has ended', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const first = new AbortController();
        register(one, {}, first.signal);
        const rooms = register(two);
        const [anna, boris] = [await one.connect('anna'), await two.connect('boris')];
        await Promise.all([anna.subscribe('/rooms/5'), boris.subscribe('/rooms/5')]);
        first.abort();
        rooms.recheck('5');
        rooms.publish('5', event('while away'));
        await arrived(boris, 1);
        await two.gateway.deliver({ user: 'anna' }, event('mail'));
        await arrived(anna, 1);
        register(one);
        rooms.publish('5', event('again'));
        await arrived(anna, 2);
        expect(anna.received.map(({ data }) => data)).toEqual(['mail', 'again']);
      });

      it('uses a longer prefix that is registered after the end of a shorter one', async () => {
        const host = await harness.open();
        const first = new AbortController();
        register(host, {}, first.signal);
        first.abort();
        const inner = register(host, { prefix: '/rooms/inner/' });
        const anna = await host.connect('anna');
        await anna.subscribe('/rooms/inner/5');
        inner.publish('5', event('inner'));
        await arrived(anna, 1);
        expect(dataOf(anna, '/rooms/inner/5')).toEqual(['inner']);
      });

      it.each(['rooms', '/Rooms/', '/rooms', '/topic/', '/user/x/', '/rooms/', '/rooms/inner/', `/${'x'.repeat(100)}/`])(
        'throws GATEWAY_DESTINATION_TAKEN for the prefix %s beside /rooms/',
        async (prefix) => {
          const host = await harness.open();
          register(host);
          const attempt = () => register(host, { prefix });
          expect(attempt).toThrow(expect.objectContaining({ code: 'GATEWAY_DESTINATION_TAKEN' }));
        },
      );

      it('throws GATEWAY_EVENT for an event or a path that is not valid', async () => {
        const host = await harness.open();
        const rooms = register(host);
        const invalid = expect.objectContaining({ code: 'GATEWAY_EVENT' });
        expect(() => rooms.publish('', event())).toThrow(invalid);
        expect(() => rooms.publish('5', event(1, 'x'))).toThrow(invalid);
        expect(() => rooms.recheck('a\nb')).toThrow(invalid);
      });
    });

    describe('presence', () => {
      it('returns users, sessions and workplaces of all hosts', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        await one.connect('anna', { workplace: 'office' });
        await two.connect('anna', { workplace: 'home' });
        const boris = await two.connect('boris', { workplace: 'home' });
        const { presence } = one.gateway;
        await until('all sessions', () => presence.users().length === 2 && presence.sessionsOf('operator/anna').length === 2);
        expect(presence.users()).toEqual(['operator/anna', 'operator/boris']);
        const sessions = presence.sessionsOf('operator/anna');
        expect(sessions.map(({ workplace }) => workplace)).toEqual(['office', 'home']);
        expect(new Set(sessions.map(({ host }) => host)).size).toBe(2);
        expect(presence.usersAt('home')).toEqual(['operator/anna', 'operator/boris']);
        await boris.leave();
        await until('boris to be away', () => !presence.isOnline('operator/boris'));
        expect(presence.isOnline('operator/anna')).toBe(true);
      });

      it('reports sessions that begin and end on any host, until the signal fires', async () => {
        const [one, two] = [await harness.open(), await harness.open()];
        const changes: PresenceChange[] = [];
        const watching = new AbortController();
        one.gateway.presence.onChange((change) => changes.push(change), watching.signal);
        const here = await one.connect('anna');
        await until('the first change', () => changes.length === 1);
        const there = await two.connect('anna', { workplace: 'home' });
        await until('the second change', () => changes.length === 2);
        await there.leave();
        await until('the third change', () => changes.length === 3);
        expect(changes).toEqual([
          { kind: 'connected', user: 'operator/anna', sessions: 1 },
          { kind: 'connected', user: 'operator/anna', sessions: 2, workplace: 'home' },
          { kind: 'disconnected', user: 'operator/anna', sessions: 1, workplace: 'home' },
        ]);
        watching.abort();
        await here.leave();
        await until('anna to be away', () => !one.gateway.presence.isOnline('operator/anna'));
        expect(changes).toHaveLength(3);
      });
    });
  });
}
