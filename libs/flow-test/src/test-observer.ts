import type { FlowObserver } from './instrument.js';

/** What the flows of one test have done. */
export class TestObserver implements FlowObserver {
  /** How often each point of each flow was reached, by flow and key. */
  readonly hits = new Map<string, Map<string, number>>();
  /** The calls of the tested flow, by step, in their order: the rendered inputs. */
  readonly calls = new Map<string, unknown[]>();
  readonly #runs = new Set<string>();
  readonly #inputs = new Map<string, unknown>();
  readonly #filtered = new Set<string>();

  /** @param flow name of the tested flow */
  constructor(private readonly flow: string) {}

  hit(flow: string, key: string): void {
    const points = this.hits.get(flow) ?? new Map<string, number>();
    this.hits.set(flow, points);
    points.set(key, (points.get(key) ?? 0) + 1);
  }

  began(flow: string, run: string): void {
    if (flow === this.flow) this.#runs.add(run);
  }

  rendered(run: string, step: string, input: unknown): void {
    this.#inputs.set(`${run}/${step}`, input);
  }

  called(flow: string, step: string, data: unknown): void {
    if (flow === this.flow) this.call(step, data);
  }

  filtered(flow: string, source: string, id: string): void {
    if (flow === this.flow) this.#filtered.add(`${source}\n${id}`);
  }

  /** Adds a call of a step. */
  call(step: string, input: unknown): void {
    const calls = this.calls.get(step) ?? [];
    this.calls.set(step, calls);
    calls.push(input);
  }

  /** Returns whether the run is one of the tested flow, and not of a flow that it calls. */
  isOwn(run: string): boolean {
    return this.#runs.has(run);
  }

  /** Returns the input that a step has rendered last in a run. */
  inputOf(run: string, step: string): unknown {
    return this.#inputs.get(`${run}/${step}`);
  }

  /** Returns whether the flow has not taken the event. */
  isFiltered(source: string, id: string): boolean {
    return this.#filtered.has(`${source}\n${id}`);
  }
}
