import type { RunOutcome } from '@sluice/flow';
import { Counter, type Histogram, type Registry } from 'prom-client';

const HOP_SECONDS = 'sluice_hop_seconds';

/**
 * Metrics that are updated up to ten thousand times per second. prom-client looks up the labels at each observation, which costs as much
 * as all expressions of a hop; here they are looked up once per scrape.
 */
export class HopMetrics {
  readonly #flows = new Map<string, FlowTally>();

  constructor(
    registry: Registry,
    private readonly bounds: readonly number[],
  ) {
    new Counter({
      name: 'sluice_runs_total',
      help: 'Runs that ended, by outcome',
      labelNames: ['flow', 'outcome'],
      registers: [registry],
      collect: runsOf(this.#flows),
    });
    // the registry reads only the name of a metric and calls `get`
    registry.registerMetric({ name: HOP_SECONDS, get: () => Promise.resolve(this.#seconds()) } as unknown as Histogram);
  }

  hop(flow: string, seconds: number, outcome: RunOutcome | undefined): void {
    let tally = this.#flows.get(flow);
    if (!tally) this.#flows.set(flow, (tally = new FlowTally(this.bounds)));
    tally.observe(seconds, outcome);
  }

  /** Returns the metric in the format of https://prometheus.io/docs/instrumenting/exposition_formats/: buckets are cumulative, the last counts all. */
  #seconds(): object {
    const values = [...this.#flows].flatMap(([flow, tally]) => tally.values(flow));
    const help = 'From taking a message of a flow to its acknowledgement';
    return { name: HOP_SECONDS, help, type: 'histogram', values, aggregator: 'sum' };
  }
}

interface Sample {
  readonly metricName: string;
  readonly labels: { readonly flow: string; readonly le?: number | string };
  readonly value: number;
}

function runsOf(flows: ReadonlyMap<string, FlowTally>) {
  return function collect(this: Counter<'flow' | 'outcome'>): void {
    this.reset();
    for (const [flow, { outcomes }] of flows) for (const [outcome, runs] of outcomes) this.inc({ flow, outcome }, runs);
  };
}

class FlowTally {
  readonly outcomes = new Map<RunOutcome, number>();
  /** Number of hops in each bucket; hops beyond the last bound are counted only in `#count`. */
  readonly #buckets: number[];
  #count = 0;
  #sum = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.#buckets = bounds.map(() => 0);
  }

  observe(seconds: number, outcome: RunOutcome | undefined): void {
    this.#count += 1;
    this.#sum += seconds;
    const bucket = this.bounds.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    if (outcome) this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  values(flow: string): Sample[] {
    let below = 0;
    const buckets = this.bounds.map((le, index) => {
      below += this.#buckets[index] ?? 0;
      return { metricName: `${HOP_SECONDS}_bucket`, labels: { flow, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${HOP_SECONDS}_bucket`, labels: { flow, le: '+Inf' }, value: this.#count },
      { metricName: `${HOP_SECONDS}_sum`, labels: { flow }, value: this.#sum },
      { metricName: `${HOP_SECONDS}_count`, labels: { flow }, value: this.#count },
    ];
  }
}
