import { CronSchedule, type Flow, type FlowTest, type Scope, type Workspace } from '@sluice/flow';
import {
  decodeRun,
  Engine,
  queues,
  returnMessage,
  ROLES,
  type Bus,
  type EndedRun,
  type EngineOptions,
  type HostCapabilities,
} from '@sluice/engine';
import { MemoryDatabase, MemoryStore, VirtualClock } from '@sluice/memory';
import { LocalPacer } from '@sluice/pacer';
import { runId, viewError, type AnyPlugin } from '@sluice/plugin-api';
import { DateTime } from 'luxon';
import { compare, type Observed, type ObservedRun } from './compare.js';
import type { Hits } from './coverage.js';
import { instrumented, mockedCallee } from './instrument.js';
import type { Mismatch } from './matching.js';
import { Mocks } from './mocks.js';
import { RecordingBroker } from './recording-broker.js';
import { messageOf, viewOf } from './test-event.js';
import { TestObserver } from './test-observer.js';
import { connectionsOf, withCallees } from './tested-parts.js';
import { watchedCall, watchedPlugin, type RunWatch } from './watch.js';
import { withoutJitter } from './without-jitter.js';

const HOST = 'test';
const MINUTE_MS = 60_000;
/** Maximum virtual time of a test, in milliseconds. */
const MAX_VIRTUAL_MS = 366 * 24 * 60 * MINUTE_MS;
/** Maximum timers that one test runs: a run that waits for a closed system is tried twice a second, so this is about a day. */
const MAX_TIMERS = 300_000;

/** A test with the compiled workspace and the plugins of its flow. */
export interface FlowTestInput {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly flow: Flow;
  readonly test: FlowTest;
}

/** The result of one test. */
export interface FlowTestResult {
  readonly flow: string;
  readonly name: string;
  readonly location: FlowTest['location'];
  /** Empty when the test has passed. */
  readonly mismatches: readonly Mismatch[];
  /** The runs as they were observed. */
  readonly observed: Observed;
  /** Duration in milliseconds of real time. */
  readonly ms: number;
  /** How often each point of each flow was reached, by the name of the flow. */
  readonly hits: ReadonlyMap<string, Hits>;
}

/**
 * Runs one test: an engine with the production classes, on adapters in memory and a virtual clock, with mocks in place of the calls.
 *
 * @returns the result. Never rejects because of what the flow does; a run that has not ended after a year of virtual time, or after
 *   300,000 timers, is a mismatch
 */
export async function runFlowTest(input: FlowTestInput): Promise<FlowTestResult> {
  const began = performance.now();
  const { flow, test } = input;
  const run = new TestRun(input);
  const { mismatches, observed } = await withoutJitter(() => run.compared());
  const ms = Math.round(performance.now() - began);
  return { flow: flow.name, name: test.name, location: test.location, mismatches, observed, ms, hits: run.observer.hits };
}

/**
 * Delivers the events of a test to its flow, and resolves with the observed runs when they have ended, after a year of virtual time, or when
 * the signal of the watch fires. `test.expect` is not read.
 */
export async function observeRun(input: FlowTestInput, watch: RunWatch): Promise<Observed> {
  const run = new TestRun(input, watch);
  return withoutJitter(() => run.observe());
}

/** The end of a run with its time in milliseconds since 1970. */
type TimedEnd = EndedRun & { readonly at: number };

/** The run of an event. */
interface StartedRun {
  readonly id: string;
  readonly source: string;
  readonly event: string;
  /** Position of the event in the list of the test. */
  readonly position: number;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
}

class TestRun {
  readonly observer: TestObserver;
  readonly #clock: VirtualClock;
  readonly #context: Scope['context'];
  readonly #mocks: Mocks;
  readonly #broker: RecordingBroker;
  readonly #ended: TimedEnd[] = [];
  /** The runs in the order in which their events were accepted. */
  readonly #runs: StartedRun[] = [];

  constructor(
    private readonly input: FlowTestInput,
    private readonly watch: RunWatch = {},
  ) {
    const { workspace, flow, test } = input;
    const { timezone, country } = workspace.settings;
    this.observer = new TestObserver(flow.name);
    this.#clock = new VirtualClock(startOf(flow, test, timezone), MAX_TIMERS);
    this.#context = {
      now: this.#clock.now(),
      uuid: (name) => `test-${name ?? ''}`,
      country,
      ...(timezone !== undefined && { timezone }),
    };
    this.#mocks = new Mocks(test, this.#context, this.#clock, this.observer);
    this.#broker = new RecordingBroker(this.#clock);
  }

  async compared(): Promise<Pick<FlowTestResult, 'mismatches' | 'observed'>> {
    const observed = await this.observe();
    const { flow, test } = this.input;
    const mismatches = await compare({ flow, test, observed, unused: this.#mocks.unused(), context: this.#context });
    return { mismatches, observed };
  }

  async observe(): Promise<Observed> {
    const bus = this.#broker.connect();
    const store = new MemoryStore(new MemoryDatabase(this.#clock));
    const engine = new Engine(this.#options(bus, store));
    await engine.start();
    engine.ready();
    await this.#answerCalls(bus);
    const hasEnded = await this.#play(bus);
    const closed = hasEnded ? [] : closedConnections(engine.paces());
    const stopping = engine.stop();
    await this.#clock.advanceUntil(settlementOf(stopping), MINUTE_MS);
    await bus.close();
    await store.close();
    return this.#observed(hasEnded, closed);
  }

  /** Delivers the events at their times, and lets the virtual clock run until all runs have ended. Returns whether they have. */
  async #play(bus: Bus): Promise<boolean> {
    const { flow, test } = this.input;
    const startsItself = isStartedBySchedule(flow, test);
    const events = test.triggers.length > 0 || startsItself ? test.triggers : [{ atMs: 0, event: {} }];
    const start = this.#clock.now();
    for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) {
      await this.#clock.advanceUntil(() => false, start + event.atMs - this.#clock.now());
      if (this.#clock.now() < start + event.atMs) return false;
      const position = events.indexOf(event);
      const message = messageOf(flow, event, position, this.#clock.now());
      this.#accepted(message.attributes, position);
      this.watch.accepted?.(this.#runs.at(-1)?.id ?? '', message.attributes, this.#clock.now());
      await bus.publish([{ queue: queues.flow(flow.name), message }]);
    }
    const isOver = () => this.#runs.length >= Math.max(1, events.length) && this.#runs.every((_, index) => this.#isOver(index));
    return this.#clock.advanceUntil(() => isOver() || this.watch.signal?.aborted === true, MAX_VIRTUAL_MS).then(isOver);
  }

  #accepted({ source, id }: { readonly source: string; readonly id: string }, position: number): void {
    const run = runId(source, id, this.input.flow.name);
    this.#runs.push({ id: run, source, event: id, position, acceptedAt: this.#clock.now() });
  }

  #isOver(index: number): boolean {
    const run = this.#runs[index];
    return run !== undefined && (this.#endOf(index) !== undefined || this.observer.isFiltered(run.source, run.event));
  }

  /** Returns the end of the run of an event. An event that is sent again under the same id runs again under the same id. */
  #endOf(index: number): TimedEnd | undefined {
    const id = this.#runs[index]?.id;
    const before = this.#runs.slice(0, index).filter((run) => run.id === id).length;
    return this.#ended.filter(({ run }) => run === id)[before];
  }

  #options(bus: Bus, store: MemoryStore): EngineOptions {
    const { workspace, plugins, flow, test } = this.input;
    const tested = withCallees(withoutSchedule(flow, test), workspace.flows, test.mocks);
    const { step } = this.watch;
    const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
    return {
      workspace: {
        ...workspace,
        connections: connectionsOf(tested, workspace),
        flows: tested.map((one) => instrumented(one, this.observer, (step) => one.name === flow.name && test.mocks.has(step))),
        issuers: [],
      },
      plugins: new Map(
        [...plugins].map(([name, plugin]) => [name, watchedPlugin(this.#mocks.plugin(plugin), this.watch, this.#clock)]),
      ),
      // a test begins and ends on one revision
      compile: async () => ({ ok: false, findings: [] }),
      version: '0.0.0',
      bus,
      store,
      pacer: new LocalPacer({ leases: store.leases, hostId: HOST, log, clock: this.#clock }),
      capabilities: noCapabilities(),
      observer: {
        // only a schedule hands its events to the engine itself
        accepted: (event) => void (this.#runs.length === 0 && this.#accepted(event, 0)),
        unrouted: ignore,
        hop: ignore,
        unwanted: ignore,
        filtered: ignore,
        called: ignore,
        parked: ignore,
        ended: (end) => void this.#ended.push({ ...end, at: this.#clock.now() }),
        ...(step && { step: (report) => step(report, this.#clock.now()) }),
      },
      log,
      clock: this.#clock,
      hostId: HOST,
      roles: new Set(ROLES),
      mask: (text) => text,
    };
  }

  /** Answers the `call` steps that have mocks, in place of the called flows. */
  async #answerCalls(bus: Bus): Promise<void> {
    for (const step of this.input.test.mocks.keys()) {
      const queue = queues.flow(mockedCallee(step));
      await bus.declare({ queue });
      await bus.consume(queue, { prefetch: 10 }, (delivery) => {
        const { state, body } = decodeRun(delivery.message.body);
        const { caller } = state;
        if (!caller) return delivery.settle([]);
        const data = body.length === 0 ? undefined : (JSON.parse(body.toString()) as unknown);
        const call = { id: `${caller.run}/${caller.at}`, input: data };
        watchedCall(call, this.watch, this.#clock, () => this.#mocks.callee(step, data)).then(
          (output) => delivery.settle([returnMessage(caller, { ok: true, output }, this.#clock.now())]),
          (error: unknown) =>
            delivery.settle([returnMessage(caller, { ok: false, error: viewError(error, { step }) }, this.#clock.now())]),
        );
      });
    }
  }

  #observed(hasEnded: boolean, closed: Observed['closed']): Observed {
    const ends = this.#runs.map((_, index) => this.#endOf(index)?.at ?? -Infinity);
    const [first] = this.#runs;
    return {
      runs: this.#runs
        .map((run, index) => ({ position: run.position, observed: this.#runOf(run, index) }))
        .sort((a, b) => a.position - b.position)
        .map(({ observed }) => observed),
      calls: Object.fromEntries(this.observer.calls),
      events: this.#broker.events.map(viewOf),
      tookMs: hasEnded && first ? Math.max(first.acceptedAt, ...ends) - first.acceptedAt : undefined,
      passedMs: this.#clock.monotonic(),
      closed,
    };
  }

  #runOf({ id, source, event }: StartedRun, index: number): ObservedRun {
    const end = this.#endOf(index);
    const filtered = end === undefined && this.observer.isFiltered(source, event);
    return {
      outcome: filtered ? 'filtered' : end?.outcome,
      steps: end?.steps ?? {},
      error: end?.error,
      reply: this.#broker.replies.get(id),
    };
  }
}

/** Returns the connections into which no call can begin. */
function closedConnections(paces: ReturnType<Engine['paces']>): Observed['closed'] {
  return Object.entries(paces).flatMap(([connection, { closedBecause: because }]) =>
    because === undefined ? [] : [{ connection, because }],
  );
}

/** Returns whether the schedule of the flow has to start the run. */
function isStartedBySchedule({ trigger }: Flow, { triggers }: FlowTest): boolean {
  return trigger.kind === 'schedule' && triggers.length === 0;
}

/** Returns the flow without its schedule when the test delivers the events. */
function withoutSchedule(flow: Flow, test: FlowTest): Flow {
  const { where } = flow.trigger;
  if (flow.trigger.kind !== 'schedule' || isStartedBySchedule(flow, test)) return flow;
  return { ...flow, trigger: { kind: 'flow', ...(where && { where }) } };
}

/** Returns the time at the start. A test of a schedule starts a minute before the first instant, because nothing happens until then. */
function startOf(flow: Flow, test: FlowTest, timezone: string | undefined): number {
  const start = test.nowMs ?? mondayMorning(timezone);
  if (flow.trigger.kind !== 'schedule' || !isStartedBySchedule(flow, test)) return start;
  const next = new CronSchedule(flow.trigger.cron, flow.trigger.timezone).next(start);
  return next === undefined ? start : Math.max(start, next - MINUTE_MS);
}

/** The start of a test without `now`: a Monday, 09:00. */
function mondayMorning(zone = 'utc'): number {
  return DateTime.fromObject({ year: 2026, month: 1, day: 5, hour: 9 }, { zone }).toMillis();
}

/** Returns a function that returns whether the promise has settled. */
function settlementOf(promise: Promise<unknown>): () => boolean {
  let isOver = false;
  const over = () => void (isOver = true);
  promise.then(over, over);
  return () => isOver;
}

/** Mocked plugins open no connection, so nothing uses the capabilities of the host. */
function noCapabilities(): HostCapabilities {
  const none = () => ({}) as never;
  return { tokens: none, routes: {} as never, database: none, meter: none };
}

function ignore(): void {
  // a test reports the outcome only
}
