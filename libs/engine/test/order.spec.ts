import { describe, expect, it } from '@jest/globals';
import { engineFail, runId, systemClock, type Clock } from '@sluice/plugin-api';
import { encodeRun, laneOf, RUN_TYPE, type Outgoing, type RunState } from '@sluice/engine';
import { MemoryBroker, MemoryBus, MemoryDatabase, VirtualClock } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, type Answer, type SeenCall, type TestEngine, type TestEngineOptions } from './engine-harness.js';

const KEY = "deliver: { key: '${{ trigger.subject }}' }\n";
const HOLD = "deliver: { key: '${{ trigger.subject }}', onPark: hold }\n";
const SAY = "  - { id: say, use: fake.say, connection: quick, with: { text: '${{ trigger.subject }}/${{ trigger.data.n }}' } }\n";
const PUSH =
  "  - { id: push, use: fake.push, connection: peer, with: { text: '${{ trigger.subject }}/${{ trigger.data.n }}' } }\n";
const DONE = "  - { id: done, emit: { type: shop.done, data: { text: '${{ trigger.subject }}/${{ trigger.data.n }}' } } }\n";
/** Runs 20 times as fast as the clock of the process: leases expire within 300 ms. */
const SPEED = 20;
const FAST: Clock = {
  ...systemClock,
  now: () => systemClock.now() * SPEED,
  monotonic: () => systemClock.monotonic() * SPEED,
  after: (ms, run) => systemClock.after(ms / SPEED, run),
  every: (ms, run) => systemClock.every(ms / SPEED, run),
};

const engines = testEngines();
const start = (options: TestEngineOptions) => engines.start({ clock: FAST, ...options });

const publish = (engine: TestEngine, key: string, n: number, more: { readonly id?: string } = {}) =>
  engine.publish('shop.asked', { n: String(n) }, { subject: key, id: `${key}-${n}`, ...more });
const texts = (calls: readonly SeenCall[]) => calls.map(({ input }) => input.text);
const numbers = (key: string, count: number) => Array.from({ length: count }, (_, n) => `${key}/${n}`);
const lanesOf = async (engine: TestEngine) =>
  (await engine.store.lanes.count()).find((one) => one.flow === 'shop') ?? { busy: 0, held: 0 };
const free = (engine: TestEngine) => until('the lanes to be free', async () => (await lanesOf(engine)).busy === 0);
const held = (engine: TestEngine, count: number) =>
  until(`${count} held events`, async () => (await lanesOf(engine)).held === count);
const runOf = (key: string, n: number) => runId('/test', `${key}-${n}`, 'shop');

/** Fails the calls whose text is in the set. */
const refusing =
  (refused: ReadonlySet<string>) =>
  ({ input }: SeenCall) => {
    if (refused.has(input.text)) throw engineFail.INPUT_INVALID('refused');
    return {};
  };

describe('a flow with deliver.key', () => {
  it('runs events of one key one after another in order of acceptance, and other keys beside them', async () => {
    const open = new Map<string, number>();
    let mostOfKey = 0;
    let most = 0;
    const engine = await engines.start({
      flows: flow('shop', SAY, KEY),
      answer: async ({ input }) => {
        const [key = ''] = input.text.split('/');
        open.set(key, (open.get(key) ?? 0) + 1);
        mostOfKey = Math.max(mostOfKey, open.get(key) ?? 0);
        most = Math.max(
          most,
          [...open.values()].reduce((a, b) => a + b),
        );
        await new Promise((resolve) => setImmediate(resolve));
        open.set(key, (open.get(key) ?? 0) - 1);
        return {};
      },
    });
    await Promise.all(
      [...'abc'].map(async (key) => {
        for (let n = 0; n < 20; n++) await publish(engine, key, n);
      }),
    );
    await engine.ended('done', 60);
    for (const key of 'abc') expect(texts(engine.calls).filter((text) => text.startsWith(key))).toEqual(numbers(key, 20));
    expect(mostOfKey).toBe(1);
    expect(most).toBeGreaterThan(1);
    await free(engine);
  });

  it('passes the key on as partitionkey of emitted events that have none of their own', async () => {
    const own = '  - { id: own, emit: { type: shop.own, partitionkey: mine } }\n';
    const taker = `sluice: 1
flow: taker
trigger: { use: event, with: { types: [shop.done, shop.own] } }
steps: [{ id: seen, emit: { type: seen, data: '\${{ trigger.partitionkey }}' } }]
`;
    const engine = await engines.start({ flows: `${flow('shop', DONE + own, KEY)}---\n${taker}` });
    await publish(engine, 'a', 1);
    await engine.ended('done', 3);
    const seen = engine.emitted.filter(({ type }) => type === 'seen').map(({ data }) => data);
    expect(seen.toSorted()).toEqual(['a', 'mine']);
  });

  it('never touches the database for a run that ends within its hop with nobody behind it', async () => {
    const engine = await start({ flows: flow('shop', DONE, KEY) });
    let writes = 0;
    const { lanes } = engine.store;
    const write = lanes.write.bind(lanes);
    lanes.write = (...args) => {
      writes++;
      return write(...args);
    };
    for (let n = 0; n < 50; n++) await publish(engine, `k${n}`, n);
    await engine.ended('done', 50);
    expect(writes).toBe(0);
  });

  it('keeps the lane of a run that waits for its call, reports which run waits for which, and continues in order', async () => {
    const engine = await start({ flows: flow('shop', PUSH + DONE, KEY) });
    engine.pacer.open = false;
    for (let n = 0; n < 6; n++) await publish(engine, 'a', n);
    await held(engine, 5);
    expect(await engine.store.lanes.waitsFor('shop', runOf('a', 3))).toEqual({
      key: 'a',
      behind: { run: runOf('a', 0), epoch: 0 },
      before: 2,
    });
    // a sender repeats an event that is held: it runs once
    await publish(engine, 'a', 3);
    engine.pacer.regain();
    await engine.ended('done', 6);
    expect(texts(engine.calls)).toEqual(numbers('a', 6));
    await free(engine);
  });

  it('holds events in rows when too many of one key wait behind a call within a hop, and continues in order', async () => {
    let proceed = () => undefined as void;
    const first = new Promise<void>((resolve) => (proceed = resolve));
    const engine = await start({ flows: flow('shop', SAY, KEY), answer: () => first });
    for (let n = 0; n < 30; n++) await publish(engine, 'a', n);
    await until('events to be held', async () => (await lanesOf(engine)).held > 20);
    await publish(engine, 'b', 0);
    await until('the call for another key', () => texts(engine.calls).includes('b/0'));
    proceed();
    await engine.ended('done', 31);
    expect(texts(engine.calls).filter((text) => text !== 'b/0')).toEqual(numbers('a', 30));
    await free(engine);
  });

  describe('whose events may be large and are small', () => {
    /** A flow that holds two events of the maximum size. Its calls with the text `blocked` wait until `proceed` is called. */
    async function holdingTwo() {
      let proceed = () => undefined as void;
      const open = new Promise<void>((resolve) => (proceed = resolve));
      const flows = flow('shop', SAY, "deliver: { key: '${{ trigger.subject }}', maxBody: 32MiB }\n");
      // the clock of the process: an owner that has lost its lease begins to count anew
      const answer: Answer = ({ input }) => input.text.startsWith('blocked') && open;
      const engine = await engines.start({ flows, answer, watch: false });
      for (let n = 0; n < 256; n++) await publish(engine, `small${n % 8}`, n);
      await engine.ended('done', 256);
      return { engine, proceed };
    }

    it('begins the events of other keys while many of one key wait for a call in their hop', async () => {
      const { engine, proceed } = await holdingTwo();
      for (let n = 0; n < 5; n++) await publish(engine, 'blocked', n);
      for (let n = 0; n < 5; n++) await publish(engine, 'other', n);
      await engine.ended('done', 256 + 5);
      expect(texts(engine.calls).slice(256)).toEqual(['blocked/0', ...numbers('other', 5)]);
      expect(await lanesOf(engine)).toEqual({ busy: 0, held: 0 });
      proceed();
      await engine.ended('done', 256 + 10);
    });

    it('begins at most as many hops at once as events of the maximum size are held', async () => {
      const { engine, proceed } = await holdingTwo();
      for (let n = 0; n < 20; n++) await publish(engine, `blocked${n}`, 0);
      await until('two hops', () => engine.calls.length === 256 + 2);
      await new Promise((resolve) => setImmediate(resolve));
      expect(engine.calls).toHaveLength(256 + 2);
      proceed();
      await engine.ended('done', 256 + 20);
    });

    it('takes its events anew when large ones have come, and loses none', async () => {
      const { engine, proceed } = await holdingTwo();
      const text = 'x'.repeat(4_000_000);
      for (let n = 0; n < 20; n++)
        await engine.publish('shop.asked', { n: String(n), text }, { subject: `blocked${n % 5}`, id: `large-${n}` });
      const isTaken = () => engine.log.lines.some(({ fields }) => JSON.stringify(fields ?? {}).includes('large events'));
      await until('the log', isTaken);
      proceed();
      const done = () => new Set(texts(engine.calls).slice(256)).size === 20;
      await until('all events', done, 30_000);
      for (let key = 0; key < 5; key++) {
        const ofKey = texts(engine.calls).filter((one) => one.startsWith(`blocked${key}/`));
        expect([...new Set(ofKey)]).toEqual([0, 5, 10, 15].map((n) => `blocked${key}/${key + n}`));
      }
      await free(engine);
    });
  });

  describe('whose held events end within their hop', () => {
    const FIRST = PUSH.replace('use:', `if: '\${{ trigger.data.n = "0" }}', use:`);
    const SLOW = SAY.replace('use:', `if: '\${{ trigger.data.n = "5" }}', use:`);

    /** Holds `count` events behind a run that waits for its call. Returns the engine, its clock, and the turns that it asks the store for. */
    async function holding(count: number, options: TestEngineOptions) {
      const clock = new VirtualClock();
      const engine = await start({ ...options, clock });
      engine.pacer.open = false;
      for (let n = 0; n <= count; n++) await publish(engine, 'a', n);
      await clock.advance(1_000);
      expect(await lanesOf(engine)).toMatchObject({ held: count });
      const turns: { readonly at: number; readonly runs: readonly string[] }[] = [];
      const { lanes } = engine.store;
      const write = lanes.write.bind(lanes);
      lanes.write = async (owner, writes) => {
        const at = clock.monotonic();
        const started = await write(owner, writes);
        if (started !== 'lost') turns.push(...started.map((events) => ({ at, runs: events.map(({ run }) => run) })));
        return started;
      };
      return { engine, clock, turns };
    }

    const emitted = (engine: TestEngine) =>
      engine.emitted.filter(({ type }) => type === 'shop.done').map(({ data }) => (data as { text: string }).text);
    const runs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => runOf('a', from + n));

    it('begins many of them in one turn, in order', async () => {
      const { engine, clock, turns } = await holding(60, { flows: flow('shop', FIRST + DONE, KEY) });
      engine.pacer.regain();
      await clock.advance(10_000);
      expect(emitted(engine)).toEqual(numbers('a', 61));
      expect(await lanesOf(engine)).toEqual({ busy: 0, held: 0 });
      expect(turns.map((turn) => turn.runs)).toEqual([runs(1, 32), runs(33, 60), []]);
    });

    it('asks for a turn after each one that has made a call, which a crash must not repeat', async () => {
      const { engine, clock, turns } = await holding(9, { flows: flow('shop', FIRST + SLOW + DONE, KEY) });
      engine.pacer.regain();
      await clock.advance(10_000);
      expect(emitted(engine)).toEqual(numbers('a', 10));
      expect(await lanesOf(engine)).toEqual({ busy: 0, held: 0 });
      // those that were handed out before begin alone, as after a crash
      const alone = [6, 7, 8, 9].map((n) => runs(n, n));
      expect(turns.map((turn) => turn.runs)).toEqual([runs(1, 9), ...alone, []]);
    });

    it('asks for a turn when time has passed since the last one: another host may own the lanes', async () => {
      const dedupe = "deliver: { key: '${{ trigger.subject }}', dedupe: { key: '${{ trigger.data.n }}', within: 1d } }\n";
      const { engine, clock, turns } = await holding(4, { flows: flow('shop', FIRST + DONE, dedupe) });
      const { claims } = engine.store;
      const claim = claims.claim.bind(claims);
      const begun: number[] = [];
      claims.claim = async (...args) => {
        begun.push(clock.monotonic());
        await new Promise<void>((resolve) => clock.after(700, resolve));
        return claim(...args);
      };
      engine.pacer.regain();
      await clock.advance(10_000);
      expect(emitted(engine)).toEqual(numbers('a', 5));
      expect(begun).toHaveLength(4);
      for (const at of begun) expect(turns.some((turn) => turn.at <= at && at - turn.at <= 1_000)).toBe(true);
    });

    it('leaves no event that has ended in the rows when its host is stopped', async () => {
      let proceed = () => undefined as void;
      const slow = new Promise<void>((resolve) => (proceed = resolve));
      const engine = await start({
        flows: flow('shop', FIRST + SLOW + DONE, KEY),
        answer: ({ input }) => input.text === 'a/5' && slow,
      });
      engine.pacer.open = false;
      for (let n = 0; n < 10; n++) await publish(engine, 'a', n);
      await held(engine, 9);
      engine.pacer.regain();
      await until('the slow call', () => texts(engine.calls).includes('a/5'));
      const stopped = engine.engine.stop();
      proceed();
      await stopped;
      await until('the event of the slow run', () => emitted(engine).length === 6);
      expect(engine.database.lanes.get('shop')?.held.map(({ run }) => run)).toEqual(runs(6, 9));
    });
  });

  it.each([
    ['stopped', '  - { id: end, stop: {} }\n', KEY, {}],
    ['parked', SAY, KEY, { refuse: true }],
    ['dropped', SAY, "deliver: { key: '${{ trigger.subject }}', onExhausted: drop }\n", { refuse: true }],
    ['duplicate', SAY, "deliver: { key: '${{ trigger.subject }}', dedupe: { key: x, within: 1d } }\n", {}],
    ['parked', PUSH.replace('${{ trigger.data.n }}', '${{ trigger.data.none }}'), KEY, {}],
  ] as const)(
    'releases the lane of runs that end as %s (%#)',
    async (outcome, steps, deliver, { refuse = false }: { refuse?: boolean }) => {
      const engine = await start({
        flows: flow('shop', `  - { id: wait, use: fake.push, connection: peer, with: { text: wait } }\n${steps}`, deliver),
        answer: ({ input }) => {
          if (refuse && input.text !== 'wait') throw engineFail.REPLAY_REFUSED('no');
          return {};
        },
      });
      for (let n = 0; n < 12; n++) await publish(engine, 'a', n);
      await engine.ended(outcome, outcome === 'duplicate' ? 11 : 12);
      await free(engine);
    },
  );

  it('parks an event whose key has no value, with the code and the place, and takes an empty key as a key', async () => {
    const engine = await start({ flows: flow('shop', SAY, "deliver: { key: '${{ trigger.data.key }}' }\n") });
    await engine.publish('shop.asked', { n: '1' }, { subject: 's' });
    await engine.ended('parked');
    await until('the parked run', async () => (await engine.store.parked.list({ limit: 5 })).length === 1);
    const [parked] = await engine.store.parked.list({ limit: 5 });
    expect(parked?.error).toMatchObject({ code: 'EXPR_MISSING', message: expect.stringContaining('trigger.data.key') });
    for (let n = 0; n < 3; n++) await engine.publish('shop.asked', { n: String(n), key: '' }, { subject: 's' });
    await engine.ended('done', 3);
    expect(texts(engine.calls)).toEqual(numbers('s', 3));
  });

  it('evaluates where before the key: an event that the flow does not take needs no key', async () => {
    const where = flow('shop', SAY, "deliver: { key: '${{ trigger.data.key }}' }\n").replace(
      'trigger:\n',
      'trigger:\n  where: \'${{ trigger.data.n = "1" }}\'\n',
    );
    const engine = await start({ flows: where });
    await engine.publish('shop.asked', { n: '0' }, { subject: 's' });
    await engine.publish('shop.asked', { n: '1', key: 'a' }, { subject: 's' });
    await engine.ended('done');
    expect([texts(engine.calls), engine.outcomes.map(({ outcome }) => outcome)]).toEqual([['s/1'], ['done']]);
    await free(engine);
  });

  it('orders events by keys of any length', async () => {
    const engine = await start({ flows: flow('shop', PUSH, "deliver: { key: '${{ trigger.data.key }}' }\n") });
    const long = 'ключ \u0000 \ud83d '.repeat(100_000);
    engine.pacer.open = false;
    for (let n = 0; n < 4; n++) await engine.publish('shop.asked', { n: String(n), key: `${long}${n % 2}` }, { subject: 's' });
    await held(engine, 2);
    expect((await engine.store.lanes.read('shop', { limit: 10 })).map(({ key }) => key.length <= 120)).toEqual([true, true]);
    engine.pacer.regain();
    await engine.ended('done', 4);
    await free(engine);
  });

  it('continues the run of an event whose lane was written, and holds it only once, when its hop is interrupted', async () => {
    const broker = new MemoryBroker(FAST);
    const engine = await start({ broker, flows: flow('shop', PUSH, KEY) });
    engine.pacer.open = false;
    for (let n = 0; n < 4; n++) await publish(engine, 'a', n);
    await held(engine, 3);
    for (let times = 0; times < 3; times++) {
      broker.stop();
      broker.start();
      await publish(engine, 'a', 4 + times);
      await held(engine, 4 + times);
    }
    engine.pacer.regain();
    await engine.ended('done', 7);
    expect([...new Set(texts(engine.calls))]).toEqual(numbers('a', 7));
    await free(engine);
  });

  it('is taken over by another host, which continues the events that are held', async () => {
    const [broker, database] = [new MemoryBroker(FAST), new MemoryDatabase(FAST)];
    const options = { broker, database, flows: flow('shop', PUSH, KEY) };
    const first = await start(options);
    first.pacer.open = false;
    for (let n = 0; n < 5; n++) await publish(first, 'a', n);
    await held(first, 4);
    kill(first);
    const second = await start(options);
    for (let n = 5; n < 8; n++) await publish(second, 'a', n);
    await second.ended('done', 8);
    expect(texts(second.calls)).toEqual(numbers('a', 8));
    await free(second);
  });

  it('takes no run for poison when the database goes away for ten seconds again and again', async () => {
    const clock = new VirtualClock();
    const [broker, database] = [new MemoryBroker(clock), new MemoryDatabase(clock)];
    const engine = await start({ broker, database, clock, flows: flow('shop', PUSH, KEY) });
    engine.pacer.open = false;
    for (let n = 0; n < 3; n++) await publish(engine, 'a', n);
    await clock.advance(1_000);
    expect(await lanesOf(engine)).toEqual({ flow: 'shop', busy: 1, held: 2 });
    for (let times = 0; times < 12; times++) {
      database.away = true;
      // an event whose lane cannot be written waits in hand
      await publish(engine, 'b', times);
      await clock.advance(10_000);
      database.away = false;
      await clock.advance(10_000);
    }
    engine.pacer.regain();
    await clock.advance(60_000);
    expect(texts(engine.calls).filter((text) => text.startsWith('a'))).toEqual(numbers('a', 3));
    expect(texts(engine.calls).filter((text) => text.startsWith('b'))).toEqual(numbers('b', 12));
    expect(await engine.store.parked.list({ limit: 1 })).toEqual([]);
    expect(await lanesOf(engine)).toEqual({ busy: 0, held: 0 });
  });

  it('parks a held event that ends its host again and again as poison, and goes on with the next one', async () => {
    const [broker, database] = [new MemoryBroker(FAST), new MemoryDatabase(FAST)];
    const options = { broker, database, flows: flow('shop', PUSH, KEY) };
    const first = await start(options);
    first.pacer.open = false;
    for (let n = 0; n < 3; n++) await publish(first, 'a', n);
    await held(first, 2);
    const rows = database.lanes.get('shop');
    if (rows) rows.held = rows.held.map((event) => (event.run === runOf('a', 1) ? { ...event, begun: 9 } : event));
    for (let times = 0; times < 4; times++) await first.store.suspect(runOf('a', 1));
    first.pacer.regain();
    await first.ended('done', 2);
    expect(texts(first.calls)).toEqual(['a/0', 'a/2']);
    await until('the parked run', async () => (await first.store.parked.get(runOf('a', 1)))?.error.code === 'POISON');
    await free(first);
  });

  it('fails a called flow at once that needs the key of one of its callers, and no other', async () => {
    const engine = await start({ flows: flow('shop', SAY, KEY) });
    // such a circle of calls is refused when files are read, and can arise between hosts with other files
    const call = (key: string): Outgoing => {
      const event = { id: key, source: '/flows/other', type: 'shop.asked', time: '2026-01-02T03:04:05.678Z', subject: key };
      const body = Buffer.from('{"n":"0"}');
      const common = { run: key, epoch: 0, flow: 'shop', revision: '', startedAt: FAST.now(), steps: {}, kind: 'begin' } as const;
      const state: RunState = { ...common, event, holds: [{ flow: 'shop', key: 'a' }] };
      return {
        queue: 'flow.shop',
        message: { attributes: { ...event, datacontenttype: RUN_TYPE }, body: encodeRun({ state, body }) },
      };
    };
    await engine.bus.publish([call('a'), call('b')]);
    await engine.ended('parked');
    await engine.ended('done');
    expect(texts(engine.calls)).toEqual(['b/0']);
    await until('the parked run', async () => (await engine.store.parked.get('a'))?.error.code === 'CALL_FAILED');
    await free(engine);
  });
});

describe('a run that parks in a flow with onPark: hold', () => {
  async function parked(more: number) {
    const refused = new Set(['a/0']);
    const engine = await start({ flows: flow('shop', PUSH, HOLD), answer: refusing(refused) });
    for (let n = 0; n < 1 + more; n++) await publish(engine, 'a', n);
    await until('the parked run', async () => (await engine.store.parked.get(runOf('a', 0))) !== undefined);
    await held(engine, more);
    refused.clear();
    engine.calls.length = 0;
    return engine;
  }

  it('keeps its lane until its replay has ended, which goes before the events that are held', async () => {
    const engine = await parked(3);
    await engine.engine.parking.replay(runOf('a', 0));
    await engine.ended('done', 4);
    expect(texts(engine.calls)).toEqual(numbers('a', 4));
    await free(engine);
  });

  it('passes its lane to a replay on other data with the same key', async () => {
    const engine = await parked(3);
    await engine.engine.parking.replay(runOf('a', 0), { data: { n: 'edited' } });
    await engine.ended('done', 4);
    expect(texts(engine.calls)).toEqual(['a/edited', 'a/1', 'a/2', 'a/3']);
    await free(engine);
  });

  it('releases its lane when a replay has another key, or a key without a value', async () => {
    for (const data of [{ n: 'edited', key: 'b' }, { n: 'none' }]) {
      const keyed = "deliver: { key: '${{ trigger.data.key }}', onPark: hold }\n";
      const refused = new Set(['s/0']);
      const engine = await start({ flows: flow('shop', PUSH, keyed), answer: refusing(refused) });
      const ask = (n: number) => engine.publish('shop.asked', { n: String(n), key: 'a' }, { subject: 's', id: `s-${n}` });
      for (let n = 0; n < 3; n++) await ask(n);
      await until('the parked run', async () => (await engine.store.parked.get(runOf('s', 0))) !== undefined);
      await held(engine, 2);
      await engine.engine.parking.replay(runOf('s', 0), { data });
      await engine.ended('done', data.key === undefined ? 2 : 3);
      expect(texts(engine.calls).filter((text) => text !== 's/edited')).toEqual(['s/0', 's/1', 's/2']);
      await free(engine);
    }
  });

  it('releases its lane when it is dropped, or dropped again', async () => {
    const engine = await parked(3);
    await engine.engine.parking.drop(runOf('a', 0));
    await expect(engine.engine.parking.drop(runOf('a', 0))).rejects.toMatchObject({ code: 'NOT_PARKED' });
    await engine.ended('done', 3);
    expect(texts(engine.calls)).toEqual(['a/1', 'a/2', 'a/3']);
    await free(engine);
  });

  it('releases its lane when the host has died between the release and the change of the row', async () => {
    const engine = await parked(1);
    const { parked: rows } = engine.store;
    const drop = rows.drop.bind(rows);
    rows.drop = () => Promise.reject(engineFail.STORE_UNAVAILABLE('gone'));
    await expect(engine.engine.parking.drop(runOf('a', 0))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    rows.drop = drop;
    await engine.ended('done', 1);
    // the run is still parked: its replay queues behind the events of its key
    await engine.engine.parking.replay(runOf('a', 0));
    await engine.ended('done', 2);
    expect(texts(engine.calls)).toEqual(['a/1', 'a/0']);
    await free(engine);
  });
});

describe('a flow with deliver.concurrency', () => {
  const places = 'deliver: { concurrency: 2 }\n';

  it('has at most that many runs in progress over all hosts, waiting for calls included', async () => {
    const [broker, database] = [new MemoryBroker(FAST), new MemoryDatabase(FAST)];
    let open = 0;
    let most = 0;
    const options: TestEngineOptions = {
      broker,
      database,
      flows: flow('shop', PUSH + SAY, places),
      answer: async () => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 2));
        open--;
        return {};
      },
    };
    const [one, other] = [await start(options), await start(options)];
    for (let n = 0; n < 20; n++) await publish(one, 'a', n);
    await until(
      'all runs to end',
      () => [...one.outcomes, ...other.outcomes].filter(({ outcome }) => outcome === 'done').length === 20,
    );
    expect(most).toBe(2);
    await free(one);
  });

  it('hands events back while runs that are away have all places, and takes them when a place is free', async () => {
    const engine = await start({ flows: flow('shop', PUSH, places) });
    engine.pacer.open = false;
    for (let n = 0; n < 6; n++) await publish(engine, 'a', n);
    await until('the events to be back in their queue', async () => {
      const [status] = await engine.bus.status(['flow.shop']);
      return status?.waiting === 4 && status.consumers === 0;
    });
    expect(await lanesOf(engine)).toMatchObject({ busy: 2, held: 0 });
    engine.pacer.regain();
    await engine.ended('done', 6);
    await free(engine);
  });
});

describe('the order of keys under random faults', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'loses nothing, keeps the order of first arrival, and runs one event of a key at a time (seed %i)',
    async (seed) => {
      const random = randomOf(seed);
      const [broker, database] = [new MemoryBroker(FAST), new MemoryDatabase(FAST)];
      const seen: string[] = [];
      const overlaps: string[] = [];
      /** Calls that are open, by key, without those of killed hosts. */
      const open = new Map<string, Map<string, number>>();
      const steps = `  - { id: quick, if: '\${{ trigger.data.kind = "end" }}', stop: {} }
  - id: mixed
    switch:
      cases:
        - when: \${{ trigger.data.kind = "push" }}
          steps:
          ${PUSH}
      otherwise:
        ${SAY}`;
      const hosts: TestEngine[] = [];
      const dead = new Set<number>();
      const begin = async () => {
        const number = hosts.length;
        const answer = async ({ input: { text } }: SeenCall) => {
          const [key = ''] = text.split('/');
          const ofKey = open.get(key) ?? new Map<string, number>();
          open.set(key, ofKey);
          const others = [...ofKey].filter(([other, host]) => other !== text && !dead.has(host));
          // a duplicate of an earlier event may run beside a later one
          const isFirst = !seen.includes(text);
          if (isFirst) overlaps.push(...others.map(([other]) => `${text} during ${other}`));
          seen.push(text);
          if (isFirst) ofKey.set(text, number);
          if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 8));
          ofKey.delete(text);
          if (random() < 0.1) throw new Error('again');
          return {};
        };
        const host = await start({ broker, database, flows: flow('shop', steps, KEY), answer });
        failAtRandom(host, random, () => dead.has(number));
        hosts.push(host);
      };
      await begin();
      await begin();
      const keys = Array.from({ length: 6 }, (_, n) => `k${n}`);
      const kinds = ['end', 'push', 'say', 'push'];
      const expected = new Map(keys.map((key) => [key, new Array<string>()]));
      await Promise.all(
        keys.map(async (key) => {
          for (let n = 0; n < 25; n++) {
            const kind = kinds[Math.floor(random() * kinds.length)] ?? 'end';
            if (kind !== 'end') expected.get(key)?.push(`${key}/${n}`);
            const event = { subject: key, id: `${key}-${n}` };
            await untilDone(async () => hosts.at(-1)?.publish('shop.asked', { n: String(n), kind }, event));
            if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, random() * 20));
            if (random() < 0.04 && hosts.length < 6) {
              const killed = hosts.length - 2;
              dead.add(killed);
              kill(hosts[killed] as TestEngine);
              await begin();
            } else if (random() < 0.04) {
              busOf(hosts.at(-1)).lose();
              busOf(hosts.at(-1)).regain();
            }
          }
        }),
      );
      const last = hosts.at(-1) as TestEngine;
      const all = [...expected.values()].flat();
      await until('all events to arrive', () => all.every((text) => seen.includes(text)), 40_000).catch(
        async (error: unknown) => {
          const missing = all.filter((text) => !seen.includes(text));
          const queues = await last.bus.status([
            'flow.shop',
            'flow.shop.next',
            'flow.shop.lane',
            'push.peer.normal',
            'push.peer.normal.again',
          ]);
          const lanes = await last.store.lanes.read('shop', { limit: 100 });
          const parked = await last.store.parked.list({ limit: 20 });
          const errors = parked.map((one) => one.error.message);
          const leases = await last.store.leases.list();
          throw new Error(JSON.stringify({ missing, queues, lanes, errors, leases, logs: last.log }, undefined, 1), {
            cause: error,
          });
        },
      );
      for (const [key, ofKey] of expected) {
        expect([...new Set(seen)].filter((text) => text.startsWith(`${key}/`))).toEqual(ofKey);
      }
      expect(overlaps).toEqual([]);
      await until('the lanes to be free', async () => (await lanesOf(last)).busy === 0, 60_000);
      const status = await last.bus.status(['flow.shop', 'flow.shop.next', 'flow.shop.lane', 'push.peer.normal']);
      expect(status.map(({ waiting }) => waiting)).toEqual([0, 0, 0, 0]);
    },
    120_000,
  );
});

describe('laneOf', () => {
  it('returns short keys unchanged, and texts of at most 120 characters that differ for all other keys', () => {
    expect(['', 'Заказ 1', 'a/b', 'x'.repeat(100)].map(laneOf)).toEqual(['', 'Заказ 1', 'a/b', 'x'.repeat(100)]);
    const odd = ['#a', 'x'.repeat(101), `${'x'.repeat(101)}y`, 'a\u0000', 'a\ud83d', 'a\ude00', '😀'.repeat(60)];
    const lanes = odd.map(laneOf);
    expect(new Set(lanes).size).toBe(odd.length);
    for (const lane of lanes) expect(lane).toMatch(/^#[\w-]{43} [^\p{Cc}\p{Cs}]{0,60}$/u);
    expect(laneOf('x'.repeat(10_000_000)).length).toBeLessThanOrEqual(120);
  });
});

function busOf(host: TestEngine | undefined): MemoryBus {
  if (host?.bus instanceof MemoryBus) return host.bus;
  throw new Error('the host has no bus in memory');
}

/** Ends a host as kill -9 does: its connection is gone, and it reaches the database no longer. */
function kill(host: TestEngine): void {
  const away = () => Promise.reject(engineFail.STORE_UNAVAILABLE('killed'));
  const { leases, lanes } = host.store;
  Object.assign(leases, { take: away, release: away });
  Object.assign(lanes, { write: away, read: away, open: away });
  busOf(host).crash();
}

/** Lets writes of lanes take their time and fail now and then, before or after they are committed. */
function failAtRandom(host: TestEngine, random: () => number, isDead: () => boolean): void {
  const { lanes } = host.store;
  const write = lanes.write.bind(lanes);
  lanes.write = async (...args) => {
    if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 10));
    if (isDead() || random() < 0.05) throw engineFail.STORE_UNAVAILABLE('before the write');
    const result = await write(...args);
    if (isDead() || random() < 0.05) throw engineFail.STORE_UNAVAILABLE('after the write');
    return result;
  };
}

async function untilDone(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
