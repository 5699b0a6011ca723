import { afterEach } from '@jest/globals';
import { action, definePlugin, type AnyPlugin, type Call, type NewEvent, systemClock, type Clock } from '@sluice/plugin-api';
import {
  compileRevision,
  compileWorkspace,
  formatFindings,
  parseWorkspaceFile,
  type Flow,
  type WorkspaceInput,
} from '@sluice/flow';
import {
  Engine,
  ROLES,
  type Bus,
  type CallEnd,
  type Delivery,
  type Observer,
  type Pace,
  type Pacer,
  type PaceState,
  type PushOwner,
  type Role,
  type Store,
} from '@sluice/engine';
import { MemoryBroker, MemoryDatabase, MemoryStore } from '@sluice/memory';
import { aborted } from '@sluice/runtime';
import { FakeWorkspace, MemoryLog, until } from '@sluice/testing';
import { z } from 'zod';

export interface SeenCall {
  readonly id: string;
  readonly attempt: number;
  readonly input: { readonly text: string };
}

/** Returns the answer of the fake peer to a call. It throws to make the call fail. */
export type Answer = (call: SeenCall, raw: Call) => unknown;

/** Returns a plugin with a paced and an unpaced action whose peer is `answer`. Each call is added to `calls`. */
export function fakePlugin(calls: SeenCall[], answer: Answer, idempotent: 'yes' | 'by-key' | 'no' = 'by-key'): AnyPlugin {
  const say = (paced: boolean) =>
    action({
      title: 'Say something to the fake peer',
      input: z.strictObject({ text: z.string() }),
      output: z.unknown(),
      idempotent,
      paced,
      async run(_client: { close(): Promise<void> }, input, call) {
        const seen = { id: call.id, attempt: call.attempt, input };
        calls.push(seen);
        return answer(seen, call);
      },
    });
  return definePlugin({
    name: 'fake',
    api: '^1',
    connection: z.strictObject({}),
    open: async () => ({ close: async () => undefined }),
    pace: { concurrency: { start: 4, max: 4, adaptive: false } },
    triggers: {},
    actions: { push: say(true), say: say(false) },
  });
}

/** A pacer that starts calls while the owner has waiting pushes, up to the limit. It has no breaker, rate or calendar. */
export class PlainPacer implements Pacer {
  readonly engine = 'memory';
  readonly ends: CallEnd[] = [];
  open = true;
  readonly #owners = new Set<{ owner: PushOwner; wake: () => void }>();

  own(_connection: string, config: { concurrency: { max: number } }, owner: PushOwner, signal: AbortSignal): Pace {
    let inFlight = 0;
    const { max } = config.concurrency;
    const fill = () => {
      while (this.open && !signal.aborted && inFlight < max && owner.waiting(['interactive', 'normal', 'bulk']) > 0) {
        inFlight++;
        void owner.start(['interactive', 'normal', 'bulk']).then((end) => {
          inFlight--;
          if (end !== 'idle') this.ends.push(end);
          if (end !== 'idle' && end.result !== 'unavailable') fill();
        });
      }
    };
    const wake = () => setImmediate(fill);
    const own = { owner, wake };
    this.#owners.add(own);
    setImmediate(() => owner.onOpened());
    const state = (): PaceState => ({ owner: true, limit: max, max, inFlight, lingering: 0, breaker: 'closed' });
    const ended = aborted(signal).then(() => void this.#owners.delete(own));
    return { wake, state, ended };
  }

  /** Ends the ownership of all connections, as when another host takes the lease. */
  lose(): void {
    this.open = false;
    for (const { owner } of this.#owners) owner.onClosed('lease');
  }

  /** Makes this host the owner of all connections again. */
  regain(): void {
    this.open = true;
    for (const { owner, wake } of this.#owners) {
      owner.onOpened();
      wake();
    }
  }

  onBreakerChanged(open: boolean): void {
    for (const { owner } of this.#owners) owner.onBreakerChanged?.(open);
  }

  /** Starts the calls of pushes that wait. */
  wake(): void {
    for (const { wake } of this.#owners) wake();
  }

  check = async () => undefined;
  close = async () => undefined;
}

export interface TestEngineOptions {
  readonly flows: string;
  readonly answer?: Answer;
  readonly idempotent?: 'yes' | 'by-key' | 'no';
  readonly broker?: MemoryBroker;
  readonly database?: MemoryDatabase;
  readonly pacer?: PlainPacer;
  readonly settings?: string;
  /** A further plugin, whose connections are in `settings`. */
  readonly plugin?: AnyPlugin;
  /** Masks secrets in a text. */
  readonly mask?: (text: string) => string;
  /** Default: all roles. */
  readonly roles?: readonly Role[];
  /** False: the test calls `engine.ready()` itself. */
  readonly ready?: boolean;
  /** Default: the clock of the process. */
  readonly clock?: Clock;
  /** False: no queue records the events, so that events without a flow become unrouted. */
  readonly watch?: boolean;
  /** Replaces parts of the compiled flows. */
  readonly edit?: (flow: Flow) => Flow;
  /** Folder of the spool. Absent: the host has no spool. */
  readonly spool?: string;
}

/** Starts an engine on memory adapters with the fake plugin. Returns it with its adapters and with everything that it has reported. */
export function startTestEngine(options: TestEngineOptions) {
  const { clock = systemClock } = options;
  const { broker = new MemoryBroker(clock), database = new MemoryDatabase(clock) } = options;
  return startOn({ ...options, broker, database }, broker.connect(), new MemoryStore(database));
}

/** As {@link startTestEngine}, on this bus and this store. */
export async function startOn<OneBus extends Bus>(
  options: TestEngineOptions & Required<Pick<TestEngineOptions, 'broker' | 'database'>>,
  bus: OneBus,
  store: Store,
) {
  const calls: SeenCall[] = [];
  const outcomes: { flow: string; outcome: string | undefined }[] = [];
  const clock = options.clock ?? systemClock;
  const { broker, database } = options;
  const pacer = options.pacer ?? new PlainPacer();
  const fake: AnyPlugin = fakePlugin(calls, options.answer ?? (() => ({ ok: true })), options.idempotent);
  const plugins = new Map([fake, ...(options.plugin ? [options.plugin] : [])].map((plugin) => [plugin.name, plugin]));
  const hopsMs: number[] = [];
  const unrouted: string[] = [];
  const unwanted: string[] = [];
  const filtered: string[] = [];
  const observer: Observer = {
    accepted: () => undefined,
    unrouted: (event) => unrouted.push(event.type),
    hop: (flow, ms, outcome) => {
      hopsMs.push(ms);
      outcomes.push({ flow, outcome });
    },
    unwanted: (flow) => unwanted.push(flow),
    filtered: (flow) => filtered.push(flow),
    called: () => undefined,
    parked: () => undefined,
  };
  const log = new MemoryLog();
  const { listen, tokens, routes, meter, database: tables } = new FakeWorkspace().host();
  let input = inputOf(options.flows, plugins, options.settings ?? '');
  const workspace = workspaceOf(input);
  const engine = new Engine({
    workspace: options.edit ? { ...workspace, flows: workspace.flows.map(options.edit) } : workspace,
    plugins,
    compile: async (stored) => compileRevision(input, stored),
    version: '0.0.0',
    bus,
    store,
    pacer,
    capabilities: {
      listen,
      tokens: () => tokens,
      routes,
      database: () => tables,
      meter: () => meter,
      ...(options.spool !== undefined && { spool: options.spool }),
    },
    observer,
    log,
    clock,
    hostId: `host-${Math.random().toString(36).slice(2)}`,
    roles: new Set(options.roles ?? ROLES),
    mask: options.mask ?? ((text) => text),
  });
  await engine.start().catch(async (error: unknown) => {
    await engine.stop();
    throw error;
  });
  if (options.ready ?? true) engine.ready();
  const emitted: { type: string; id: string; data: unknown }[] = [];
  const { watch = true } = options;
  if (watch) await bus.declare({ queue: 'watch', types: ['#'] });
  const record = (delivery: Delivery) => {
    const { type, id } = delivery.message.attributes;
    emitted.push({
      type,
      id,
      data: delivery.message.body.length > 0 ? (JSON.parse(delivery.message.body.toString()) as unknown) : undefined,
    });
    delivery.settle([]);
  };
  if (watch) await bus.consume('watch', { prefetch: 1_000 }, record);
  return {
    engine,
    broker,
    database,
    bus,
    store,
    pacer,
    log,
    calls,
    outcomes,
    hopsMs,
    unrouted,
    unwanted,
    filtered,
    emitted,
    /** Replaces the flows and the settings while the engine runs. */
    reload: async (flows: string, settings = options.settings ?? '', connections?: string) => {
      input = inputOf(flows, plugins, settings, connections);
      return engine.reload(workspaceOf(input));
    },
    publish: (type: string, data: unknown, more: Partial<NewEvent> = {}) =>
      engine.ingress.publish({ type, source: '/test', data, ...more }),
    ended: (outcome: string, times = 1) =>
      until(
        `${times} × ${outcome}, got ${JSON.stringify(outcomes)}`,
        () => outcomes.filter((one) => one.outcome === outcome).length >= times,
      ),
    stop: async () => {
      await engine.stop();
      await bus.close();
      await store.close();
    },
  };
}

const CONNECTIONS = '  peer:\n    use: fake\n  quick:\n    use: fake\n';

function inputOf(
  flows: string,
  plugins: ReadonlyMap<string, AnyPlugin>,
  settings: string,
  connections = CONNECTIONS,
): WorkspaceInput {
  const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text) });
  const parsed = parseWorkspaceFile(
    source(
      'sluice.yaml',
      `sluice: 1\nplugins: [${[...plugins.keys()].map((name) => `'./${name}'`).join(', ')}]\nconnections:\n${connections}${settings}`,
    ),
  );
  if (!parsed.file) throw new Error(formatFindings(parsed.findings));
  return { workspace: parsed.file, flows: [source('flows/test.yaml', flows)], plugins, env: {} };
}

function workspaceOf(input: WorkspaceInput) {
  const compiled = compileWorkspace(input);
  if (!compiled.workspace) throw new Error(formatFindings(compiled.findings));
  return compiled.workspace;
}

/** Returns a flow that takes the type `<name>.asked`. The lines of `steps` are indented by two spaces. */
export function flow(name: string, steps: string, more = ''): string {
  return `sluice: 1\nflow: ${name}\ntrigger:\n  use: event\n  with: { types: [${name}.asked] }\n${more}steps:\n${steps}`;
}

export type TestEngine = Awaited<ReturnType<typeof startTestEngine>>;

/** Returns a function that starts engines for the tests of one file. Each engine is stopped after its test. */
export function testEngines(): {
  readonly start: (options: TestEngineOptions) => Promise<TestEngine>;
  readonly running: TestEngine[];
} {
  const running: TestEngine[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((machine) => machine.stop()));
  });
  return {
    running,
    async start(options) {
      const machine = await startTestEngine(options);
      running.push(machine);
      return machine;
    },
  };
}
