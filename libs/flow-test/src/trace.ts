import { stepIdOf, type StepReport } from '@sluice/engine';
import { readValues, type Flow, type ReadValue, type Scope, type Step } from '@sluice/flow';
import { derivedId, runId, viewError, type ErrorView, type Reply } from '@sluice/plugin-api';
import type { CallTarget, WatchedAnswer, WatchedCall } from './watch.js';

/** Maximum steps of a trace. A loop may have many more; further steps are counted. */
export const MAX_TRACED_STEPS = 10_000;

/** One attempt of a call. Times are virtual milliseconds from the acceptance of the event. */
export interface TracedAttempt {
  readonly at: number;
  readonly target?: CallTarget;
  endedAt?: number;
  error?: ErrorView;
}

/** One execution of a step. Times are virtual milliseconds from the acceptance of the event. */
export interface TracedStep {
  readonly step: string;
  readonly verb: Step['verb'];
  readonly at: number;
  endedAt?: number;
  /** `replaced`: the call has failed, and its output is that of `onError`. `waiting`: it had not ended when the dry run ended. */
  state: 'done' | 'skipped' | 'failed' | 'replaced' | 'waiting';
  /** The condition `if` of a skipped step, and the values that it has read. */
  condition?: { readonly source: string; readonly values: readonly ReadValue[] };
  /** The rendered input of a call, the data of a called flow, the event of an `emit`, the reply. */
  input?: unknown;
  output?: unknown;
  error?: ErrorView;
  readonly attempts: TracedAttempt[];
  readonly blocks: TracedBlock[];
}

/** Steps that run within another one. */
export interface TracedBlock {
  readonly kind: 'item' | 'case' | 'otherwise' | 'try' | 'catch' | 'flow';
  /** The index of the item or of the case. */
  readonly index?: number;
  /** The name of the called flow. */
  readonly flow?: string;
  readonly steps: TracedStep[];
}

/** The static place of a step: the list that contains it. */
interface Position {
  readonly step: Step;
  readonly parent?: {
    readonly id: string;
    readonly kind: 'item' | 'case' | 'otherwise' | 'try' | 'catch';
    readonly index?: number;
  };
}

interface TracedRun {
  readonly positions: ReadonlyMap<string, Position>;
  readonly steps: TracedStep[];
  readonly handler: TracedStep[];
  readonly byPath: Map<string, TracedStep>;
}

/** Collects the reports of a run, and of the runs that it calls, as a tree of steps. */
export class Trace {
  readonly #runs = new Map<string, TracedRun>();
  /** By the id that the run of the called flow will have. */
  readonly #callers = new Map<string, TracedStep>();
  /** By the id of the call. */
  readonly #attempts = new Map<string, TracedAttempt>();
  #scope: Scope | undefined;
  #count = 0;

  #root = '';
  #acceptedAt = 0;

  /**
   * @param flow the flow that receives the event
   * @param flows the flows that it may call
   */
  constructor(
    private readonly flow: Flow,
    private readonly flows: readonly Flow[],
  ) {}

  /** Number of steps beyond {@link MAX_TRACED_STEPS}, which the trace does not contain. */
  get omitted(): number {
    return Math.max(0, this.#count - MAX_TRACED_STEPS);
  }

  /** Begins the trace. Its times count from this virtual time. */
  accepted(run: string, at: number): void {
    this.#root = run;
    this.#acceptedAt = at;
  }

  step(report: StepReport, now: number): void {
    const at = this.#since(now);
    if (report.kind === 'begun') return this.#begin(report, report.scope, at);
    const traced = this.#find(report.run, report.path);
    if (!traced) return;
    traced.endedAt = at;
    switch (report.kind) {
      case 'skipped':
        traced.state = 'skipped';
        traced.condition = this.#condition(report);
        break;
      case 'ended':
        traced.state = report.error ? 'replaced' : 'done';
        traced.output = report.output;
        if (report.error) traced.error = report.error;
        break;
      case 'failed':
        traced.state = 'failed';
        traced.error = report.error;
    }
  }

  called(call: WatchedCall, now: number): void {
    const traced = this.#ofCall(call);
    if (!traced) return;
    const attempt: TracedAttempt = { at: this.#since(now), ...(call.target && { target: call.target }) };
    traced.input ??= call.input;
    traced.attempts.push(attempt);
    this.#attempts.set(call.id, attempt);
  }

  answered({ id }: WatchedCall, answer: WatchedAnswer, now: number): void {
    const attempt = this.#attempts.get(id);
    this.#attempts.delete(id);
    if (!attempt) return;
    attempt.endedAt = this.#since(now);
    if ('error' in answer) attempt.error = viewError(answer.error);
  }

  /**
   * Returns the steps of the flow and of its handler. Call it after the run has ended.
   *
   * @param seen the events and the reply that the run has published
   */
  finish(seen: { readonly events: DryRunEvents; readonly reply: Reply | undefined }): {
    readonly steps: readonly TracedStep[];
    readonly catch: readonly TracedStep[];
    readonly reply?: Reply;
  } {
    const events = new Map(seen.events.map((event) => [event['id'], event]));
    for (const { steps, handler, byPath } of this.#runs.values()) {
      for (const step of [...steps, ...handler]) settle(step);
      for (const step of byPath.values()) if (step.verb === 'emit') step.input = events.get(idOf(step.output));
    }
    const root = this.#runs.get(this.#root);
    const replied = [...(root?.byPath.values() ?? [])].find(({ verb, state }) => verb === 'reply' && state === 'done');
    if (replied && seen.reply) replied.input = seen.reply;
    return { steps: root?.steps ?? [], catch: root?.handler ?? [], ...(replied && seen.reply && { reply: seen.reply }) };
  }

  #begin({ run, flow, path }: StepReport, scope: Scope, at: number): void {
    this.#scope = scope;
    const of = this.#run(run, flow);
    const position = of?.positions.get(stepIdOf(path));
    // a hop that a redelivery repeats begins its steps again
    if (!of || !position || (of.byPath.has(path) && of.byPath.get(path)?.state === 'waiting')) return;
    if (++this.#count > MAX_TRACED_STEPS) return;
    const { step, parent } = position;
    const traced: TracedStep = { step: step.id, verb: step.verb, at, state: 'waiting', attempts: [], blocks: [] };
    const list = parent ? this.#listIn(of, path, parent) : of.steps;
    if (!list) return;
    const caller = this.#callers.get(run);
    if (caller && list === of.handler && list.length === 0) caller.blocks.push({ kind: 'catch', steps: list });
    of.byPath.set(path, traced);
    list.push(traced);
    if (caller && caller.input === undefined) caller.input = scope.trigger?.['data'];
    if (step.verb === 'call') this.#callers.set(runId(`/flows/${flow}`, derivedId(run, path, 'call'), step.flow), traced);
  }

  #run(run: string, name: string): TracedRun | undefined {
    const known = this.#runs.get(run);
    if (known) return known;
    const flow = run === this.#root ? this.flow : this.flows.find((one) => one.name === name);
    const caller = this.#callers.get(run);
    if (!flow || (run !== this.#root && !caller)) return undefined;
    const made: TracedRun = { positions: positionsOf(flow), steps: [], handler: [], byPath: new Map() };
    this.#runs.set(run, made);
    caller?.blocks.push({ kind: 'flow', flow: name, steps: made.steps });
    return made;
  }

  /** Returns the list of steps within the block, for the current items of the path. */
  #listIn(run: TracedRun, path: string, { id, kind, index }: NonNullable<Position['parent']>): TracedStep[] | undefined {
    if (id === HANDLER) return run.handler;
    const indices = path.split('/').slice(1);
    const item = kind === 'item' ? Number(indices.pop()) : index;
    const parent = run.byPath.get([id, ...indices].join('/'));
    if (!parent) return undefined;
    const known = parent.blocks.findLast((block) => block.kind === kind && block.index === item);
    if (known) return known.steps;
    const block: TracedBlock = { kind, ...(item !== undefined && { index: item }), steps: [] };
    parent.blocks.push(block);
    return block.steps;
  }

  #condition({ run, path }: StepReport): NonNullable<TracedStep['condition']> {
    const source = this.#runs.get(run)?.positions.get(stepIdOf(path))?.step.if?.source ?? 'false';
    return { source, values: this.#scope ? readValues(source, this.#scope) : [] };
  }

  #find(run: string, path: string): TracedStep | undefined {
    return this.#runs.get(run)?.byPath.get(path);
  }

  #ofCall({ id }: WatchedCall): TracedStep | undefined {
    const slash = id.indexOf('/');
    return this.#find(id.slice(0, slash), id.slice(slash + 1));
  }

  #since(now: number): number {
    return now - this.#acceptedAt;
  }
}

type DryRunEvents = readonly Readonly<Record<string, unknown>>[];

/** Stands for the handler of the flow where the id of a block is expected. */
const HANDLER = '';

function positionsOf(flow: Flow): ReadonlyMap<string, Position> {
  const found = new Map<string, Position>();
  const add = (steps: readonly Step[], parent?: Position['parent']): void => {
    for (const step of steps) {
      found.set(step.id, { step, ...(parent && { parent }) });
      const { id } = step;
      if (step.verb === 'forEach') add(step.steps, { id, kind: 'item' });
      if (step.verb === 'switch') {
        step.cases.forEach((one, index) => add(one.steps, { id, kind: 'case', index }));
        add(step.otherwise, { id, kind: 'otherwise' });
      }
      if (step.verb === 'try') {
        add(step.steps, { id, kind: 'try' });
        add(step.catch, { id, kind: 'catch' });
      }
    }
  };
  add(flow.steps);
  add(flow.catch ?? [], { id: HANDLER, kind: 'catch' });
  return found;
}

/** Sets the state of steps whose end is not reported: those without an output. */
function settle(step: TracedStep): void {
  for (const { steps } of step.blocks) steps.forEach(settle);
  if (step.state !== 'waiting') return;
  const last = step.blocks.at(-1)?.steps.at(-1);
  if (step.verb === 'reply' || step.verb === 'stop') step.state = 'done';
  else if (step.verb === 'switch' || step.verb === 'try') {
    step.state = last === undefined || last.state === 'skipped' || last.state === 'replaced' ? 'done' : last.state;
    if (last?.endedAt !== undefined) step.endedAt = last.endedAt;
  }
}

/** Returns the id of the event in the output of an `emit`. */
function idOf(output: unknown): unknown {
  return (output as { readonly id?: string } | undefined)?.id;
}
