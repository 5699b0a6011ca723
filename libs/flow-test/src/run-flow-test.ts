import {
  parseDuration,
  runId,
  viewError,
  writeBody,
  type AnyPlugin,
  type ErrorView,
  type EventAttributes,
  type Reply,
} from '@sluice/plugin-api';
import type { CallStep, Flow, FlowTest, Scope, Step, Workspace } from '@sluice/flow';
import { decodeRun, Engine, queues, returnMessage, ROLES, type Bus, type EndedRun, type HostCapabilities } from '@sluice/engine';
import { MemoryBroker, MemoryDatabase, MemoryStore, VirtualClock } from '@sluice/memory';
import { LocalPacer } from '@sluice/pacer';
import { DateTime } from 'luxon';
import { differences, shown, type FlowTestResult, type Mismatch, type Path } from './matching.js';
import { Mocks } from './mocks.js';

const HOST = 'test';
const MINUTE_MS = 60_000;
/** Maximum virtual time of a test. */
const MAX_VIRTUAL_MS = 366 * 24 * 60 * MINUTE_MS;
/** Queue of a watcher that receives a copy of each event. */
const WATCH = 'test.events';

/** A test with the compiled workspace and the plugins of its flow. */
export interface FlowTestInput {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly flow: Flow;
  readonly test: FlowTest;
}

/** What a run did, in the shape that expectations have. */
interface Observed {
  outcome: string | undefined;
  calls: Record<string, unknown[]>;
  events: Record<string, unknown>[];
  reply: Reply | undefined;
  error: ErrorView | undefined;
  steps: Readonly<Record<string, unknown>>;
  tookMs: number | undefined;
}

/**
 * Runs one test: an engine with the production classes, on adapters in memory and a virtual clock, with mocks in place of the calls.
 *
 * @returns the result. Never rejects because of what the flow does; a run that has not ended after a year of virtual time is a mismatch
 */
export async function runFlowTest(input: FlowTestInput): Promise<FlowTestResult> {
  const began = performance.now();
  const mismatches = await run(input);
  const { flow, test } = input;
  return { flow: flow.name, name: test.name, location: test.location, mismatches, ms: Math.round(performance.now() - began) };
}

async function run({ workspace, plugins, flow, test }: FlowTestInput): Promise<readonly Mismatch[]> {
  const { settings } = workspace;
  const clock = new VirtualClock(test.nowMs ?? mondayMorning(settings.timezone));
  const context: Scope['context'] = {
    now: clock.now(),
    uuid: (name) => `test-${name ?? ''}`,
    country: settings.country,
    ...(settings.timezone !== undefined && { timezone: settings.timezone }),
  };
  const mocks = new Mocks(test, context, clock);
  const bus = new MemoryBroker(clock).connect();
  const store = new MemoryStore(new MemoryDatabase(clock));
  const ended: (EndedRun & { readonly at: number })[] = [];
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const engine = new Engine({
    workspace: { ...workspace, flows: withCallees(flow, workspace.flows, test.mocks), issuers: [] },
    plugins: new Map([...plugins].map(([name, plugin]) => [name, mocks.plugin(plugin)])),
    // a test begins and ends on one revision
    compile: async () => ({ ok: false, findings: [] }),
    version: '0.0.0',
    bus,
    store,
    pacer: new LocalPacer({ leases: store.leases, hostId: HOST, log, clock }),
    capabilities: unused(),
    observer: {
      accepted: ignore,
      unrouted: ignore,
      hop: ignore,
      unwanted: ignore,
      filtered: ignore,
      called: ignore,
      parked: ignore,
      ended: (end) => void ended.push({ ...end, at: clock.now() }),
    },
    log,
    clock,
    hostId: HOST,
    roles: new Set(ROLES),
    mask: (text) => text,
  });
  const observed: Observed = {
    outcome: undefined,
    calls: {},
    events: [],
    reply: undefined,
    error: undefined,
    steps: {},
    tookMs: undefined,
  };
  await engine.start();
  engine.ready();
  await bus.declare({ queue: WATCH, types: ['#'] });
  await bus.consume(WATCH, { prefetch: 1_000 }, (delivery) => {
    observed.events.push(eventView(delivery.message));
    delivery.settle([]);
  });
  await bus.declare({ queue: queues.reply('caller'), exclusive: true });
  await bus.consume(queues.reply('caller'), { prefetch: 10 }, (delivery) => {
    observed.reply ??= JSON.parse(delivery.message.body.toString()) as Reply;
    delivery.settle([]);
  });
  await answerCalls(bus, flow, test.mocks, mocks, clock);
  const accepted = clock.now();
  const message = eventOf(flow, test, accepted);
  const id = runId(message.attributes.source, message.attributes.id, flow.name);
  await bus.publish([{ queue: queues.flow(flow.name), message }]);
  const end = () => ended.find(({ run: one }) => one === id);
  try {
    for (let step = 1_000; end() === undefined && clock.now() - accepted < MAX_VIRTUAL_MS; step = Math.min(step * 2, MINUTE_MS))
      await clock.advance(step);
    await clock.advance(0);
  } finally {
    const stopping = engine.stop();
    await clock.advance(MINUTE_MS);
    await stopping;
    await bus.close();
    await store.close();
  }
  const last = end();
  for (const { step, input } of mocks.calls) (observed.calls[step] ??= []).push(input);
  observed.outcome = last?.outcome;
  observed.error = last?.error;
  observed.steps = last?.steps ?? {};
  observed.tookMs = last && last.at - accepted;
  return compare(test, observed, mocks, context);
}

async function compare(
  test: FlowTest,
  observed: Observed,
  mocks: Mocks,
  context: Scope['context'],
): Promise<readonly Mismatch[]> {
  const { expect } = test;
  if (!expect) return [{ location: test.location, message: 'TEST_EMPTY this test expects nothing' }];
  const found: Mismatch[] = [];
  const check = (expected: unknown, actual: unknown, path: Path) => {
    for (const { path: at, message } of differences(expected, actual, path)) found.push({ location: expect.locate(at), message });
  };
  const { value } = expect;
  for (const [key, expected] of Object.entries(value)) {
    if (key === 'calls') {
      for (const [step, calls] of Object.entries(expected as Readonly<Record<string, unknown>>)) {
        const made = observed.calls[step] ?? [];
        if (Array.isArray(calls)) check(calls, made, ['calls', step]);
        else if (made.length === 1) check(calls, made[0], ['calls', step]);
        else
          found.push({
            location: expect.locate(['calls', step]),
            message: `${step} was called ${made.length} times, not once: ${shown(made)}`,
          });
      }
    } else if (key === 'took') {
      const ms = parseDuration(String(expected));
      if (observed.tookMs !== ms)
        found.push({ location: expect.locate(['took']), message: `took ${observed.tookMs} ms, not ${ms} ms` });
    } else check(expected, observed[key as keyof Observed], [key]);
  }
  const scope = { vars: {}, env: {}, context, ...observed };
  for (const { condition, source, location } of expect.that) {
    const holds = await Promise.resolve(condition.test(scope as unknown as Scope)).catch((error: unknown) => String(error));
    if (holds !== true)
      found.push({ location, message: `${source} is ${typeof holds === 'string' ? `an error: ${holds}` : 'false'}` });
  }
  for (const { location } of mocks.unused()) found.push({ location, message: 'no call has matched this mock' });
  if (found.length > 0 && observed.error !== undefined && value['error'] === undefined) {
    const { code, message } = observed.error;
    found.push({ location: test.location, message: `the run was ${observed.outcome}: ${code} ${message}` });
  }
  return found;
}

/** The start of a test without `now`: a Monday, 09:00. */
function mondayMorning(zone = 'utc'): number {
  return DateTime.fromObject({ year: 2026, month: 1, day: 5, hour: 9 }, { zone }).toMillis();
}

/** Mocked plugins open no connection, so nothing uses the capabilities of the host. */
function unused(): HostCapabilities {
  const none = () => ({}) as never;
  return { tokens: none, routes: {} as never, database: none, meter: none };
}

function ignore(): void {
  // a test reports the outcome only
}

/** The flow with the flows that it calls, directly and indirectly, except by mocked steps. Flows that take its events do not run. */
function withCallees(flow: Flow, flows: readonly Flow[], mocked: FlowTest['mocks']): readonly Flow[] {
  const found = new Map<string, Flow>();
  const add = (one: Flow | undefined): void => {
    if (!one || found.has(one.name)) return;
    found.set(one.name, one);
    for (const { id, flow: name } of callsOf([...one.steps, ...(one.catch ?? [])])) {
      if (!mocked.has(id)) add(flows.find((other) => other.name === name));
    }
  };
  add(flow);
  return [...found.values()];
}

/** Answers the `call` steps that have mocks, in place of the called flows. */
async function answerCalls(bus: Bus, flow: Flow, mocked: FlowTest['mocks'], mocks: Mocks, clock: VirtualClock): Promise<void> {
  const callees = new Set(
    [...callsOf([...flow.steps, ...(flow.catch ?? [])])].filter(({ id }) => mocked.has(id)).map((step) => step.flow),
  );
  for (const callee of callees) {
    const queue = queues.flow(callee);
    await bus.declare({ queue });
    await bus.consume(queue, { prefetch: 10 }, (delivery) => {
      const { state, body } = decodeRun(delivery.message.body);
      const { caller } = state;
      if (!caller) return delivery.settle([]);
      const call = { id: `${caller.run}/${caller.at}`, signal: new AbortController().signal };
      const data = body.length === 0 ? undefined : (JSON.parse(body.toString()) as unknown);
      mocks.answer(data, call).then(
        (output) => delivery.settle([returnMessage(caller, { ok: true, output }, clock.now())]),
        (error: unknown) => delivery.settle([returnMessage(caller, { ok: false, error: viewError(error) }, clock.now())]),
      );
    });
  }
}

function* callsOf(steps: readonly Step[]): Generator<CallStep> {
  for (const step of steps) {
    if (step.verb === 'call') yield step;
    if (step.verb === 'switch') yield* callsOf([...step.cases.flatMap((one) => one.steps), ...step.otherwise]);
    if (step.verb === 'forEach') yield* callsOf(step.steps);
    if (step.verb === 'try') yield* callsOf([...step.steps, ...step.catch]);
  }
}

function eventOf(
  flow: Flow,
  { trigger }: FlowTest,
  now: number,
): { readonly attributes: EventAttributes; readonly body: Buffer } {
  const { data, ...given } = trigger;
  const type = typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  const { trigger: source } = flow;
  const named = source.kind === 'event' ? source.types[0]?.replaceAll('*', 'any').replaceAll('#', 'any') : undefined;
  const attributes = {
    id: 'e1',
    source: '/test',
    type: named ?? (source.kind === 'plugin' ? `${source.plugin}.${source.trigger}` : `sluice.${source.kind}`),
    time: new Date(now).toISOString(),
    acceptedat: now,
    datacontenttype: type,
    replyto: queues.reply('caller'),
    ...given,
  };
  return { attributes, body: data === undefined ? Buffer.alloc(0) : Buffer.from(writeBody(type, data)) };
}

function eventView({
  attributes,
  body,
}: {
  readonly attributes: EventAttributes;
  readonly body: Buffer;
}): Record<string, unknown> {
  const isJson = (attributes.datacontenttype ?? 'application/json').includes('json');
  const data: unknown = body.length === 0 ? undefined : isJson ? JSON.parse(body.toString()) : body.toString();
  return { ...attributes, ...(data !== undefined && { data }) };
}
