import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestApplication, type Type } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { queues } from '@sluice/engine';
import { fail, systemClock, type Clock, type Timer } from '@sluice/plugin-api';
import { MemoryBroker, type MemoryBus } from '@sluice/memory';
import { openInbox, until } from '@sluice/testing';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { BusClient, BusContext, BusServer, connectBus, EventRecord } from './index.js';

/** Jumps to the end of each wait, and records the waits. */
class JumpingClock implements Clock {
  readonly waits: number[] = [];
  #time = Date.UTC(2026, 1, 1);
  readonly now = () => this.#time;
  readonly monotonic = () => this.#time;
  readonly every: Clock['every'] = (ms, run) => systemClock.every(ms, run);
  after(ms: number, run: () => void): Timer {
    if (ms > 0) this.waits.push(ms);
    this.#time += Math.max(ms, 0);
    return systemClock.after(0, run);
  }
}

/** The behaviour of the handlers in a test. */
class Script {
  ledger: (data: unknown, context: BusContext) => unknown = () => undefined;
  mail: (data: unknown, context: BusContext) => unknown = () => undefined;
}

@Controller()
class Orders {
  constructor(private readonly script: Script) {}

  @EventPattern<string>('order.*', { plugin: 'shop', subscription: 'ledger' })
  ledger(@Payload() data: unknown, @Ctx() context: BusContext): unknown {
    return this.script.ledger(data, context);
  }

  @EventPattern<string>('order.#', { plugin: 'shop', subscription: 'mail' })
  mail(@Payload() data: unknown, @Ctx() context: BusContext): unknown {
    return this.script.mail(data, context);
  }
}

/** How often half a second was doubled to this delay, whatever its jitter. */
const doublings = (ms: number) => Math.round(Math.log2(ms / 500));

const LEDGER = queues.module('shop', 'ledger');
const MAIL = queues.module('shop', 'mail');

const running: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function start(controller: Type, script = new Script(), { consumes = true } = {}) {
  const clock = new JumpingClock();
  const bus = new MemoryBroker(clock).connect();
  const module = await Test.createTestingModule({
    controllers: [controller],
    providers: [{ provide: Script, useValue: script }],
  }).compile();
  const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
  const server = new BusServer(bus, { now: clock.now });
  connectBus(app, server);
  running.push(app);
  await app.startAllMicroservices();
  if (consumes) await server.consume();
  return { app, server, bus, clock, script, client: new BusClient(bus, { source: '/plugins/shop', now: clock.now }) };
}

const emit = (client: BusClient, type: string, data: unknown) =>
  lastValueFrom(client.emit(type, data), { defaultValue: undefined });

async function held(bus: MemoryBus, queue: string): Promise<number> {
  const [status] = await bus.status([queue]);
  return (status?.waiting ?? 0) + (status?.held ?? 0) + bus.broker.delayed(queue);
}

describe('BusServer', () => {
  it('keeps events in the queues of its handlers until consume is called', async () => {
    const script = new Script();
    const { bus, client, server } = await start(Orders, script, { consumes: false });
    const seen: unknown[] = [];
    script.mail = (data) => void seen.push(data);
    await emit(client, 'order.paid', { number: 7 });
    expect([await bus.status([LEDGER]), await bus.status([MAIL])]).toMatchObject([
      [{ waiting: 1, held: 0 }],
      [{ waiting: 1, held: 0 }],
    ]);
    await server.consume();
    await until('the event to be handled', () => seen.length === 1);
    expect(seen).toEqual([{ number: 7 }]);
  });

  it('delivers no event when it is closed during consume', async () => {
    const script = new Script();
    const { bus, client, server } = await start(Orders, script, { consumes: false });
    const seen: unknown[] = [];
    script.ledger = (data) => void seen.push(data);
    const consuming = server.consume();
    await server.close();
    await consuming;
    await emit(client, 'order.paid', { number: 7 });
    expect(await bus.status([LEDGER])).toMatchObject([{ waiting: 1 }]);
    expect(seen).toEqual([]);
  });

  it('delivers an event to every handler whose pattern matches, from a queue of its own', async () => {
    const { bus, client, script } = await start(Orders);
    const seen: unknown[] = [];
    script.ledger = (data, context) => void seen.push(['ledger', data, context.attributes.type, context.delivery.queue]);
    script.mail = (data) => void seen.push(['mail', data]);
    await emit(client, 'order.created', { number: 'А-1' });
    await emit(client, 'order.line.added', { number: 'А-2' });
    await until('three calls', () => seen.length === 3);
    expect(seen).toEqual(
      expect.arrayContaining([
        ['ledger', { number: 'А-1' }, 'order.created', LEDGER],
        ['mail', { number: 'А-1' }],
        ['mail', { number: 'А-2' }],
      ]),
    );
    await until('both queues empty', async () => (await held(bus, LEDGER)) + (await held(bus, MAIL)) === 0);
  });

  it('keeps the delivery until the Observable of the handler has completed', async () => {
    const { bus, client, script } = await start(Orders);
    let complete!: () => void;
    const ended = new Promise<void>((resolve) => (complete = resolve));
    let called = false;
    script.ledger = () => {
      called = true;
      return from(ended);
    };
    await emit(client, 'order.created', {});
    await until('the call', () => called);
    expect(await held(bus, LEDGER)).toBe(1);
    complete();
    await until('the queue empty', async () => (await held(bus, LEDGER)) === 0);
  });

  it('repeats only the handler that failed, with a delay that doubles', async () => {
    const { bus, client, clock, script } = await start(Orders);
    const attempts: number[] = [];
    let mails = 0;
    script.mail = () => void (mails += 1);
    script.ledger = (_data, context) => {
      attempts.push(context.attempt);
      if (attempts.length < 4) throw new Error('the table is locked');
    };
    await emit(client, 'order.created', {});
    await until('the fourth attempt settled', async () => attempts.length === 4 && (await held(bus, LEDGER)) === 0);
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(clock.waits.map(doublings)).toEqual([1, 2, 3]);
    expect(mails).toBe(1);
  });

  it('waits for the time of Retry-After', async () => {
    const { client, clock, script } = await start(Orders);
    let calls = 0;
    script.ledger = () => {
      calls += 1;
      if (calls === 1) throw fail.OVERLOADED('busy', { retryAfterMs: 60_000 });
    };
    await emit(client, 'order.created', {});
    await until('the second attempt', () => calls === 2);
    expect(clock.waits).toEqual([60_000]);
  });

  it('puts an event aside with its error after the tenth attempt', async () => {
    const { bus, client, clock, script } = await start(Orders);
    let calls = 0;
    script.ledger = () => {
      calls += 1;
      throw new Error('always');
    };
    const poison = await openInbox(bus, queues.poison);
    await emit(client, 'order.created', new EventRecord({ number: 'А-1' }, { id: 'evt-1' }));
    const [put] = await poison.atLeast(1);
    expect(calls).toBe(10);
    expect(put?.message.body.toString()).toBe('{"number":"А-1"}');
    expect(put?.message.attributes).toMatchObject({
      id: 'evt-1',
      type: 'order.created',
      meta: { module: { attempt: 10, queue: LEDGER, error: { code: 'UNEXPECTED', message: 'always', attempt: 10 } } },
    });
    expect(clock.waits.map(doublings).at(-1)).toBe(9);
    expect(await held(bus, LEDGER)).toBe(0);
  });

  it('puts an event aside during which the host dies repeatedly, and counts the deaths', async () => {
    const clock = new JumpingClock();
    const { bus, client } = await start(Orders, new Script(), { consumes: false });
    const { broker } = bus;
    await emit(client, 'order.paid', { number: 7 });
    let deaths = 0;
    const live = async () => {
      const host = broker.connect();
      const server = new BusServer(host, { now: clock.now });
      server.addHandler('order.*', async () => host.crash(), true, { plugin: 'shop', subscription: 'ledger' });
      await server.consume();
      deaths++;
    };
    const inbox = await openInbox(bus, queues.poison);
    await until('the event to be put aside', async () => {
      if (inbox.deliveries.length === 0) await live();
      return inbox.deliveries.length > 0;
    });
    expect(inbox.deliveries[0]?.message.attributes.meta).toMatchObject({ module: { attempt: 10, error: { code: 'POISON' } } });
    expect(deaths).toBeLessThan(40);
  });

  it('puts an event aside at once when its data is refused, whatever kind of result the handler returns', async () => {
    const { bus, client, script } = await start(Orders);
    let calls = 0;
    const refuse = () => {
      calls += 1;
      throw fail.REJECTED('no such customer');
    };
    script.ledger = async () => refuse();
    script.mail = refuse;
    const poison = await openInbox(bus, queues.poison);
    await emit(client, 'order.created', {});
    const put = await poison.atLeast(2);
    expect(calls).toBe(2);
    for (const { message } of put) {
      expect(message.attributes.meta).toMatchObject({ module: { error: { code: 'REJECTED', fate: 'rejected' } } });
    }
  });

  it('puts an event aside whose body does not match its type, without calling the handler', async () => {
    const { bus, script } = await start(Orders);
    let calls = 0;
    script.mail = () => void (calls += 1);
    const poison = await openInbox(bus, queues.poison);
    const attributes = { id: '1', source: '/s', type: 'order.line.added', time: '2026-02-01T00:00:00Z' };
    await bus.publish([{ message: { attributes, body: Buffer.from('{') } }]);
    const [put] = await poison.atLeast(1);
    expect(put?.message.attributes.meta).toMatchObject({ module: { attempt: 1, error: { code: 'BODY_UNREADABLE' } } });
    expect(calls).toBe(0);
  });

  it('returns the same derived ids to a handler in every attempt', async () => {
    const { client, script } = await start(Orders);
    const ids: string[][] = [];
    script.ledger = (_data, context) => {
      ids.push([context.idFor('shipped'), context.idFor('line', 1), context.idFor('line', 2)]);
      if (ids.length === 1) throw new Error('once');
    };
    await emit(client, 'order.created', {});
    await until('two attempts', () => ids.length === 2);
    expect(ids[1]).toEqual(ids[0]);
    expect(new Set(ids[0]).size).toBe(3);
  });

  it('takes no new delivery and waits for running handlers when the application closes', async () => {
    const { app, bus, client, script } = await start(Orders);
    let finish!: () => void;
    const ended = new Promise<void>((resolve) => (finish = resolve));
    let calls = 0;
    script.ledger = () => {
      calls += 1;
      return ended;
    };
    await emit(client, 'order.created', {});
    await until('the call', () => calls === 1);
    let closed = false;
    const closing = app.close().then(() => (closed = true));
    await until('the consumers gone', async () => (await bus.status([LEDGER]))[0]?.consumers === 0);
    await emit(client, 'order.created', {});
    expect(closed).toBe(false);
    finish();
    await closing;
    expect(calls).toBe(1);
    expect(await held(bus, LEDGER)).toBe(1);
  });

  it('refuses a handler without a subscription, and names its pattern', async () => {
    @Controller()
    class Nameless {
      @EventPattern<string>('order.created', { plugin: 'shop' })
      handle(): void {}
    }
    await expect(start(Nameless)).rejects.toThrow(
      '@EventPattern("order.created") has no subscription: write @EventPattern<string>(',
    );
  });

  it('refuses two handlers with one subscription, because they would share a queue', async () => {
    @Controller()
    class Twins {
      @EventPattern<string>('order.created', { plugin: 'shop', subscription: 'ledger' })
      one(): void {}
      @EventPattern<string>('order.closed', { plugin: 'shop', subscription: 'ledger' })
      other(): void {}
    }
    await expect(start(Twins)).rejects.toThrow(
      `@EventPattern("order.created") and @EventPattern("order.closed") share the queue ${LEDGER}`,
    );
  });

  it('refuses request handlers', async () => {
    @Controller()
    class Asked {
      @MessagePattern('order.total')
      total(): number {
        return 1;
      }
    }
    await expect(start(Asked)).rejects.toThrow('@MessagePattern("order.total") is not supported on the bus: use @EventPattern');
  });
});

describe('BusClient', () => {
  it('publishes a CloudEvent that a flow can consume', async () => {
    const { bus, client } = await start(Orders);
    await bus.declare({ queue: 'flow.hello', types: ['invoice.paid'] });
    await emit(client, 'invoice.paid', new EventRecord({ sum: 10 }, { id: 'i-1', subject: '7' }));
    const [delivery] = await (await openInbox(bus, 'flow.hello')).atLeast(1);
    expect(delivery?.message.attributes).toEqual({
      id: 'i-1',
      source: '/plugins/shop',
      type: 'invoice.paid',
      time: '2026-02-01T00:00:00.000Z',
      subject: '7',
      datacontenttype: 'application/json',
    });
    expect(delivery?.message.body.toString()).toBe('{"sum":10}');
  });

  it('fails when the broker does not confirm', async () => {
    const { bus, client } = await start(Orders);
    bus.broker.stop();
    await expect(emit(client, 'invoice.paid', {})).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('refuses a pattern that is not an event type', async () => {
    const { client } = await start(Orders);
    await expect(emit(client, 'order.*', {})).rejects.toMatchObject({ code: 'EVENT_TYPE' });
  });

  it('refuses send', async () => {
    const { client } = await start(Orders);
    const answer: Observable<unknown> = client.send('order.total', {});
    await expect(lastValueFrom(answer)).rejects.toThrow('send("order.total") is not supported on the bus: use emit');
  });
});
