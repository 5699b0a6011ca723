import type { CallReport, Engine, Observer } from '@sluice/engine';
import type { ErrorView, EventAttributes, Meter } from '@sluice/plugin-api';
import type { RunOutcome } from '@sluice/flow';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { HopMetrics } from './hop-metrics.js';

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Types come from outside: past so many, they are counted together. */
const MOST_TYPES = 200;

/** Counts what happens, for Prometheus (https://prometheus.io/docs/practices/naming/). */
export class Metrics implements Observer {
  readonly registry = new Registry();
  readonly #types = new Set<string>();
  readonly #accepted = this.#counter('sluice_accepted_total', 'Events accepted at a door', ['type']);
  readonly #acceptSeconds = this.#histogram(
    'sluice_accept_seconds',
    'From the arrival of an event to the confirm of the broker',
    [],
  );
  readonly #unrouted = this.#counter('sluice_unrouted_total', 'Events that no flow known here takes', ['type']);
  readonly #unwanted = this.#counter(
    'sluice_unwanted_total',
    'Events dropped because the flow does not take their type any more',
    ['flow'],
  );
  readonly #hops = new HopMetrics(this.registry, SECONDS);
  readonly #parked = this.#counter('sluice_parked_total', 'Runs put aside', ['flow', 'code']);
  readonly #calls = this.#counter('sluice_calls_total', 'Calls of actions', ['connection', 'flow', 'step', 'result']);
  readonly #callSeconds = this.#histogram('sluice_call_seconds', 'Duration of calls of actions', ['connection', 'flow', 'step']);
  readonly #waitSeconds = this.#histogram(
    'sluice_call_wait_seconds',
    'From the beginning of a step to the beginning of its call',
    ['connection'],
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Numbers of one connection's plugin. A connection that is opened again goes on with its counters and gives new gauges. */
  meterOf(connection: string): Meter {
    return {
      counter: (name, help) => {
        const counter = this.#ofPlugins(name, () => this.#counter(name, help, ['connection']));
        counter.inc({ connection }, 0);
        return (by = 1) => counter.inc({ connection }, by);
      },
      gauge: (name, help, read) => {
        const reads = this.#ofPlugins(name, () => this.#readGauge(name, help));
        reads.set(connection, read);
      },
    };
  }

  /** Reads gauges from the engine whenever the metrics are asked for. */
  watch(engine: Engine, journalSkipped: () => number): void {
    const paces = (gauge: Gauge, read: (state: ReturnType<Engine['paces']>[string]) => number) => {
      for (const [connection, state] of Object.entries(engine.paces())) gauge.set({ connection }, read(state));
    };
    const gauge = (name: string, help: string, collect: (gauge: Gauge) => void | Promise<void>, labels: string[]) =>
      new Gauge({
        name,
        help,
        labelNames: labels,
        registers: [this.registry],
        collect: async function collectNow() {
          await collect(this);
        },
      });
    gauge(
      'sluice_pace_limit',
      'Calls at once that are allowed now',
      (one) => paces(one, (state) => (state.owner ? state.limit : 0)),
      ['connection'],
    );
    gauge('sluice_pace_in_flight', 'Calls open now', (one) => paces(one, (state) => state.inFlight), ['connection']);
    gauge('sluice_pace_owner', '1 where this host owns the pace', (one) => paces(one, (state) => Number(state.owner)), [
      'connection',
    ]);
    gauge(
      'sluice_pace_breaker_open',
      '1 while the breaker is open',
      (one) => paces(one, (state) => Number(state.breaker !== 'closed')),
      ['connection'],
    );
    gauge('sluice_journal_skipped_total', 'Journal entries that were not recorded', (one) => one.set(journalSkipped()), []);
    gauge(
      'sluice_queue_messages',
      'Messages that wait in a queue',
      async (one) => {
        one.reset();
        const status = await engine.status().catch(() => undefined);
        for (const queue of status?.queues ?? []) one.set({ queue: queue.queue }, queue.waiting);
      },
      ['queue'],
    );
  }

  accepted(event: EventAttributes, ms: number): void {
    this.#accepted.inc({ type: this.#bounded(event.type) });
    this.#acceptSeconds.observe(ms / 1_000);
  }

  unrouted(event: EventAttributes): void {
    this.#unrouted.inc({ type: this.#bounded(event.type) });
  }

  unwanted(flow: string): void {
    this.#unwanted.inc({ flow });
  }

  hop(flow: string, ms: number, outcome: RunOutcome | undefined): void {
    this.#hops.hop(flow, ms / 1_000, outcome);
  }

  called(call: CallReport): void {
    const connection = call.connection ?? call.plugin;
    const { flow, step } = call;
    this.#calls.inc({ connection, flow, step, result: call.error?.code ?? 'ok' });
    this.#callSeconds.observe({ connection, flow, step }, call.ms / 1_000);
    this.#waitSeconds.observe({ connection }, call.waitedMs / 1_000);
  }

  parked(flow: string, error: ErrorView): void {
    this.#parked.inc({ flow, code: error.code });
  }

  readonly #known = new Map<string, unknown>();

  #ofPlugins<Kind>(name: string, make: () => Kind): Kind {
    const known = (this.#known.get(name) as Kind | undefined) ?? make();
    this.#known.set(name, known);
    return known;
  }

  #readGauge(name: string, help: string): Map<string, () => number> {
    const reads = new Map<string, () => number>();
    new Gauge({
      name,
      help,
      labelNames: ['connection'],
      registers: [this.registry],
      collect() {
        for (const [connection, read] of reads) this.set({ connection }, read());
      },
    });
    return reads;
  }

  #bounded(type: string): string {
    if (this.#types.size < MOST_TYPES) this.#types.add(type);
    return this.#types.has(type) ? type : 'other';
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }
}
