import type { CallReport, Engine, Observer, PaceState } from '@sluice/engine';
import type { ErrorView, EventAttributes, Meter } from '@sluice/plugin-api';
import type { RunOutcome } from '@sluice/flow';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { CallRates } from './call-rates.js';
import { HopMetrics } from './hop-metrics.js';

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Maximum number of event types with their own counter. Senders choose the types, so further types share one counter. */
const MAX_TYPES = 200;

/** Updates the metrics for Prometheus (https://prometheus.io/docs/practices/naming/). */
export class Metrics implements Observer {
  readonly registry = new Registry();
  readonly rates = new CallRates();
  readonly #types = new Set<string>();
  /** Metrics of plugins by name: connections of one plugin share them. */
  readonly #known = new Map<string, unknown>();
  readonly #accepted = this.#counter('sluice_accepted_total', 'Events accepted at a door', ['type']);
  readonly #acceptSeconds = this.#histogram(
    'sluice_accept_seconds',
    'From the arrival of an event to the confirm of the broker',
    [],
  );
  readonly #unrouted = this.#counter('sluice_unrouted_total', 'Events that no flow known here takes', ['type']);
  readonly #unwanted = this.#counter(
    'sluice_unwanted_total',
    'Events that reached a flow which does not take their type any more',
    ['flow'],
  );
  readonly #filtered = this.#counter('sluice_filtered_total', 'Events that a flow does not take because trigger.where is false', [
    'flow',
  ]);
  readonly #hops = new HopMetrics(this.registry, SECONDS);
  readonly #parked = this.#counter('sluice_parked_total', 'Runs put aside', ['flow', 'code']);
  readonly #calls = this.#counter('sluice_calls_total', 'Calls of actions', ['connection', 'flow', 'step', 'result']);
  readonly #callSeconds = this.#histogram('sluice_call_seconds', 'Duration of calls of actions', ['connection', 'flow', 'step']);
  readonly #waitSeconds = this.#histogram(
    'sluice_call_wait_seconds',
    'From the beginning of a step to the beginning of its call',
    ['connection'],
  );

  readonly #refusedTokens = this.#counter('sluice_refused_tokens_total', 'Tokens that were refused', ['door', 'reason']);
  readonly #refusedRequests = this.#counter('sluice_refused_requests_total', 'HTTP requests answered 4xx', ['door', 'code']);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Returns the meter of a connection for its plugin. A reopened connection continues its counters and replaces its gauges. */
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

  /** Reads gauges from the engine at each scrape. */
  watch(engine: Engine, journalSkipped: () => number): void {
    const ofPaces = (name: string, help: string, read: (state: PaceState) => number) =>
      this.#gauge(name, help, ['connection'], (gauge) => {
        for (const [connection, state] of Object.entries(engine.paces())) gauge.set({ connection }, read(state));
      });
    ofPaces('sluice_pace_limit', 'Calls at once that are allowed now', ({ owner, limit }) => (owner ? limit : 0));
    ofPaces('sluice_pace_in_flight', 'Calls open now', ({ inFlight }) => inFlight);
    ofPaces('sluice_pace_owner', '1 where this host owns the pace', ({ owner }) => Number(owner));
    ofPaces('sluice_pace_breaker_open', '1 while the breaker is open', ({ breaker }) => Number(breaker !== 'closed'));
    this.#gauge('sluice_journal_skipped_total', 'Journal entries that were not recorded', [], (gauge) =>
      gauge.set(journalSkipped()),
    );
    this.#gauge('sluice_step_records_skipped_total', 'Inputs and outputs of steps that were not recorded', [], (gauge) =>
      gauge.set(engine.recorder.skipped),
    );
    this.#gauge('sluice_step_records_displaced_total', 'Records that were deleted before their time', [], (gauge) =>
      gauge.set(engine.recorder.displaced),
    );
    this.#gauge('sluice_queue_messages', 'Messages that wait in a queue', ['queue'], async (gauge) => {
      gauge.reset();
      const status = await engine.status().catch(() => undefined);
      for (const { queue, waiting } of status?.queues ?? []) gauge.set({ queue }, waiting);
    });
  }

  /** Both label values are from small sets that senders cannot extend. */
  tokenRefused(entryPoint: string, reason: string): void {
    this.#refusedTokens.inc({ door: entryPoint, reason });
  }

  requestRefused(entryPoint: string, code: string): void {
    this.#refusedRequests.inc({ door: entryPoint, code });
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

  filtered(flow: string): void {
    this.#filtered.inc({ flow });
  }

  hop(flow: string, ms: number, outcome: RunOutcome | undefined): void {
    this.#hops.hop(flow, ms / 1_000, outcome);
  }

  called(call: CallReport): void {
    this.rates.called(call);
    const connection = call.connection ?? call.plugin;
    const { flow, step } = call;
    this.#calls.inc({ connection, flow, step, result: call.error?.code ?? 'ok' });
    this.#callSeconds.observe({ connection, flow, step }, call.ms / 1_000);
    this.#waitSeconds.observe({ connection }, call.waitedMs / 1_000);
  }

  parked(flow: string, error: ErrorView): void {
    this.#parked.inc({ flow, code: error.code });
  }

  #ofPlugins<Kind>(name: string, make: () => Kind): Kind {
    const known = (this.#known.get(name) as Kind | undefined) ?? make();
    this.#known.set(name, known);
    return known;
  }

  #readGauge(name: string, help: string): Map<string, () => number> {
    const reads = new Map<string, () => number>();
    this.#gauge(name, help, ['connection'], (gauge) => {
      for (const [connection, read] of reads) gauge.set({ connection }, read());
    });
    return reads;
  }

  #bounded(type: string): string {
    if (this.#types.size < MAX_TYPES) this.#types.add(type);
    return this.#types.has(type) ? type : 'other';
  }

  /** Creates a gauge that is read at each scrape. */
  #gauge(name: string, help: string, labelNames: readonly string[], read: (gauge: Gauge) => void | Promise<void>): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        await read(this);
      },
    });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }
}
