import { describe, expect, it } from '@jest/globals';
import type { Flow, ForEachStep, Scope, SetStep, Step } from '@sluice/flow';
import { fail } from '@sluice/plugin-api';
import { MemoryBroker, MemoryDatabase, VirtualClock } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, type Answer, type TestEngine } from './engine-harness.js';
import { clockOfLooks, TurnCounter } from './support/turn-counter.js';

const { start } = testEngines();

const NO_RETRY = 'deliver:\n  retry: { attempts: 1 }\n';
/** Longer than a run takes on a busy machine. */
const LONG_MS = 60_000;

/** A loop over a computed list of `count` items, each with the constant `filler`, with one call for each. */
const loop = (count: number, more = '') => `  - id: each
    forEach:
      in: >-
        \${{ [[1..${count}].{ "n": $, "text": $$.vars.filler }] }}
${more}      steps:
        - id: save
          use: fake.push
          connection: peer
          with: { text: '\${{ $string(item.n) }}' }
`;
/** A flow whose constant `filler` has this many characters. */
const sized = (size: number, steps: string, more = '') => flow('t', steps, `vars: { filler: ${'x'.repeat(size)} }\n${more}`);
const TOLD = `  - id: told
    emit: { type: after, data: '\${{ steps.each }}' }
`;

/** Counts the bytes of all published messages. */
class CountingBroker extends MemoryBroker {
  bytes = 0;
  override publish(outgoing: Parameters<MemoryBroker['publish']>[0]): void {
    for (const { message } of outgoing) this.bytes += message.body.length;
    super.publish(outgoing);
  }
}

const ended = (machine: TestEngine, outcome: string) =>
  until(`a run to end as ${outcome}`, () => machine.outcomes.some((one) => one.outcome === outcome), LONG_MS);

async function parkedOne(machine: TestEngine) {
  await until('the parked row', async () => (await machine.store.parked.list({ state: 'parked', limit: 2 })).length > 0, LONG_MS);
  const [row] = await machine.store.parked.list({ state: 'parked', limit: 2 });
  return row!;
}

/** The output of the loop, as the event after it has it. */
async function outputOf(machine: TestEngine) {
  await until('the event', () => machine.emitted.some(({ type }) => type === 'after'));
  return machine.emitted.find(({ type }) => type === 'after')?.data as { readonly results: readonly string[] };
}

/** Paths of the calls, in order, without the id of the run. */
const paths = (machine: TestEngine) => machine.calls.map(({ id }) => id.slice(37));
const loopsOf = (machine: TestEngine) => [...machine.database.loops.values()];
/** Refuses these items while `isBroken` is true. */
function refusing(...refused: string[]) {
  const state = { isBroken: true };
  const answer: Answer = ({ input }) => {
    if (state.isBroken && refused.includes(input.text)) throw fail.REJECTED(`no ${input.text}`);
    return input.text;
  };
  return { state, answer };
}

describe('a loop that is too large to travel', () => {
  it('keeps its list of 2 MB in the database, so that 700 calls do not publish it 700 times', async () => {
    const broker = new CountingBroker();
    const machine = await start({ flows: sized(3_000, loop(700) + TOLD), broker, answer: ({ input }) => input.text });
    await machine.publish('t.asked', {});
    await ended(machine, 'done');
    expect(machine.calls).toHaveLength(700);
    expect(loopsOf(machine).map(({ items }) => items.join('').length > 2_000_000)).toEqual([true]);
    // 700 items of 3 KB, in a push and in a result
    expect(broker.bytes).toBeLessThan(8_000_000);
    expect(await outputOf(machine)).toMatchObject({ total: 700, succeeded: 700 });
    await until('the rows to be closed', () => loopsOf(machine).every(({ closedAt }) => closedAt !== undefined));
  }, 120_000);

  it('moves to the database when its results have become large', async () => {
    const broker = new CountingBroker();
    const answer = () => 'y'.repeat(10_000);
    const machine = await start({ flows: sized(1, loop(100) + TOLD), broker, answer });
    await machine.publish('t.asked', {});
    await ended(machine, 'done');
    // without rows: 100 × 500 KB on average, in a push and in a result
    expect(broker.bytes).toBeLessThan(20_000_000);
    const after = await outputOf(machine);
    expect(after.results).toEqual(Array.from({ length: 100 }, answer));
    expect(loopsOf(machine)).toHaveLength(1);
  }, 120_000);

  it('writes no rows while it is small', async () => {
    const machine = await start({ flows: sized(10, loop(10)) });
    await machine.publish('t.asked', {});
    await ended(machine, 'done');
    expect(loopsOf(machine)).toEqual([]);
  });

  it('repeats only the items that have failed when it is replayed, more than once', async () => {
    const { state, answer } = refusing('2', '5', '6');
    const machine = await start({ flows: sized(20_000, loop(8) + TOLD, NO_RETRY), answer });
    await machine.publish('t.asked', {});
    const row = await parkedOne(machine);
    expect(row).toMatchObject({ step: 'each', error: { code: 'FOREACH_FAILED', cause: { message: 'no 2' } } });
    expect(row.error.message).toContain('3 of 8 items failed, the first one is 1');
    await machine.engine.parking.replay(row.run);
    await until('the second failure', async () => ((await machine.store.parked.get(row.run))?.epoch ?? 0) > row.epoch);
    expect(paths(machine).slice(8)).toEqual(['save/1', 'save/4', 'save/5']);
    state.isBroken = false;
    await machine.engine.parking.replay(row.run);
    await ended(machine, 'done');
    expect(paths(machine).slice(11)).toEqual(['save/1', 'save/4', 'save/5']);
    expect(await outputOf(machine)).toMatchObject({
      succeeded: 8,
      failed: 0,
      results: ['1', '2', '3', '4', '5', '6', '7', '8'],
    });
  });

  it('continues a replay with the items that never began after onFailure: stop', async () => {
    const { state, answer } = refusing('3');
    const machine = await start({ flows: sized(20_000, loop(5, '      onFailure: stop\n'), NO_RETRY), answer });
    await machine.publish('t.asked', {});
    const row = await parkedOne(machine);
    expect(paths(machine)).toEqual(['save/0', 'save/1', 'save/2']);
    state.isBroken = false;
    await machine.engine.parking.replay(row.run);
    await ended(machine, 'done');
    expect(paths(machine).slice(3)).toEqual(['save/2', 'save/3', 'save/4']);
  });

  it('repeats a failed item although the loop has grown too large during the replay', async () => {
    const { state, answer } = refusing('2', '4');
    const large: Answer = (call, raw) => `${String(answer(call, raw))}${state.isBroken ? '' : 'y'.repeat(70_000)}`;
    const machine = await start({ flows: sized(1, loop(6, '      onFailure: stop\n') + TOLD, NO_RETRY), answer: large });
    await machine.publish('t.asked', {});
    const row = await parkedOne(machine);
    expect(loopsOf(machine)).toEqual([]);
    state.isBroken = false;
    await machine.engine.parking.replay(row.run);
    await ended(machine, 'done');
    expect(paths(machine).slice(2)).toEqual(['save/1', 'save/2', 'save/3', 'save/4', 'save/5']);
    const after = await outputOf(machine);
    expect(after.results.map((text) => text[0])).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('returns the failed items as data with onFailure: continue', async () => {
    const { answer } = refusing('2');
    const machine = await start({ flows: sized(20_000, loop(4, '      onFailure: continue\n') + TOLD, NO_RETRY), answer });
    await machine.publish('t.asked', {});
    await ended(machine, 'done');
    expect(await outputOf(machine)).toMatchObject({
      total: 4,
      succeeded: 3,
      failed: 1,
      results: ['1', '3', '4'],
      errors: [{ index: 1, item: { n: 2 }, error: { code: 'REJECTED' } }],
    });
  });

  it('fails with STATE_TOO_LARGE when its output exceeds 8 MiB, and keeps its rows', async () => {
    const machine = await start({ flows: sized(1, loop(10) + TOLD), answer: () => 'y'.repeat(1_000_000) });
    await machine.publish('t.asked', {});
    const row = await parkedOne(machine);
    expect(row).toMatchObject({ step: 'each', error: { code: 'STATE_TOO_LARGE' } });
    const [stored] = loopsOf(machine);
    expect(stored?.ends.size).toBe(10);
    expect(stored?.closedAt).toBeUndefined();
    await machine.engine.parking.drop(row.run);
    expect(stored?.closedAt).toBeDefined();
  }, 120_000);

  describe('whose items fail in the hop', () => {
    /** Runs a loop over a list that a call returns, in which each item fails whose number can be divided by `each`. */
    const run = async (count: number, size: number, each = 1) => {
      const list = Array.from({ length: count }, (_, n) => ({ n, text: 'x'.repeat(size) }));
      const steps = `  - { id: list, use: fake.say, connection: peer, with: { text: list } }
  - id: each
    forEach:
      in: \${{ steps.list }}
      onFailure: continue
      steps:
        - { id: no, if: '\${{ item.n % ${each} = 0 }}', raise: { code: NO, message: no, details: '\${{ item.text }}' } }
`;
      const machine = await start({ flows: flow('t', steps + TOLD, NO_RETRY), answer: () => list });
      const { loops } = machine.store;
      const items = loops.items.bind(loops);
      let reads = 0;
      loops.items = (...args) => {
        reads++;
        return items(...args);
      };
      await machine.publish('t.asked', {});
      return { machine, reads: () => reads };
    };

    it.each([1, 50])('reads the failed ones page by page at its end (each %i. fails)', async (each) => {
      const { machine, reads } = await run(2_000, 500, each);
      await ended(machine, 'done');
      expect(await outputOf(machine)).toMatchObject({ total: 2_000, failed: 2_000 / each });
      // 1 MB in pages of 256 KB, for the items and again for the output
      expect(reads()).toBeLessThan(15);
    });

    it('fails with STATE_TOO_LARGE when the failed items and their errors exceed 8 MiB', async () => {
      const { machine } = await run(45, 100_000);
      expect(await parkedOne(machine)).toMatchObject({ step: 'each', error: { code: 'STATE_TOO_LARGE' } });
    });
  });

  it('closes its rows when a try has handled its failure', async () => {
    const { answer } = refusing('2');
    const inside = loop(4).replaceAll(/^/gm, '      ').trimEnd();
    const guarded = `  - id: guarded\n    try:\n      steps:\n${inside}\n      catch:\n        - id: seen\n          set: '\${{ error.code }}'\n`;
    const machine = await start({ flows: sized(20_000, guarded, NO_RETRY), answer });
    await machine.publish('t.asked', {});
    await ended(machine, 'done');
    await until('the rows to be closed', () => loopsOf(machine).every(({ closedAt }) => closedAt !== undefined));
    expect(loopsOf(machine)).toHaveLength(1);
  });
});

describe('a loop after a call without a pace', () => {
  const FLOW = `  - id: list
    use: fake.say
    connection: peer
    with: { text: list }
  - id: each
    forEach:
      in: \${{ steps.list }}
      steps:
        - id: save
          use: fake.push
          connection: peer
          with: { text: '\${{ item }}' }
`;

  it('reads the list that was stored first when the hop is repeated and computes another one', async () => {
    const broker = new MemoryBroker();
    const database = new MemoryDatabase();
    const lists = [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ];
    const answer: Answer = ({ input }) => (input.text === 'list' ? lists.shift() : input.text);
    const machine = await start({ flows: flow('t', FLOW), broker, database, answer });
    const event = { id: 'same-event' };
    await machine.publish('t.asked', {}, event);
    await ended(machine, 'done');
    expect(machine.calls.map(({ input }) => input.text)).toEqual(['list', 'a', 'b']);
    expect(loopsOf(machine)).toHaveLength(1);
    // the same event again, as after a crash of the host before its acknowledgement
    await machine.publish('t.asked', {}, event);
    await until('the second run', () => machine.outcomes.filter(({ outcome }) => outcome === 'done').length === 2);
    expect(machine.calls.slice(3).map(({ input }) => input.text)).toEqual(['list', 'a', 'b']);
  });
});

describe('the database is unavailable during a large loop', () => {
  it('holds the delivery until the database is back, and counts no death', async () => {
    const machine = await start({
      flows: sized(20_000, loop(20)),
      answer: ({ input }) => {
        if (input.text === '7') machine.database.away = true;
        return input.text;
      },
    });
    await machine.publish('t.asked', {});
    await until('the eighth call to be held', () => machine.database.away && machine.calls.length >= 7);
    await until('a hop that waits', () => machine.bus.state().state === 'up' && machine.calls.length === 7);
    machine.database.away = false;
    await ended(machine, 'done');
    expect(paths(machine)).toEqual(Array.from({ length: 20 }, (_, n) => `save/${n}`));
    expect(machine.database.suspects.size).toBe(0);
  });
});

describe('the database is unavailable for longer than a minute', () => {
  it('hands the hop back with a durable delay, and repeats it without counting a death', async () => {
    const clock = new VirtualClock();
    const machine = await start({ flows: sized(40_000, loop(3)), clock });
    machine.database.away = true;
    await machine.publish('t.asked', {});
    await clock.advance(62_000);
    const lines = machine.log.lines.filter(({ message }) =>
      message.includes('the database is unavailable, a hop is handed back'),
    );
    expect(lines).toHaveLength(1);
    machine.database.away = false;
    await clock.advance(10_000);
    await ended(machine, 'done');
    expect(paths(machine)).toEqual(['save/0', 'save/1', 'save/2']);
    expect(machine.database.suspects.size).toBe(0);
  });
});

/** Records the largest number of events, and of their bytes, that were published at once. */
class LargestBroker extends MemoryBroker {
  events = 0;
  bytes = 0;
  override publish(outgoing: Parameters<MemoryBroker['publish']>[0]): void {
    this.events = Math.max(this.events, outgoing.length);
    this.bytes = Math.max(
      this.bytes,
      outgoing.reduce((sum, { message }) => sum + message.body.length, 0),
    );
    super.publish(outgoing);
  }
}

describe('a loop that emits events', () => {
  const emitting = (list: string) => `  - id: each
    forEach:
      in: \${{ ${list} }}
      steps:
        - id: one
          emit: { type: one, data: { n: '\${{ item }}', text: '\${{ trigger.data.text }}' } }
`;

  it.each([
    ['large', '[1..60]', 1_000_000, 60],
    ['many', '[1..5000]', 10, 5_000],
  ])('holds only a part of %s events in memory', async (_, list, size, count) => {
    const broker = new LargestBroker();
    const machine = await start({ flows: flow('t', emitting(list)), broker });
    await machine.publish('t.asked', { text: 'x'.repeat(size) });
    await ended(machine, 'done');
    await until('all events', () => machine.emitted.filter(({ type }) => type === 'one').length >= count, LONG_MS);
    const numbers = machine.emitted.filter(({ type }) => type === 'one').map(({ data }) => (data as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    expect(broker.bytes).toBeLessThan(32_000_000);
    expect(broker.events).toBeLessThan(1_100);
  });
});

describe('a loop of 20,000 items', () => {
  it('handles at most 1,000 items, or 1,000 results, in one turn of the event loop', async () => {
    const many = `  - id: each
    forEach:
      in: \${{ [1..20000] }}
      steps:
        - id: twice
          set: \${{ item * 2 }}
      output: \${{ steps.twice }}
  - id: total
    set: \${{ steps.each.total }}
`;
    const [items, results] = [new TurnCounter(), new TurnCounter()];
    const counted = (one: Flow): Flow => {
      const [each, ...others] = one.steps as [ForEachStep, ...Step[]];
      const [twice] = each.steps as [SetStep];
      const render = (scope: Scope) => {
        items.add();
        return twice.value.render(scope);
      };
      return { ...one, steps: [{ ...each, steps: [{ ...twice, value: { constant: false, render } }] }, ...others] };
    };
    const machine = await start({ flows: flow('t', many), edit: counted, clock: clockOfLooks(0.1) });
    const { loops } = machine.store;
    const ends = loops.ends.bind(loops);
    loops.ends = async (...args) => {
      const page = await ends(...args);
      results.add(page.length);
      return page;
    };
    await machine.publish('t.asked', {});
    await ended(machine, 'done');
    for (const counter of [items, results]) counter.stop();
    expect(loopsOf(machine)[0]?.ends.size).toBe(20_000);
    expect(items.largest).toBeGreaterThan(0);
    expect(items.largest).toBeLessThanOrEqual(1_000);
    expect(results.largest).toBeGreaterThan(0);
    expect(results.largest).toBeLessThanOrEqual(1_000);
  }, 120_000);
});
