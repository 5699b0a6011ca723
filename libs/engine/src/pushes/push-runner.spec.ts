import { describe, expect, it } from '@jest/globals';
import { fail, systemClock, type Clock } from '@sluice/plugin-api';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { type Answer, flow, type TestEngine, testEngines, PlainPacer, startTestEngine } from '../../test/engine-harness.js';

const { start, running } = testEngines();

const QUEUE = 'push.peer.normal';
const PUSH = `  - id: save
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
`;
const queueOf = async (machine: TestEngine) => (await machine.bus.status([QUEUE]))[0];

/** A call that ends when the test opens the gate. */
function gate() {
  let open = (_error?: Error) => undefined as void;
  const passed = new Promise<void>((resolve, reject) => {
    open = (error) => (error ? reject(error) : resolve());
  });
  return { passed, open };
}

describe('pushes that are held', () => {
  it('return to their queue when the remote system is found down after the lease was released', async () => {
    const pacer = new PlainPacer();
    const call = gate();
    const machine = await start({ pacer, flows: flow('t', PUSH), answer: () => call.passed });
    await machine.publish('t.asked', { text: 'a' });
    await until('the call', () => machine.calls.length === 1);
    pacer.lose();
    call.open(fail.UNREACHABLE('refused', { sent: 'no' }));
    await until('the push waits for the next owner', async () => {
      const queue = await queueOf(machine);
      return queue?.waiting === 1 && queue.held === 0;
    });
  });

  it('are each called once after the connection to the broker was lost', async () => {
    const pacer = new PlainPacer();
    pacer.open = false;
    const broker = new MemoryBroker();
    const machine = await start({ pacer, broker, flows: flow('t', PUSH) });
    for (const text of ['a', 'b', 'c']) await machine.publish('t.asked', { text });
    await until('all are held', async () => (await queueOf(machine))?.held === 3);
    broker.stop();
    pacer.open = true;
    broker.start();
    pacer.wake();
    await machine.ended('done', 3);
    expect(machine.calls.map((call) => call.input.text).sort()).toEqual(['a', 'b', 'c']);
  });

  it('expire while their connection makes no calls, also those that waited in the queue behind them', async () => {
    const pacer = new PlainPacer();
    pacer.open = false;
    const machine = await start({ pacer, flows: flow('t', PUSH, 'deliver: { expires: 1s }\n') });
    for (let n = 0; n < 30; n++) await machine.publish('t.asked', { text: `${n}` });
    await machine.ended('expired', 30);
    expect(machine.calls).toEqual([]);
    expect(await queueOf(machine)).toMatchObject({ waiting: 0, held: 0 });
  });

  it('are settled after the timeout of their step while their connection makes no calls', async () => {
    const pacer = new PlainPacer();
    pacer.open = false;
    const machine = await start({ pacer, flows: flow('t', `${PUSH}    timeout: 1s\n`) });
    for (let n = 0; n < 60; n++) await machine.publish('t.asked', { text: `${n}` });
    await machine.ended('parked', 60);
    await until('the queue is empty', async () => {
      const queue = await queueOf(machine);
      return queue?.waiting === 0 && queue.held === 0;
    });
    expect(machine.calls).toEqual([]);
  });

  it('are consumed again when the broker was unavailable at the moment when the connection opened', async () => {
    const pacer = new PlainPacer();
    const broker = new MemoryBroker();
    const machine = await start({ pacer, broker, flows: flow('t', PUSH) });
    await until('consumed', async () => (await queueOf(machine))?.consumers === 1);
    pacer.lose();
    await until('cancelled', async () => (await queueOf(machine))?.consumers === 0);
    broker.stop();
    pacer.regain();
    await until('the refusal', () => machine.log.lines.some(({ message }) => message.includes('cannot be consumed')));
    broker.start();
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
  });

  it('stay with the consumers of an owner that closes and opens at once', async () => {
    const pacer = new PlainPacer();
    const machine = await start({ pacer, flows: flow('t', PUSH) });
    pacer.open = false;
    await machine.publish('t.asked', { text: 'a' });
    await until('it is held', async () => (await queueOf(machine))?.held === 1);
    pacer.lose();
    pacer.regain();
    await machine.ended('done');
    expect(await queueOf(machine)).toMatchObject({ waiting: 0, held: 0, consumers: 1 });
  });
});

describe('a push that cannot be called', () => {
  it('is parked when it contains no call, and does not block other pushes', async () => {
    const machine = await start({ flows: flow('t', PUSH) });
    const attributes = { id: 'x', source: '/x', type: 'sluice.run', time: new Date().toISOString() };
    const json = Buffer.from(
      JSON.stringify({ run: 'r', flow: 't', epoch: 0, revision: '', event: attributes, steps: {}, kind: 'push' }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.length);
    const message = {
      attributes: { ...attributes, datacontenttype: 'application/vnd.sluice.run' },
      body: Buffer.concat([length, json]),
    };
    await machine.bus.publish([{ queue: QUEUE, message }]);
    await until('the row', () => machine.database.parked.size === 1);
    await until('nothing is held', async () => (await queueOf(machine))?.held === 0);
  });
});

describe('a push that was redelivered many times', () => {
  /** Pushes of flow `t` that were handed out five times, as when hosts die with them. */
  async function suspects(texts: readonly string[]) {
    const broker = new MemoryBroker();
    const database = new MemoryDatabase();
    const flows = flow('t', PUSH);
    const pacer = new PlainPacer();
    pacer.open = false;
    const machine = await startTestEngine({ broker, database, pacer, flows });
    for (const text of texts) await machine.publish('t.asked', { text });
    await until('all are held', async () => (await queueOf(machine))?.held === texts.length);
    await machine.bus.close();
    running.push(machine);
    for (let crash = 1; crash < 5; crash++) {
      const dying = broker.connect();
      const taken: unknown[] = [];
      await dying.consume(QUEUE, { prefetch: 10 }, (delivery) => void taken.push(delivery));
      await until('all were handed out', () => taken.length === texts.length);
      await dying.close();
    }
    return { broker, database, flows };
  }

  it('is parked when hosts die during its call', async () => {
    const shared = await suspects(['a']);
    for (let crash = 0; crash < 3; crash++) {
      const dying = await startTestEngine({ ...shared, answer: () => new Promise(() => undefined) });
      running.push(dying);
      await until('the call', () => dying.calls.length === 1);
      await dying.bus.close();
    }
    const last = await start(shared);
    await last.ended('parked');
    await until('the row', () => shared.database.parked.size === 1);
    expect((await last.store.parked.list({ limit: 1 }))[0]).toMatchObject({ step: 'save', error: { code: 'POISON' } });
    expect(last.calls).toHaveLength(0);
  });

  it('is not suspected because the remote system cannot be reached, or is busy', async () => {
    const shared = await suspects(['a']);
    const errors = [fail.UNREACHABLE('refused', { sent: 'no' }), fail.OVERLOADED('406', { sent: 'yes' })];
    const answer = () => {
      const error = errors.shift();
      if (error) throw error;
      return 'ok';
    };
    const machine = await start({ ...shared, answer });
    await machine.ended('done');
    expect(machine.calls).toHaveLength(3);
    expect([...shared.database.suspects.values()]).toEqual([1]);
  });

  it('waits while another suspected push is called, and does not block other pushes', async () => {
    const shared = await suspects(['a', 'b']);
    const first = gate();
    const machine = await start({ ...shared, answer: ({ input }) => (input.text === 'a' ? first.passed : 'ok') });
    await until('the call', () => machine.calls.length === 1);
    await machine.publish('t.asked', { text: 'fresh' });
    await machine.ended('done');
    expect(machine.calls.map((call) => call.input.text)).toEqual(['a', 'fresh']);
    first.open();
    await machine.ended('done', 3);
  });

  it('is called later when the database does not store the note', async () => {
    const shared = await suspects(['a']);
    const machine = await start({ ...shared, answer: () => 'ok', ready: false });
    shared.database.away = true;
    machine.engine.ready();
    await until('it waits', async () => (await queueOf(machine))?.held === 0);
    expect(machine.calls).toHaveLength(0);
    shared.database.away = false;
    await machine.ended('done');
  });
});

describe('the output of a call', () => {
  it('parks the run when it is too large to travel, and the call is not repeated', async () => {
    const machine = await start({ flows: flow('t', PUSH), answer: () => 'x'.repeat(9 * 1024 ** 2) });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.list({ limit: 1 }))[0]).toMatchObject({
      step: 'save',
      error: { code: 'STATE_TOO_LARGE', step: 'save', connection: 'peer' },
    });
    expect(machine.calls).toHaveLength(1);
  });

  it.each(['push', 'say'])('parks the run when it is not data, and fake.%s is not repeated', async (action) => {
    const steps = PUSH.replace('fake.push', `fake.${action}`);
    const machine = await start({ flows: flow('t', steps), answer: () => ({ count: 1n }) });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.list({ limit: 1 }))[0]?.error.code).toBe('OUTPUT_INVALID');
    expect(machine.calls).toHaveLength(1);
  });
});

describe('a call that is open when its host stops', () => {
  /** A call that ends when it is aborted, with an unknown outcome. */
  const untilCut: Answer = (_seen, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(fail.TIMED_OUT('cut off', { sent: 'unknown' })), { once: true });
    });

  async function stopped(idempotent: 'by-key' | 'no') {
    const shared = { broker: new MemoryBroker(), database: new MemoryDatabase(), flows: flow('t', PUSH), idempotent };
    const first = await startTestEngine({ ...shared, answer: untilCut });
    await first.publish('t.asked', { text: 'a' });
    await until('the call', () => first.calls.length === 1);
    await first.stop();
    return { first, second: await start(shared) };
  }

  it('is repeated by another host under the same id', async () => {
    const { first, second } = await stopped('by-key');
    await second.ended('done');
    expect(second.calls.map((call) => call.id)).toEqual(first.calls.map((call) => call.id));
  });

  it('ends as OUTCOME_UNKNOWN when it must not be repeated', async () => {
    const { second } = await stopped('no');
    await second.ended('parked');
    await until('the row', () => second.database.parked.size === 1);
    expect((await second.store.parked.list({ limit: 1 }))[0]?.error).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: { code: 'TIMED_OUT', message: 'cut off' },
    });
    expect(second.calls).toHaveLength(0);
  });
});

describe('a breaker', () => {
  it('is reported: the connection, the reason, the fate of its calls, and the end of the outage', async () => {
    const pacer = new PlainPacer();
    const machine = await start({
      pacer,
      flows: flow('t', PUSH),
      answer: () => {
        throw fail.UNREACHABLE('connect ECONNREFUSED 10.0.0.7:80', { sent: 'no' });
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await until('the call', () => pacer.ends.length === 1);
    for (const open of [true, false]) pacer.onBreakerChanged(open);
    const told = machine.log.lines
      .filter(({ level }) => level === 'warn')
      .map(({ message }) => message)
      .filter((line) => line.startsWith('peer'));
    expect(told).toEqual([
      'peer cannot be reached: connect ECONNREFUSED 10.0.0.7:80. Its calls wait, no call is lost; it is checked again every 5 s',
      'peer is available again after 0 s: the waiting calls continue',
    ]);
  });
});

describe('the timeout of a step', () => {
  it('may be longer than a timer of the process can be', async () => {
    const machine = await start({
      flows: flow('t', `${PUSH}    timeout: 60d\n`),
      answer: async (_seen, call) => {
        // a timer that overflows would fire within a millisecond, so there is no other condition to wait for
        await new Promise((resolve) => setTimeout(resolve, 20));
        call.signal.throwIfAborted();
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    expect(machine.calls).toHaveLength(1);
  });

  it.each(['push', 'say'])(
    'ends fake.%s when no other try can begin before it, and tells what the last one met with',
    async (action) => {
      const retry = 'deliver:\n  retry: { attempts: 5, backoff: fixed, initial: 1h }\n';
      const steps = `${PUSH.replace('fake.push', `fake.${action}`)}    timeout: 30m\n`;
      const machine = await start({
        flows: flow('t', steps, retry),
        answer: () => {
          throw fail.TIMED_OUT('no answer', { sent: 'yes' });
        },
      });
      await machine.publish('t.asked', { text: 'a' });
      await machine.ended('parked');
      await until('the row', () => machine.database.parked.size === 1);
      expect((await machine.store.parked.list({ limit: 1 }))[0]?.error).toMatchObject({
        code: 'STEP_TIMEOUT',
        step: 'save',
        connection: 'peer',
        cause: { code: 'TIMED_OUT', fate: 'retry', message: 'no answer' },
      });
      expect(machine.calls).toHaveLength(1);
    },
  );

  it('contains the error of the call that it has aborted, and keeps the slot of that call', async () => {
    // the timer of the step never arrives: the call itself has to end the step
    const late: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms > 0 ? 3_600_000 : 0, run) };
    const broker = new MemoryBroker(late);
    const machine = await start({
      broker,
      flows: flow('t', `${PUSH}    timeout: 1s\n`),
      answer: (_seen, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(fail.TIMED_OUT('no answer', { sent: 'unknown' })), { once: true });
        }),
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.list({ limit: 1 }))[0]?.error).toMatchObject({
      code: 'STEP_TIMEOUT',
      cause: { code: 'TIMED_OUT' },
    });
    expect(machine.pacer.ends).toEqual([{ result: 'unknown', ms: expect.any(Number), lingerMs: machine.pacer.ends[0]?.ms }]);
  });
});
