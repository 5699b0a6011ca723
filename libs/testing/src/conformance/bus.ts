import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { queues, type Bus, type Delivery, type Outgoing, type QueueOwnership } from '@sluice/engine';
import { isSluiceError, type EventMessage } from '@sluice/plugin-api';
import { openInbox, settled, until, type Inbox } from './inbox.js';

/** One broker, and the buses that are connected to it. */
export interface BusHarness {
  /** Opens the bus of one more host. The suite closes it. */
  open(): Promise<Bus>;
  /** Simulates the death of the host: its connection drops and no delivery is settled. */
  crash(bus: Bus): Promise<void>;
  /** Returns how many delayed messages wait for the queue, or for any queue if the broker cannot tell them apart. */
  delayed(queue: string): Promise<number>;
  /** Stops the broker and starts it again, which loses data that is only in memory. Buses reconnect automatically. */
  restartBroker(): Promise<void>;
  /** Stops the broker. */
  close(): Promise<void>;
}

/** Capabilities of a broker, on which some tests depend. */
export interface BusTraits {
  /** Size of the largest body that the suite sends, in bytes. */
  readonly maxBytes: number;
}

const DAY_MS = 86_400_000;

/**
 * Registers the tests that every `Bus` must pass. The harness is created once. Each test has its own names of queues and event types.
 *
 * @param name the adapter, for the title of the suite.
 * @param start starts the broker.
 */
export function busConformance(name: string, traits: BusTraits, start: () => Promise<BusHarness>): void {
  describe(`Bus: ${name}`, () => {
    let harness: BusHarness;
    let bus: Bus;
    let opened: Bus[];
    /** First word of all queues and types of one test. */
    let word: string;

    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness?.close());
    beforeEach(async () => {
      word = `t${randomUUID().slice(0, 8)}`;
      opened = [];
      bus = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.map((each) => each.close()));
    });

    async function open(): Promise<Bus> {
      const another = await harness.open();
      opened.push(another);
      return another;
    }

    async function peer(on: Bus, suffix: string) {
      const queue = `${word}.${suffix}`;
      await on.declare({ queue, exclusive: true, peers: true });
      return openInbox(on, queue, { settle: true });
    }

    async function declared(suffix = 'queue', ...types: string[]): Promise<string> {
      const queue = `${word}.${suffix}`;
      await bus.declare({ queue, types });
      return queue;
    }

    const message = (id: string, attributes: Partial<EventMessage['attributes']> = {}, body = Buffer.from(id)): EventMessage => ({
      attributes: { id, source: '/connections/test', type: `${word}.happened`, time: '2026-01-02T03:04:05.678Z', ...attributes },
      body,
    });
    const to = (queue: string, ids: readonly string[]): Outgoing[] => ids.map((id) => ({ queue, message: message(id) }));
    const names = (count: number, prefix = 'm') => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
    const waiting = async (queue: string, on = bus) => (await on.status([queue]))[0]?.waiting ?? 0;
    const empty = (queue: string, on = bus) =>
      until(`${queue} to be empty`, async () => {
        const [status] = await on.status([queue]);
        return status?.waiting === 0 && (status.held ?? 0) === 0;
      });
    /** Lets another host remove the queue; resolves when it exists again and `inbox` has received a message from it. */
    const removedAndMadeAgain = async (queue: string, inbox: Inbox) => {
      await (await open()).remove(queue);
      await until('the queue to be consumed again', async () => {
        await bus.publish(to(queue, ['anew'])).catch(() => bus.declare({ queue }));
        return inbox.ids().includes('anew');
      });
    };
    const refusal = async (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'no refusal',
        (error: unknown) => (isSluiceError(error) ? error.code : `not a SluiceError: ${String(error)}`),
      );

    describe('queues', () => {
      it('delivers messages in the order of publication', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(300)));
        const inbox = await openInbox(bus, queue, { prefetch: 50, settle: true });
        await inbox.atLeast(300);
        expect(inbox.ids()).toEqual(names(300));
      });

      it('delivers each message to one of several hosts', async () => {
        const queue = await declared();
        const other = await open();
        const here = await openInbox(bus, queue, { prefetch: 10, settle: true });
        const there = await openInbox(other, queue, { prefetch: 10, settle: true });
        await bus.publish(to(queue, names(200)));
        await until('200 deliveries', () => here.deliveries.length + there.deliveries.length >= 200);
        await empty(queue);
        expect([...here.ids(), ...there.ids()].sort()).toEqual(names(200).sort());
      });

      it('holds at most prefetch deliveries at once, and applies a changed prefetch', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(20)));
        const inbox = await openInbox(bus, queue, { prefetch: 3 });
        await inbox.atLeast(3);
        await settled(inbox.deliveries[0]!);
        await inbox.atLeast(4);
        expect(await waiting(queue)).toBe(16);
        const held = inbox.deliveries.slice(1);
        await inbox.setPrefetch(8);
        for (const delivery of held) await settled(delivery);
        await inbox.atLeast(12);
        expect(await waiting(queue)).toBe(8);
      });

      it('delivers no more messages after stop, and settles deliveries that are held', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(5)));
        const inbox = await openInbox(bus, queue, { prefetch: 2 });
        await inbox.atLeast(2);
        await inbox.stop();
        expect(await settled(inbox.deliveries[0]!)).toBe(true);
        inbox.deliveries[1]!.release();
        const next = await openInbox(bus, queue, { settle: true });
        await next.atLeast(4);
        expect(next.ids().sort()).toEqual(['m1', 'm2', 'm3', 'm4']);
        expect(inbox.deliveries.length).toBe(2);
      });

      it('returns the number of waiting messages, and leaves out queues that do not exist', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(7)));
        const status = await bus.status([queue, `${word}.missing`]);
        expect(status).toMatchObject([{ queue, waiting: 7 }]);
      });

      it('empties and removes a queue', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(3)));
        expect(await bus.remove(queue)).toBe(3);
        expect(await bus.status([queue])).toEqual([]);
      });

      it('declares a queue twice without losing its messages', async () => {
        const queue = await declared('queue', `${word}.a`);
        await bus.publish(to(queue, ['kept']));
        const other = await open();
        await other.declare({ queue, types: [`${word}.b`] });
        await bus.publish([{ message: message('a', { type: `${word}.a` }) }, { message: message('b', { type: `${word}.b` }) }]);
        const inbox = await openInbox(other, queue, { settle: true });
        await inbox.atLeast(3);
        expect(inbox.ids()).toEqual(['kept', 'a', 'b']);
      });

      it('removes exclusive queues when their host dies', async () => {
        const queue = `${word}.reply`;
        const other = await open();
        await other.declare({ queue, exclusive: true });
        const inbox = await openInbox(other, queue, { settle: true });
        await bus.publish(to(queue, ['answer']));
        await inbox.atLeast(1);
        await harness.crash(other);
        await until(
          'the exclusive queue to vanish',
          async () => (await refusal(bus.publish(to(queue, ['late'])))) !== 'no refusal',
        );
      });

      it('delivers a message for all peers to each peer once, and to no other queue', async () => {
        const everything = await declared('everything', '#');
        const other = await open();
        const [here, there] = await Promise.all([peer(bus, 'here'), peer(other, 'there')]);
        await bus.publish(to(queues.peers, ['a', 'b']));
        await other.publish(to(queues.peers, ['c']));
        await Promise.all([here.atLeast(3), there.atLeast(3)]);
        expect([here.ids(), there.ids()]).toEqual([
          expect.arrayContaining(['a', 'b', 'c']),
          expect.arrayContaining(['a', 'b', 'c']),
        ]);
        expect([here.deliveries.length, there.deliveries.length]).toEqual([3, 3]);
        expect(await waiting(everything)).toBe(0);
        // this queue would take events that other tests expect to be unrouted
        await bus.remove(everything);
      });

      it('confirms a message for peers if there are none, and does not keep it for later peers', async () => {
        await bus.publish(to(queues.peers, ['unheard']));
        const late = await peer(bus, 'late');
        await bus.publish(to(queues.peers, ['heard']));
        await late.atLeast(1);
        expect(late.ids()).toEqual(['heard']);
      });
    });

    describe('an owner of queues', () => {
      const right = () => `${word}.owner`;

      async function owned(on: Bus, ...of: string[]): Promise<QueueOwnership> {
        let ownership: QueueOwnership | undefined;
        await until('the right to consume', async () => {
          ownership = await on.own(right(), of).catch(() => undefined);
          return ownership !== undefined;
        });
        return ownership as QueueOwnership;
      }

      async function take(from: QueueOwnership, queue: string, prefetch = 100): Promise<Delivery[]> {
        const deliveries: Delivery[] = [];
        await from.consume(queue, { prefetch }, (delivery) => void deliveries.push(delivery));
        return deliveries;
      }

      const idsOf = (deliveries: readonly Delivery[]) => deliveries.map((delivery) => delivery.message.attributes.id);

      it('is the only host that settles deliveries: what it held is delivered to the next owner, in order', async () => {
        const [one, two] = [await declared('one'), await declared('two')];
        const other = await open();
        const first = await owned(bus, one, two);
        await bus.publish([...to(one, names(20)), ...to(two, ['x'])]);
        const held = await take(first, one, 10);
        await take(first, two);
        await until('10 deliveries', () => held.length === 10);
        expect(await settled(held[0]!)).toBe(true);

        let second = await other.own(right(), [one, two]);
        if (second) {
          // the other host has taken the deliveries away
          await expect(settled(held[1]!)).resolves.toBe(false);
        }
        await first.release();
        expect(first.ended.aborted).toBe(true);
        second ??= await owned(other, one, two);
        const again = await take(second, one);
        await until('all other messages', () => again.length === 19);
        expect(idsOf(again)).toEqual(names(20).slice(1));
        for (const delivery of held.slice(1)) expect(await settled(delivery)).toBe(false);
        for (const delivery of again) expect(await settled(delivery)).toBe(true);
        await empty(one);
      });

      it('is succeeded when its host dies', async () => {
        const queue = await declared();
        const other = await open();
        await bus.publish(to(queue, names(5)));
        const first = await owned(other, queue);
        const held = await take(first, queue);
        await until('5 deliveries', () => held.length === 5);
        await harness.crash(other);
        await until('the right to end', () => first.ended.aborted);
        const again = await take(await owned(bus, queue), queue);
        await until('5 deliveries', () => again.length === 5);
        expect(idsOf(again)).toEqual(names(5));
        expect(again[0]!.redelivered).toBe(1);
      });

      it('takes nothing with a right that another host has taken away, also when that host has released it', async () => {
        const queue = await declared();
        const other = await open();
        const first = await owned(bus, queue);
        const stale = await take(first, queue);
        // a broker that cannot take the right away makes the other host wait instead
        const second = await other.own(right(), [queue]);
        await second?.release();
        if (second) {
          await bus.publish(to(queue, ['for the next owner']));
          const next = await take(await owned(other, queue), queue);
          await until('the message', () => next.length === 1);
          expect(stale).toEqual([]);
        }
        await first.release();
      });

      it('leaves the queue to any host when it has released it', async () => {
        const queue = await declared();
        const ownership = await owned(bus, queue);
        await ownership.release();
        await ownership.release();
        await expect(ownership.consume(queue, { prefetch: 1 }, () => undefined)).rejects.toMatchObject({
          code: 'BUS_UNAVAILABLE',
        });
        const inbox = await openInbox(await open(), queue, { settle: true });
        await bus.publish(to(queue, ['free']));
        await inbox.atLeast(1);
      });

      it('lets a consumer that yields to it wait until the right is released', async () => {
        const queue = await declared();
        const other = await open();
        const ownership = await owned(bus, queue);
        const held = await take(ownership, queue);
        const yielding: Delivery[] = [];
        const options = { prefetch: 10, unlessOwned: right() };
        const consumer = await other.consume(queue, options, (delivery) => void yielding.push(delivery));
        await bus.publish(to(queue, names(20)));
        await until('all messages at the owner', () => held.length === 20);
        for (const delivery of held) expect(await settled(delivery)).toBe(true);
        expect(yielding).toEqual([]);
        await ownership.release();
        await bus.publish(to(queue, ['free']));
        await until('the message', () => yielding.length === 1);
        expect(await settled(yielding[0]!)).toBe(true);
        await consumer.stop();
      });

      it('loses its right with the broker, and takes nothing until it has the right again', async () => {
        const queue = await declared();
        const first = await owned(bus, queue);
        const before = await take(first, queue);
        await harness.restartBroker();
        await until('the right to end', () => first.ended.aborted);
        await until('the bus to be back', async () => (await refusal(bus.publish(to(queue, ['late'])))) === 'no refusal');
        const second = await owned(bus, queue);
        const after = await take(second, queue);
        await until('the message', () => after.length > 0);
        expect([idsOf(before), [...new Set(idsOf(after))]]).toEqual([[], ['late']]);
      });
    });

    describe('messages', () => {
      it('carries attributes unchanged, including Cyrillic letters and meta', async () => {
        const queue = await declared();
        const full = message('Звонок-№1', {
          source: '/issuers/erp/Иванов',
          subject: 'Контрагент "Ромашка"',
          datacontenttype: 'application/json; charset=utf-8',
          correlationid: 'связь-7',
          partitionkey: 'ключ',
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
          causationid: 'причина',
          authid: 'Иванов',
          hops: 3,
          meta: { headers: { 'x-name': 'Ёж' }, list: [1, null, true], nested: { a: { b: 0.5 } } },
          acceptedat: 1_767_323_045_678,
          replyto: 'reply.host-1',
        });
        await bus.publish([{ queue, message: full }]);
        const inbox = await openInbox(bus, queue, { settle: true });
        const [delivery] = await inbox.atLeast(1);
        expect(delivery?.message.attributes).toEqual(full.attributes);
        expect(delivery?.queue).toBe(queue);
        expect(delivery?.redelivered).toBe(0);
      });

      it('adds no attribute to a message', async () => {
        const queue = await declared();
        const bare = message('bare');
        await bus.publish([{ queue, message: bare }]);
        const [delivery] = await (await openInbox(bus, queue, { settle: true })).atLeast(1);
        expect(delivery?.message.attributes).toEqual(bare.attributes);
      });

      it('carries any bytes', async () => {
        const queue = await declared();
        const bytes = Buffer.from([0x00, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x22, 0x5c, 0x00]);
        await bus.publish([
          { queue, message: message('odd', {}, bytes) },
          { queue, message: message('none', {}, Buffer.alloc(0)) },
        ]);
        const [odd, none] = await (await openInbox(bus, queue, { settle: true })).atLeast(2);
        expect(odd?.message.body.equals(bytes)).toBe(true);
        expect(none?.message.body.length).toBe(0);
      });

      it(`carries a body of ${traits.maxBytes} bytes`, async () => {
        const queue = await declared();
        const body = Buffer.alloc(traits.maxBytes, 'документ ');
        await bus.publish([{ queue, message: message('large', {}, body) }], { timeoutMs: 10_000 });
        const [delivery] = await (await openInbox(bus, queue, { settle: true })).atLeast(1);
        expect(delivery?.message.body.equals(body)).toBe(true);
      });
    });

    describe('events', () => {
      it('delivers an event to every queue that is bound to its type', async () => {
        const one = await declared('one', `${word}.call.*`);
        const any = await declared('any', `${word}.#`);
        const exact = await declared('exact', `${word}.call.started`, `${word}.call.#`);
        const types = ['call', 'call.started', 'call.started.late', 'order'];
        await bus.publish(types.map((type) => ({ message: message(type, { type: `${word}.${type}` }) })));
        const inboxes = await Promise.all([one, any, exact].map((queue) => openInbox(bus, queue, { settle: true })));
        await inboxes[1]!.atLeast(4);
        await Promise.all([one, any, exact].map((queue) => empty(queue)));
        expect(inboxes.map((inbox) => inbox.ids())).toEqual([
          ['call.started'],
          types,
          ['call', 'call.started', 'call.started.late'],
        ]);
      });

      it('keeps events without a queue, returns their types, and replays those that match', async () => {
        const types = [`${word}.order.paid`, `${word}.order.sent`, `${word}.order.paid`, `${word}.call`];
        await bus.publish(types.map((type, n) => ({ message: message(`m${n}`, { type }) })));
        const ours = async () => (await bus.unrouted()).filter(({ type }) => type.startsWith(word));
        await until('four unrouted events', async () => (await ours()).reduce((sum, { count }) => sum + count, 0) === 4);
        expect((await ours()).sort((a, b) => a.type.localeCompare(b.type))).toEqual([
          { type: `${word}.call`, count: 1 },
          { type: `${word}.order.paid`, count: 2 },
          { type: `${word}.order.sent`, count: 1 },
        ]);

        const queue = await declared();
        expect(await bus.replayUnrouted([`${word}.order.*`], queue)).toBe(3);
        const inbox = await openInbox(bus, queue, { settle: true });
        await inbox.atLeast(3);
        expect(inbox.ids()).toEqual(['m0', 'm1', 'm2']);
        await until('one unrouted event', async () => (await ours()).length === 1);
        expect(await ours()).toEqual([{ type: `${word}.call`, count: 1 }]);
        expect(await bus.replayUnrouted([`${word}.#`], queue)).toBe(1);
      });

      it('moves a delivery that is settled into the queue of unrouted events, and replays it with its type', async () => {
        const from = await declared('from');
        const type = `${word}.order`;
        await bus.publish([{ message: message('m', { type }), queue: from }]);
        const inbox = await openInbox(bus, from);
        const [delivery] = await inbox.atLeast(1);
        delivery?.settle([{ message: delivery.message, queue: queues.unrouted }]);
        await until('the unrouted event', async () => (await bus.unrouted()).some((one) => one.type === type));
        const to = await declared('to');
        expect(await bus.replayUnrouted([type], to)).toBe(1);
        const replayed = await openInbox(bus, to, { settle: true });
        await replayed.atLeast(1);
        expect(replayed.ids()).toEqual(['m']);
        expect(await waiting(from)).toBe(0);
      });

      it('moves each of 1,000 unrouted events once, and leaves none behind', async () => {
        await bus.publish(
          names(1_000).map((id) => ({ message: message(id, { type: `${word}.order` }) })),
          { timeoutMs: 10_000 },
        );
        const queue = await declared();
        expect(await bus.replayUnrouted([`${word}.#`], queue)).toBe(1_000);
        expect(await bus.replayUnrouted([`${word}.#`], queue)).toBe(0);
        expect(await waiting(queue)).toBe(1_000);
      });

      it('moves 500 of 1,000 unrouted events of two types, and leaves the others', async () => {
        const typeOf = (n: number) => `${word}.${n % 2 === 0 ? 'order' : 'call'}`;
        await bus.publish(
          names(1_000).map((id, n) => ({ message: message(id, { type: typeOf(n) }) })),
          { timeoutMs: 10_000 },
        );
        const orders = await declared('orders');
        const calls = await declared('calls');
        expect(await bus.replayUnrouted([`${word}.order`], orders)).toBe(500);
        expect(await bus.replayUnrouted([`${word}.order`], orders)).toBe(0);
        expect(await bus.replayUnrouted([`${word}.call`], calls)).toBe(500);
        const inbox = await openInbox(bus, calls, { settle: true });
        await inbox.atLeast(500);
        expect(inbox.ids().toSorted()).toEqual(
          names(1_000)
            .filter((_id, n) => n % 2 === 1)
            .toSorted(),
        );
      });
    });

    describe('settling', () => {
      it('publishes the outputs, then removes the delivery from its queue', async () => {
        const queue = await declared();
        const next = await declared('next');
        await bus.publish(to(queue, ['in']));
        const [delivery] = await (await openInbox(bus, queue)).atLeast(1);
        expect(await settled(delivery!, to(next, ['out1', 'out2']))).toBe(true);
        const inbox = await openInbox(bus, next, { settle: true });
        await inbox.atLeast(2);
        expect(inbox.ids()).toEqual(['out1', 'out2']);
        await empty(queue);
        await bus.close();
        const again = await openInbox(await open(), queue);
        expect(again.ids()).toEqual([]);
      });

      it('keeps every event or its output when the host dies during settlement', async () => {
        const queue = await declared();
        const next = await declared('next');
        await bus.publish(to(queue, names(400)));
        const other = await open();
        let calls = 0;
        await other.consume(queue, { prefetch: 100 }, (delivery) => {
          delivery.settle([{ queue: next, message: message(delivery.message.attributes.id) }]);
          calls += 1;
          if (calls === 250) void harness.crash(other);
        });
        await until('250 events to be settled', () => calls >= 250);
        const left = await openInbox(bus, queue, { settle: true });
        const outputs = await openInbox(bus, next, { settle: true });
        const seen = () => new Set([...left.ids(), ...outputs.ids()]);
        await until('every event or its output', () => seen().size === 400);
        expect([...seen()].sort()).toEqual(names(400).sort());
      });

      it.each(['the bus', 'the consumer'])(
        'redelivers only the single held one of 500 deliveries when %s closes',
        async (closed) => {
          const queue = await declared();
          await bus.publish(to(queue, names(500)), { timeoutMs: 10_000 });
          const other = await open();
          const inbox = await openInbox(other, queue, { prefetch: 500 });
          const [held, ...rest] = await inbox.atLeast(500);
          await Promise.all(rest.map((delivery) => settled(delivery)));
          if (closed === 'the consumer') await inbox.stop();
          held!.release();
          await other.close();
          const left = await openInbox(bus, queue, { settle: true });
          await left.atLeast(1);
          await empty(queue);
          expect(left.ids()).toEqual(['m0']);
        },
      );

      it('publishes the outputs of held deliveries when their queue is removed', async () => {
        const queue = await declared();
        const next = await declared('next');
        await bus.publish(to(queue, names(20)));
        const inbox = await openInbox(bus, queue, { prefetch: 40 });
        const held = [...(await inbox.atLeast(20))];
        await removedAndMadeAgain(queue, inbox);
        const ends = await Promise.all(held.map((delivery) => settled(delivery, to(next, [delivery.message.attributes.id]))));
        expect(ends).toEqual(Array.from({ length: 20 }, () => true));
        const outputs = await openInbox(bus, next, { settle: true });
        await outputs.atLeast(20);
        expect(outputs.ids()).toEqual(names(20));
      });

      it('redelivers a delivery that is released after its queue was removed', async () => {
        const queue = await declared();
        await bus.publish(to(queue, ['held']));
        const inbox = await openInbox(bus, queue);
        const [held] = await inbox.atLeast(1);
        await removedAndMadeAgain(queue, inbox);
        held!.release();
        await until('the held delivery to be redelivered', () => inbox.ids().filter((id) => id === 'held').length === 2);
      });

      it('redelivers the deliveries of a dead host with their count', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(20)));
        const other = await open();
        const lost = await openInbox(other, queue, { prefetch: 20 });
        await lost.atLeast(20);
        await harness.crash(other);
        const inbox = await openInbox(bus, queue, { settle: true });
        await inbox.atLeast(20);
        expect(inbox.ids().sort()).toEqual(names(20).sort());
        expect(inbox.deliveries.map((delivery) => delivery.redelivered)).toEqual(Array.from({ length: 20 }, () => 1));
      });

      it('reports false when a delivery is settled after its connection died', async () => {
        const queue = await declared();
        const next = await declared('next');
        await bus.publish(to(queue, ['in']));
        const other = await open();
        const [delivery] = await (await openInbox(other, queue)).atLeast(1);
        await harness.crash(other);
        expect(await settled(delivery!, to(next, ['out']))).toBe(false);
        await (await openInbox(bus, queue, { settle: true })).atLeast(1);
      });

      it('redelivers a released delivery near the head of the queue', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(100)));
        const order: string[] = [];
        let released = false;
        await bus.consume(queue, { prefetch: 5 }, (delivery) => {
          const { id } = delivery.message.attributes;
          if (id === 'm2' && !released) {
            released = true;
            return delivery.release();
          }
          order.push(id);
          delivery.settle([]);
        });
        await until('100 events', () => order.length === 100);
        expect(order.indexOf('m2')).toBeLessThan(50);
      });

      it('redelivers when the consumer throws', async () => {
        const queue = await declared();
        await bus.publish(to(queue, ['in']));
        const redelivered: number[] = [];
        await bus.consume(queue, { prefetch: 1 }, (delivery) => {
          redelivered.push(delivery.redelivered);
          if (redelivered.length === 1) throw new Error('a mistake in the consumer');
          delivery.settle([]);
        });
        await until('a second delivery', () => redelivered.length === 2);
        await empty(queue);
      });

      it('keeps a delivery whose output has no queue', async () => {
        const queue = await declared();
        await bus.publish(to(queue, ['in']));
        const results: boolean[] = [];
        await bus.consume(queue, { prefetch: 1 }, (delivery) => {
          const outputs = results.length === 0 ? to(`${word}.missing`, ['out']) : [];
          delivery.settle(outputs, (done) => results.push(done));
        });
        await until('two deliveries', () => results.length === 2);
        expect(results).toEqual([false, true]);
      });
    });

    describe('publishing', () => {
      it('refuses a queue that does not exist', async () => {
        expect(await refusal(bus.publish(to(`${word}.missing`, ['lost'])))).not.toBe('no refusal');
      });

      it('drops a droppable message when its queue does not exist', async () => {
        const lost = { queue: `${word}.missing`, message: message('reply'), droppable: true };
        await expect(bus.publish([lost])).resolves.toBeUndefined();
      });

      it('refuses with BUS_UNAVAILABLE after close', async () => {
        const queue = await declared();
        await bus.close();
        expect(await refusal(bus.publish(to(queue, ['late'])))).toBe('BUS_UNAVAILABLE');
        expect(bus.state().state).toBe('down');
      });
    });

    describe('delays', () => {
      it('delivers a delayed message when it is due, and messages without a delay before it', async () => {
        const queue = await declared();
        const inbox = await openInbox(bus, queue, { settle: true });
        const notBefore = Date.now() + 1_500;
        await bus.publish([{ queue, message: message('later'), notBefore }, ...to(queue, ['now'])]);
        const arrived = inbox.atLeast(2).then(() => Date.now());
        expect(await arrived).toBeGreaterThanOrEqual(notBefore - 1_000);
        expect(inbox.ids()).toEqual(['now', 'later']);
        expect(inbox.deliveries[1]?.message.attributes).toEqual(message('later').attributes);
      });

      it('delivers a message that is already due at once', async () => {
        const queue = await declared();
        await bus.publish([{ queue, message: message('due'), notBefore: Date.now() - 5_000 }]);
        const inbox = await openInbox(bus, queue, { settle: true });
        await inbox.atLeast(1);
        expect(inbox.ids()).toEqual(['due']);
      });

      it('delays an output of a settled delivery', async () => {
        const queue = await declared();
        await bus.publish(to(queue, ['in']));
        const before = await harness.delayed(queue);
        const [delivery] = await (await openInbox(bus, queue)).atLeast(1);
        expect(await settled(delivery!, [{ queue, message: message('in'), notBefore: Date.now() + 3 * DAY_MS }])).toBe(true);
        await until('one delayed message', async () => (await harness.delayed(queue)) === before + 1);
        await empty(queue);
      });
    });

    describe('restart of the broker', () => {
      const restart = async () => {
        await harness.restartBroker();
        await until('the bus to be up again', () => bus.state().state === 'up');
      };
      /** Publishes until it succeeds: the bus may be up a moment before its queue exists. */
      const offered = (queue: string, id: string) =>
        until(`${queue} to accept ${id}`, () =>
          bus.publish(to(queue, [id])).then(
            () => true,
            () => false,
          ),
        );

      it('keeps 1,000 queued events and their order', async () => {
        const queue = await declared();
        await bus.publish(to(queue, names(1_000)), { timeoutMs: 10_000 });
        await restart();
        const inbox = await openInbox(bus, queue, { settle: true });
        await inbox.atLeast(1_000);
        expect(inbox.ids()).toEqual(names(1_000));
      });

      it('keeps a message that is delayed for days', async () => {
        const queue = await declared();
        const before = await harness.delayed(queue);
        await bus.publish([{ queue, message: message('later'), notBefore: Date.now() + 3 * DAY_MS }]);
        await restart();
        const inbox = await openInbox(bus, queue, { settle: true });
        await offered(queue, 'sentinel');
        await inbox.atLeast(1);
        expect(new Set(inbox.ids())).toEqual(new Set(['sentinel']));
        expect(await harness.delayed(queue)).toBe(before + 1);
      });

      it('continues to consume, from exclusive queues too', async () => {
        const queue = await declared();
        const reply = `${word}.reply`;
        await bus.declare({ queue: reply, exclusive: true });
        const inbox = await openInbox(bus, queue, { settle: true });
        const replies = await openInbox(bus, reply, { settle: true });
        const peers = await peer(bus, 'peer');
        await restart();
        await offered(queue, 'after');
        await offered(reply, 'answer');
        await offered(queues.peers, 'said');
        await inbox.atLeast(1);
        await replies.atLeast(1);
        await peers.atLeast(1);
        expect(inbox.ids()).toContain('after');
        expect(replies.ids()).toContain('answer');
      });
    });
  });
}
