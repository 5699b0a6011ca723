import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { MemoryBroker } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, PlainPacer, type SeenCall } from './engine-harness.js';

const { start } = testEngines();

const PUSH = `  - id: save
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
  - id: told
    emit: { type: t.saved, data: { text: '\${{ steps.save.text }}' } }
`;
const SAY = PUSH.replace('fake.push', 'fake.say').replace('connection: peer', 'connection: quick');

/** A call that ends when the test opens the gate. */
function gate() {
  let open = () => undefined as void;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe.each([
  ['a paced call', PUSH],
  ['a call within a hop', SAY],
])('the result of %s', (_what, steps) => {
  it('is published once after one call when the broker redelivers the message twice during the call', async () => {
    const broker = new MemoryBroker();
    const call = gate();
    const machine = await start({
      broker,
      flows: flow('t', steps),
      answer: async (seen) => {
        await call.passed;
        return seen.input;
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await until('the call', () => machine.calls.length === 1);
    for (let times = 0; times < 2; times++) {
      broker.stop();
      broker.start();
      await until('it was handed out again', async () => {
        const status = await machine.bus.status(['flow.t', 'push.peer.normal']);
        return status.some(({ held = 0 }) => held === 1);
      });
    }
    call.open();
    await machine.ended('done');
    await until('nothing is held', async () => {
      const status = await machine.bus.status(['flow.t', 'flow.t.next', 'push.peer.normal', 'push.peer.normal.again']);
      return status.every(({ held = 0, waiting }) => held + waiting === 0);
    });
    expect(machine.calls).toHaveLength(1);
    await until('the event', () => machine.emitted.some(({ type }) => type === 't.saved'));
    expect(machine.emitted.filter(({ type }) => type === 't.saved')).toHaveLength(1);
    expect(machine.outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
  });

  it('is published later when the call ends while the broker is unavailable', async () => {
    const broker = new MemoryBroker();
    const call = gate();
    const machine = await start({
      broker,
      flows: flow('t', steps),
      answer: async (seen) => {
        await call.passed;
        return seen.input;
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await until('the call', () => machine.calls.length === 1);
    broker.stop();
    call.open();
    await until('the host has noticed', () =>
      machine.log.lines.some(({ message }) => message.includes('its result is published')),
    );
    broker.start();
    await machine.ended('done');
    expect(machine.calls).toHaveLength(1);
  });
});

describe('retries of pushes', () => {
  it('take turns with new pushes when every first attempt has failed', async () => {
    const FRESH = 400;
    const first: SeenCall[] = [];
    const pacer = new PlainPacer();
    pacer.open = false;
    const machine = await start({
      pacer,
      flows: flow('t', PUSH, 'deliver: { retry: { attempts: 5, initial: 1s, backoff: fixed } }\n'),
      answer: async (seen) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (seen.attempt > 1) return seen.input;
        first.push(seen);
        throw fail.TIMED_OUT('500');
      },
    });
    for (let n = 0; n < FRESH; n++) await machine.publish('t.asked', { text: String(n) });
    pacer.open = true;
    pacer.wake();
    await machine.ended('done', 20);
    expect(first.length).toBeLessThan(FRESH);
  });
});

describe('a redelivered message', () => {
  /** An event, or a push, whose host has died with it once. */
  async function afterCrash(queue: string) {
    const broker = new MemoryBroker();
    const pacer = new PlainPacer();
    pacer.open = false;
    const flows = flow('t', PUSH);
    const first = await start({ broker, pacer, flows, ...(queue === 'flow.t' && { roles: [] }) });
    await first.publish('t.asked', { text: 'killer' });
    await until('it waits', async () => {
      const [status] = await first.bus.status([queue]);
      return (queue === 'flow.t' ? status?.waiting : status?.held) === 1;
    });
    if (queue === 'flow.t') {
      const dying = broker.connect();
      let taken = 0;
      await dying.consume(queue, { prefetch: 1 }, () => void taken++);
      await until('it was handed out', () => taken === 1);
      await dying.close();
    }
    await first.bus.close();
    return { broker, flows };
  }

  it.each(['flow.t', 'push.peer.normal'])(
    'waits in %s until the host accepts requests, while a new message does not wait',
    async (queue) => {
      const { broker, flows } = await afterCrash(queue);
      const machine = await start({ broker, flows, ready: false, answer: (seen) => seen.input });
      await until('it is held', async () => (await machine.bus.status([queue]))[0]?.held === 1);
      await machine.publish('t.asked', { text: 'fresh' });
      await machine.ended('done');
      expect(machine.calls.map(({ input }) => input.text)).toEqual(['fresh']);
      machine.engine.ready();
      await machine.ended('done', 2);
      expect(machine.calls.map(({ input }) => input.text)).toEqual(['fresh', 'killer']);
    },
  );

  it('returns to its queue when the host stops before it accepts requests', async () => {
    const { broker, flows } = await afterCrash('flow.t');
    const machine = await start({ broker, flows, ready: false, answer: (seen) => seen.input });
    await until('it is held', async () => (await machine.bus.status(['flow.t']))[0]?.held === 1);
    await machine.engine.stop();
    expect(await machine.bus.status(['flow.t'])).toMatchObject([{ waiting: 1, held: 0 }]);
  });
});
