import { describe, expect, it } from '@jest/globals';
import { fail, runId } from '@sluice/plugin-api';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, PlainPacer, startTestEngine } from '../test/engine-harness.js';

const { start, running } = testEngines();

const PUSH = `  - id: save
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
`;
const SAID = `  - id: said
    emit:
      type: said
      data: \${{ steps.save }}
`;

describe('a paced step', () => {
  it('is called with an id made of run and step, and the flow goes on with its output', async () => {
    const machine = await start({ flows: flow('t', PUSH + SAID), answer: ({ input }) => ({ echo: input.text }) });
    await machine.publish('t.asked', { text: 'привет' }, { id: 'e1' });
    await machine.ended('done');
    expect(machine.calls).toEqual([{ id: expect.stringMatching(/^[\da-f-]{36}\/save$/), attempt: 1, input: { text: 'привет' } }]);
    await until('the event', () => machine.emitted.some((one) => one.type === 'said'));
    expect(machine.emitted.find((one) => one.type === 'said')?.data).toEqual({ echo: 'привет' });
  });

  it('keeps its id in every attempt, and spends an attempt for each answered failure', async () => {
    const machine = await start({
      flows: flow('t', PUSH, 'deliver:\n  retry: { attempts: 3, backoff: fixed, initial: 1s }\n'),
      answer: ({ attempt }) => {
        if (attempt < 3) throw fail.TIMED_OUT('slow');
        return { ok: true };
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    expect(machine.calls.map((call) => call.attempt)).toEqual([1, 2, 3]);
    expect(new Set(machine.calls.map((call) => call.id)).size).toBe(1);
  });

  it('parks the run after the last attempt, with the error, and a replay continues at that step under the same id', async () => {
    let broken = true;
    const machine = await start({
      flows: flow('t', `  - id: before\n    set: { n: 1 }\n${PUSH}${SAID}`, 'deliver:\n  retry: { attempts: 1 }\n'),
      answer: () => {
        if (broken) throw fail.TIMED_OUT('slow');
        return 'saved';
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    const [row] = await machine.store.parked.list({ limit: 10 });
    expect(row).toMatchObject({
      flow: 't',
      step: 'save',
      state: 'parked',
      error: { code: 'TIMED_OUT', attempt: 1, connection: 'peer' },
    });
    broken = false;
    await machine.engine.parking.replay(row?.run ?? '');
    await machine.ended('done');
    expect(new Set(machine.calls.map((call) => call.id)).size).toBe(1);
    expect((await machine.store.parked.get(row?.run ?? ''))?.state).toBe('replayed');
  });

  it('is not repeated when the outcome is unknown and the action cannot be repeated', async () => {
    const machine = await start({
      idempotent: 'no',
      flows: flow('t', PUSH, 'deliver:\n  retry: { attempts: 5 }\n'),
      answer: () => {
        throw fail.TIMED_OUT('no answer', { sent: 'unknown' });
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('parked');
    expect(machine.calls).toHaveLength(1);
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.list({ limit: 1 }))[0]?.error).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: { code: 'TIMED_OUT' },
    });
  });

  it('spends no attempt while the remote system is overloaded', async () => {
    let refusals = 2;
    const machine = await start({
      flows: flow('t', PUSH, 'deliver:\n  retry: { attempts: 1 }\n'),
      answer: () => {
        if (refusals-- > 0) throw fail.OVERLOADED('406', { sent: 'yes' });
        return 'ok';
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    expect(machine.calls.map((call) => call.attempt)).toEqual([1, 1, 1]);
    expect(machine.pacer.ends.map((end) => end.result)).toEqual(['overload', 'overload', 'ok']);
  });

  it('has the output of its onError entry after the last attempt', async () => {
    const onError = `    onError:\n      - when: \${{ error.fate != 'rejected' }}\n        output: other\n      - output: { refused: '\${{ error.code }}' }\n`;
    const machine = await start({
      flows: flow('t', PUSH + onError + SAID),
      answer: () => {
        throw fail.REJECTED('blocked', { sent: 'yes' });
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    await until('the event', () => machine.emitted.some((one) => one.type === 'said'));
    expect(machine.emitted.find((one) => one.type === 'said')?.data).toEqual({ refused: 'REJECTED' });
  });

  it('ends at its timeout while the connection is closed, and the late push is not called', async () => {
    const pacer = new PlainPacer();
    pacer.open = false;
    const timeout = `    timeout: 1s\n    onError:\n      - output: late\n`;
    const machine = await start({ pacer, flows: flow('t', PUSH + timeout + SAID) });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    pacer.open = true;
    pacer.wake();
    await machine.publish('t.asked', { text: 'b' });
    await machine.ended('done', 2);
    expect(machine.calls.map((call) => call.input.text)).toEqual(['b']);
    expect(machine.emitted.filter((one) => one.type === 'said').map((one) => one.data)).toContain('late');
  });
});

describe('an unpaced step', () => {
  const SAY = `  - id: save\n    use: fake.say\n    connection: quick\n    with: { text: '\${{ trigger.data.text }}' }\n`;

  it('is called within the hop and retried by a durable delay', async () => {
    const machine = await start({
      flows: flow('t', SAY + SAID),
      answer: ({ attempt }) => {
        if (attempt === 1) throw fail.OVERLOADED('busy', { sent: 'yes' });
        return 'ok';
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    expect(machine.calls.map((call) => call.attempt)).toEqual([1, 2]);
  });
});

describe('a flow', () => {
  it('runs the first true case of a switch, and the steps after the switch', async () => {
    const steps = `  - id: which
    switch:
      cases:
        - when: \${{ trigger.data.n = 1 }}
          steps: [{ id: one, use: fake.push, connection: peer, with: { text: one } }]
        - when: \${{ trigger.data.n = 2 }}
          steps: [{ id: two, set: 2 }]
      otherwise: [{ id: none, stop: { reason: neither } }]
  - id: after
    emit: { type: after, data: '\${{ $exists(steps.one) }}' }
`;
    const machine = await start({ flows: flow('t', steps) });
    for (const n of [1, 2, 3]) await machine.publish('t.asked', { n });
    await machine.ended('done', 2);
    await machine.ended('stopped');
    await until('both events', () => machine.emitted.filter((one) => one.type === 'after').length === 2);
    expect(
      machine.emitted
        .filter((one) => one.type === 'after')
        .map((one) => one.data)
        .sort(),
    ).toEqual([false, true]);
  });

  it('parks a run whose expression has no value, whatever its onError entries are', async () => {
    const machine = await start({ flows: flow('t', PUSH + `    onError:\n      - output: hidden\n`) });
    await machine.publish('t.asked', { other: 1 });
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.list({ limit: 1 }))[0]?.error).toMatchObject({
      code: 'EXPR_MISSING',
      message: expect.stringContaining('trigger.data.text'),
    });
  });

  it('skips a duplicate, and lets the same event through again after a redelivery', async () => {
    const machine = await start({
      flows: flow('t', PUSH, `deliver:\n  dedupe: { key: '\${{ trigger.data.text }}', within: 1d }\n`),
    });
    await machine.publish('t.asked', { text: 'x' });
    await machine.ended('done');
    await machine.publish('t.asked', { text: 'x' });
    await machine.ended('duplicate');
    expect(machine.calls).toHaveLength(1);
  });

  it('ends a run whose event has expired before a step', async () => {
    const machine = await start({ flows: flow('t', PUSH, 'deliver:\n  expires: 1s\n') });
    const acceptedat = Date.now() - 5_000;
    await machine.bus.publish([
      {
        message: {
          attributes: { id: 'old', source: '/s', type: 't.asked', time: new Date(acceptedat).toISOString(), acceptedat },
          body: Buffer.from('{"text":"a"}'),
        },
      },
    ]);
    await machine.ended('expired');
    expect(machine.calls).toHaveLength(0);
  });

  it('makes the same ids again when a hop is delivered twice', async () => {
    const machine = await start({ flows: flow('t', `  - id: out\n    emit: { type: out, data: 1 }\n`) });
    const message = {
      attributes: { id: 'twice', source: '/s', type: 't.asked', time: new Date().toISOString() },
      body: Buffer.from('{}'),
    };
    await machine.bus.publish([{ message }, { message }]);
    await until('both', () => machine.emitted.filter((one) => one.type === 'out').length === 2);
    expect(new Set(machine.emitted.filter((one) => one.type === 'out').map((one) => one.id)).size).toBe(1);
  });

  it('stops emitting in a circle', async () => {
    const machine = await start({
      settings: 'settings: { limits: { hops: 3 } }\n',
      flows: flow('t', `  - id: out\n    emit: { type: t.asked, data: 1 }\n`),
    });
    await machine.publish('t.asked', 1);
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.list({ limit: 1 }))[0]?.error.code).toBe('FLOW_LOOP');
    expect(machine.outcomes.filter((one) => one.outcome === 'done')).toHaveLength(3);
  });

  it('continues after the host was lost, without repeating finished calls', async () => {
    const broker = new MemoryBroker();
    const database = new MemoryDatabase();
    const two = PUSH + `  - id: second\n    use: fake.push\n    connection: peer\n    with: { text: again }\n`;
    let hang = true;
    const first = await startTestEngine({
      broker,
      database,
      flows: flow('t', two),
      answer: ({ id }) => (id.endsWith('second') && hang ? new Promise(() => undefined) : 'ok'),
    });
    await first.publish('t.asked', { text: 'a' });
    await until('the second call', () => first.calls.length === 2);
    running.push(first);
    await first.bus.close();
    hang = false;
    const second = await start({ broker, database, flows: flow('t', two) });
    await second.ended('done');
    expect(second.calls.map((call) => call.id)).toEqual([first.calls[1]?.id]);
  });

  it('does not repeat a call that must not be repeated after the host was lost during it', async () => {
    const broker = new MemoryBroker();
    const database = new MemoryDatabase();
    const flows = flow('t', PUSH, 'deliver:\n  retry: { attempts: 5 }\n');
    const first = await startTestEngine({
      broker,
      database,
      flows,
      idempotent: 'no',
      answer: () => new Promise(() => undefined),
    });
    running.push(first);
    await first.publish('t.asked', { text: 'a' });
    await until('the call', () => first.calls.length === 1);
    await first.bus.close();
    const second = await start({ broker, database, flows, idempotent: 'no' });
    await second.ended('parked');
    await until('the row', () => database.parked.size === 1);
    expect((await second.store.parked.list({ limit: 1 }))[0]?.error.code).toBe('OUTCOME_UNKNOWN');
    expect(second.calls).toHaveLength(0);
  });

  it('repeats a call that must not be repeated when its request was not sent', async () => {
    let away = 2;
    const machine = await start({
      idempotent: 'no',
      flows: flow('t', PUSH),
      answer: () => {
        if (away-- > 0) throw fail.UNREACHABLE('refused', { sent: 'no' });
        return 'ok';
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await machine.ended('done');
    expect(machine.calls.map((call) => call.attempt)).toEqual([1, 1, 1]);
  });

  it('parks a run during which hosts died several times', async () => {
    const broker = new MemoryBroker();
    const database = new MemoryDatabase();
    const first = broker.connect();
    await first.declare({ queue: 'flow.t' });
    const attributes = { id: 'p', source: '/s', type: 't.asked', time: new Date().toISOString() };
    await first.publish([{ queue: 'flow.t', message: { attributes, body: Buffer.from('{"text":"a"}') } }]);
    for (let crash = 0; crash < 5; crash++) {
      const dying = broker.connect();
      await new Promise<void>((resolve) => void dying.consume('flow.t', { prefetch: 1 }, () => resolve()));
      await dying.close();
    }
    database.suspects.set(runId('/s', 'p', 't'), 3);
    const last = await start({ broker, database, flows: flow('t', PUSH) });
    await last.ended('parked');
    await until('the row', () => database.parked.size === 1);
    expect((await last.store.parked.list({ limit: 1 }))[0]?.error.code).toBe('POISON');
    expect(last.calls).toHaveLength(0);
  });
});
