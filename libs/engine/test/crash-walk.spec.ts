import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { fail, isSluiceError, runId } from '@sluice/plugin-api';
import type { Engine } from '@sluice/engine';
import { MemoryBroker, MemoryDatabase, MemoryStore, VirtualClock } from '@sluice/memory';
import { flow, startOn, type SeenCall, type TestEngine } from './engine-harness.js';
import { MortalHost, type Death } from './support/mortal-host.js';

/** A queue that is empty for this many looks has no message between two queues. */
const LOOKS = 4;
const LOOK_MS = 250;
/** More than a lease, its renewal, and the tries to own the queues take. */
const LEASE_PASSES_MS = 10_000;
/** Virtual time after which a scenario stands still. */
const MAX_MS = 600_000;
/** More operations than any scenario has. */
const MAX_OPERATIONS = 1_000;
const QUEUES = [
  ...['flow.shop', 'flow.helper'].flatMap((queue) => [queue, `${queue}.next`, `${queue}.lane`]),
  ...['push.peer.normal', 'push.peer.normal.again', 'parked', 'poison'],
];
const DAY_MS = 86_400_000;
/** Interval at which hosts look for parked runs beyond their retention. */
const SWEEP_MS = 30_000;

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
}

interface Scenario {
  readonly flows: string;
  readonly events: readonly Event[];
  /** Answers calls, by their text. Default: with an empty object. */
  readonly answer?: (world: World, text: string) => unknown;
  /** What operators do once everything is quiet. */
  readonly then?: (world: World) => Promise<void>;
  /** Texts of the calls in the order of their first arrival, by key: the part of the text before the slash. */
  readonly calls: Readonly<Record<string, readonly string[]>>;
  /** Number of replays, each of which makes the call that had failed once more. */
  readonly replays?: number;
  /** Maximum number of runs that one death repeats. Default: one of each key. */
  readonly repeats?: number;
}

/** The hosts of one scenario, one after another, and all that the remote system has seen. */
class World {
  readonly clock = new VirtualClock();
  readonly broker = new MemoryBroker(this.clock);
  readonly database = new MemoryDatabase(this.clock);
  /** Survives all hosts. */
  readonly store = new MemoryStore(this.database);
  readonly seen: { readonly text: string; readonly id: string; readonly host: number }[] = [];
  readonly overlaps: string[] = [];
  readonly hosts: { readonly mortal: MortalHost; readonly machine: TestEngine }[] = [];
  readonly #observer = this.broker.connect();
  readonly #open = new Map<string, { readonly text: string; readonly host: number }>();

  constructor(private readonly scenario: Scenario) {}

  async startHost(death?: Death): Promise<void> {
    const { clock, broker, database } = this;
    const mortal = new MortalHost({ bus: broker.connect(), store: new MemoryStore(database), clock }, death);
    const number = this.hosts.length;
    const answer = (call: SeenCall) => this.#answer(call, number);
    const options = { flows: this.scenario.flows, broker, database, clock: mortal.clock, answer, watch: false, ready: false };
    const machine = (await startOn(options, mortal.bus, mortal.store)) as unknown as TestEngine;
    this.hosts.push({ mortal, machine });
    mortal.count();
    machine.engine.ready();
  }

  get host(): { readonly mortal: MortalHost; readonly machine: TestEngine } {
    const host = this.hosts.at(-1);
    if (!host) throw new Error('no host has started');
    return host;
  }

  async publish(events: readonly Event[]): Promise<void> {
    for (const { id, type, data } of events) {
      const acceptedat = this.clock.now();
      const [key] = id.split('-');
      const attributes = { id, source: '/test', type, subject: key ?? '', time: new Date(acceptedat).toISOString(), acceptedat };
      const message = {
        attributes: { ...attributes, datacontenttype: 'application/json' },
        body: Buffer.from(JSON.stringify(data)),
      };
      await this.#observer.publish([{ message }]);
    }
  }

  /** Lets time pass until no message is in any queue; starts another host when one has died. */
  async quiet(): Promise<void> {
    let quiet = 0;
    // nothing is in a queue while another host waits for the lease of the dead one
    let since = this.clock.now();
    for (const end = since + MAX_MS; quiet < LOOKS || this.clock.now() < since;) {
      for (let turns = 0; turns < 5; turns++) await turn();
      await this.clock.advance(LOOK_MS);
      if (this.host.mortal.dead) {
        const dead = this.hosts.length - 1;
        for (const [key, { host }] of this.#open) if (host === dead) this.#open.delete(key);
        await this.startHost();
        since = this.clock.now() + LEASE_PASSES_MS;
      }
      quiet = (await this.#busy()).length === 0 ? quiet + 1 : 0;
      if (this.clock.now() > end) throw new Error(`stands still: ${JSON.stringify(await this.#busy())}`);
    }
  }

  /** Lets an operator act on the host that lives, and again when it dies meanwhile. */
  async operate(action: (engine: Engine) => Promise<unknown>): Promise<void> {
    for (let done = false; !done;) {
      const { mortal, machine } = this.host;
      const acting = action(machine.engine).then(
        () => true,
        (error: unknown) => {
          // the host that died has done it
          if (isSluiceError(error) && ['NOT_PARKED', 'REPLAY_REFUSED'].includes(error.code)) return true;
          throw error;
        },
      );
      done = await Promise.race([acting, mortal.death.then(() => false)]);
      await this.quiet();
    }
  }

  async parked(): Promise<readonly string[]> {
    const runs = await this.store.parked.list({ state: 'parked', limit: 100 });
    return runs.map((run) => `${run.flow} ${run.error.code}`).sort();
  }

  async stop(): Promise<void> {
    this.host.mortal.kill();
    await this.clock.advance(0);
  }

  async #answer({ input: { text }, id }: SeenCall, host: number): Promise<unknown> {
    const [key = ''] = text.split('/');
    // a copy of an earlier call may be made beside a later one
    const isFirst = this.seen.every((one) => one.text !== text);
    const other = this.#open.get(key);
    if (isFirst && other) this.overlaps.push(`${text} during ${other.text}`);
    this.seen.push({ text, id, host });
    if (isFirst) this.#open.set(key, { text, host });
    try {
      await new Promise<void>((resolve) => this.clock.after(10, resolve));
      return (await this.scenario.answer?.(this, text)) ?? {};
    } finally {
      if (this.#open.get(key)?.text === text) this.#open.delete(key);
    }
  }

  async #busy(): Promise<readonly unknown[]> {
    const status = await this.#observer.status(QUEUES);
    return [
      ...status.filter(({ waiting, held = 0 }) => waiting + held > 0),
      ...QUEUES.filter((queue) => this.broker.delayed(queue) > 0),
    ];
  }
}

/** Returns the number of runs that have repeated a call, and how often the call was made that was repeated most. */
function repeatsIn(ids: readonly string[]): { readonly repeated: number; readonly most: number } {
  const times = new Map<string, number>();
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  const repeated = [...times].filter(([, count]) => count > 1).map(([id]) => id.split('/')[0]);
  return { repeated: new Set(repeated).size, most: Math.max(0, ...times.values()) };
}

/** Runs the scenario with a host that dies; returns false when it survives. */
async function survives(scenario: Scenario, death: Death): Promise<boolean> {
  const world = new World(scenario);
  await world.startHost(death);
  await world.publish(scenario.events);
  await world.quiet();
  await scenario.then?.(world);
  await world.quiet();
  const first = new Map<string, string[]>();
  for (const { text } of world.seen) {
    const [key = ''] = text.split('/');
    const ofKey = first.get(key) ?? [];
    if (!ofKey.includes(text)) ofKey.push(text);
    first.set(key, ofKey);
  }
  const died = world.hosts.length > 1;
  const { repeated, most } = repeatsIn(world.seen.map(({ id }) => id));
  const found = {
    calls: Object.fromEntries(first),
    overlaps: world.overlaps,
    parked: await world.parked(),
    lanes: await world.store.lanes.count(),
  };
  const expected = { calls: scenario.calls, overlaps: [], parked: [], lanes: [] };
  try {
    expect(found).toEqual(expected);
    // a copy of a run that was in progress makes its later calls again, under their ids
    const { replays = 0, repeats = Object.keys(scenario.calls).length } = scenario;
    expect(repeated).toBeLessThanOrEqual(replays + (died ? repeats : 0));
    expect(most).toBeLessThanOrEqual(1 + replays + (died ? 1 : 0));
  } catch (error) {
    throw new Error(`the host died ${death.when} its operation ${death.at}: ${(error as Error).message}`, { cause: error });
  } finally {
    await world.stop();
  }
  return !died;
}

const KEY = "deliver: { key: '${{ trigger.subject }}', retry: { attempts: 1 } }\n";
const HOLD = "deliver: { key: '${{ trigger.subject }}', onPark: hold, retry: { attempts: 1 } }\n";
const call = (id: string, action: 'push' | 'say', text: string, more = '') =>
  `  - { id: ${id}, use: fake.${action}, connection: ${action === 'push' ? 'peer' : 'quick'}, with: { text: '${text}' }${more} }\n`;
const TEXT = '${{ trigger.subject }}/${{ trigger.data.n }}';
const events = (key: string, count: number): readonly Event[] =>
  Array.from({ length: count }, (_, n) => ({ id: `${key}-${n}`, type: 'shop.asked', data: { n: String(n) } }));
const numbers = (key: string, count: number) => Array.from({ length: count }, (_, n) => `${key}/${n}`);
const runOf = (key: string, n: number) => runId('/test', `${key}-${n}`, 'shop');

/** Refuses the calls of this text until an operator has acted. */
function refusing(refused: string) {
  const acted = new WeakSet<World>();
  return {
    acted: (world: World) => acted.add(world),
    answer: (world: World, text: string) => {
      if (text === refused && !acted.has(world)) throw fail.REJECTED('refused');
      return {};
    },
  };
}

function parkedOnce(then: (engine: Engine) => Promise<unknown>): Pick<Scenario, 'answer' | 'then'> {
  const { answer, acted } = refusing('a/0');
  return {
    answer,
    then: async (world) => {
      acted(world);
      await world.operate(then);
    },
  };
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'runs of keys that wait for calls': {
    flows: flow('shop', call('save', 'push', TEXT) + call('told', 'push', `${TEXT}/told`), KEY),
    events: [...events('a', 3), ...events('b', 2)],
    calls: {
      a: ['a/0', 'a/0/told', 'a/1', 'a/1/told', 'a/2', 'a/2/told'],
      b: ['b/0', 'b/0/told', 'b/1', 'b/1/told'],
    },
  },
  'runs of one key that end within their hop, more than wait in hand': {
    flows: flow('shop', call('said', 'say', TEXT), KEY),
    events: events('a', 12),
    calls: { a: numbers('a', 12) },
  },
  'runs of one key that are handed out together, of which one waits for a call': {
    flows: `${flow(
      'shop',
      `${call('save', 'push', 's/${{ trigger.data.n }}', `, if: '\${{ trigger.data.n in ["0", "6"] }}'`)}  - { id: done, emit: { type: helper.asked, data: '\${{ trigger.data }}' } }\n`,
      KEY,
    )}---\n${flow('helper', call('said', 'say', 'h/${{ trigger.data.n }}'), KEY)}`,
    events: events('a', 12),
    repeats: 10,
    calls: { s: ['s/0', 's/6'], h: numbers('h', 12) },
  },
  'a parked run that keeps its lane and is replayed': {
    flows: flow('shop', call('save', 'push', TEXT), HOLD),
    events: events('a', 3),
    ...parkedOnce((engine) => engine.parking.replay(runOf('a', 0))),
    replays: 1,
    calls: { a: numbers('a', 3) },
  },
  'a parked run that keeps its lane and is replayed from the start': {
    flows: flow('shop', call('save', 'push', TEXT), HOLD),
    events: events('a', 3),
    ...parkedOnce((engine) => engine.parking.replay(runOf('a', 0), { fromStart: true })),
    replays: 1,
    calls: { a: numbers('a', 3) },
  },
  'a parked run that keeps its lane and is dropped': {
    flows: flow('shop', call('save', 'push', TEXT), HOLD),
    events: events('a', 3),
    ...parkedOnce((engine) => engine.parking.drop(runOf('a', 0))),
    calls: { a: numbers('a', 3) },
  },
  'a parked run that keeps its lane beyond its retention': {
    flows: flow('shop', call('save', 'push', TEXT), HOLD),
    events: events('a', 3),
    answer: refusing('a/0').answer,
    then: async (world) => {
      await world.clock.jump(366 * DAY_MS);
      await world.clock.advance(2 * SWEEP_MS);
    },
    calls: { a: numbers('a', 3) },
  },
  'a loop of calls, of which one fails, in a try': {
    flows: flow(
      'shop',
      `  - id: guarded
    try:
      steps:
        - id: each
          forEach:
            in: \${{ [0..2] }}
            steps:
              - { id: save, use: fake.push, connection: peer, with: { text: 'a/\${{ item }}' } }
      catch:
        - { id: seen, use: fake.push, connection: peer, with: { text: 'a/caught' } }
`,
      'deliver: { retry: { attempts: 1 } }\n',
    ),
    events: events('x', 1),
    answer: refusing('a/1').answer,
    calls: { a: ['a/0', 'a/1', 'a/2', 'a/caught'] },
  },
  'a call of a flow with a key, by a flow with another key': {
    flows: `${flow(
      'shop',
      `${call('first', 'push', TEXT)}  - { id: asked, call: { flow: helper, data: { n: '\${{ trigger.data.n }}' } } }\n${call('last', 'push', `${TEXT}/last`)}`,
      KEY,
    )}---
sluice: 1
flow: helper
trigger: { use: flow }
deliver: { key: one, retry: { attempts: 1 } }
steps:
${call('help', 'push', 'help/${{ trigger.data.n }}')}  - { id: told, reply: { data: 1 } }
${call('later', 'push', 'help/${{ trigger.data.n }}/later')}`,
    events: events('a', 2),
    calls: {
      a: ['a/0', 'a/0/last', 'a/1', 'a/1/last'],
      help: ['help/0', 'help/0/later', 'help/1', 'help/1/later'],
    },
  },
};

describe.each(Object.entries(SCENARIOS))('%s', (_name, scenario) => {
  it.each(['before', 'after'] as const)(
    'lose nothing, keep their order and leave no lane behind when the host dies %s any of its operations',
    async (when) => {
      let at = 1;
      while (!(await survives(scenario, { at, when }))) {
        if (++at > MAX_OPERATIONS) throw new Error('the scenario never ends');
      }
      expect(at).toBeGreaterThan(10);
    },
    120_000,
  );
});
