import { SecretFields } from '@sluice/engine';
import type { RunOutcome, Flow, StepMock, Workspace } from '@sluice/flow';
import type { AnyPlugin, ErrorView, EventAttributes, Reply } from '@sluice/plugin-api';
import type { z } from 'zod';
import type { ClosedConnection } from './compare.js';
import { observeRun } from './run-flow-test.js';
import { Trace, type TracedStep } from './trace.js';
import type { RunWatch, WatchedCall } from './watch.js';

/** An event for a dry run. What is absent is filled in, as for a test of a flow. */
export interface DryRunInput {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly flow: Flow;
  /** Attributes of the event, and `data`. */
  readonly event: Readonly<Record<string, unknown>>;
  /** The mocks of the steps, by id. A call without a mock succeeds with `{}`. */
  readonly mocks: ReadonlyMap<string, readonly StepMock[]>;
  /** The virtual time at the start, in milliseconds since 1970. Default: as for a test. */
  readonly nowMs?: number;
  /** Receives the values of secret fields of inputs and outputs, so that their copies can be masked as well. */
  readonly secrets?: Set<string>;
}

export interface DryRunResult {
  /** The attributes of the event, those included that were filled in. */
  readonly event: EventAttributes;
  /** `filtered`: the condition `trigger.where` was false. `unfinished`: the signal has fired, a year of virtual time has passed, or 300,000 timers have. */
  readonly outcome: RunOutcome | 'filtered' | 'unfinished';
  readonly error?: ErrorView;
  readonly steps: readonly TracedStep[];
  /** Steps of the handler of the flow. */
  readonly catch: readonly TracedStep[];
  /** Number of steps that the trace does not contain because of its limit. */
  readonly omitted: number;
  /** The events that the run has emitted, as CloudEvents. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** The answer to the sender of the event. Absent when no step has replied. */
  readonly reply?: Reply;
  /** Virtual milliseconds from the acceptance of the event to the end of the run. */
  readonly tookMs?: number;
  /** Virtual milliseconds of the observation. */
  readonly passedMs: number;
  /** Of an unfinished run: the connections into which no call could begin at its end. */
  readonly closed: readonly ClosedConnection[];
}

/**
 * Runs a flow on one event, on the engine of production with everything in memory and a virtual clock, and returns each of its steps. No
 * call leaves the process, except those that `watch.live` makes.
 */
export async function dryRun(input: DryRunInput, watch: Pick<RunWatch, 'live' | 'step' | 'signal'> = {}): Promise<DryRunResult> {
  const { workspace, flow, event, mocks, nowMs, secrets = new Set() } = input;
  const mask = masker(input.plugins, secrets);
  const { name, location } = flow;
  const triggers = [{ atMs: 0, event }];
  const test = { name, location, env: {}, triggers, mocks, ...(nowMs !== undefined && { nowMs }) };
  const trace = new Trace(flow, workspace.flows);
  let accepted: EventAttributes | undefined;
  const observed = await observeRun(
    { ...input, test },
    {
      ...watch,
      accepted: (run, attributes, at) => {
        accepted = attributes;
        trace.accepted(run, at);
      },
      step: (report, at) => {
        trace.step(report, at);
        watch.step?.(report, at);
      },
      called: (call, at) => trace.called({ ...call, input: mask(call, 'input', call.input) }, at),
      answered: (call, answer, at) => {
        if ('output' in answer) mask(call, 'output', answer.output);
        trace.answered(call, answer, at);
      },
    },
  );
  const [run] = observed.runs;
  if (!run || !accepted) throw new Error(`the event was not delivered to ${name}`);
  const { events, tookMs, passedMs, closed } = observed;
  return {
    event: accepted,
    outcome: (run.outcome ?? 'unfinished') as DryRunResult['outcome'],
    ...(run.error && { error: run.error }),
    ...trace.finish({ events, reply: run.reply }),
    omitted: trace.omitted,
    events,
    ...(tookMs !== undefined && { tookMs }),
    passedMs,
    closed,
  };
}

/** Returns the function that masks the secret fields of an input or an output by the schema of its action, and collects their values. */
function masker(plugins: DryRunInput['plugins'], secrets: Set<string>) {
  return ({ target }: WatchedCall, io: 'input' | 'output', value: unknown): unknown => {
    const action = target && plugins.get(target.plugin)?.actions[target.action];
    const fields = action && SecretFields.of(action[io] as z.ZodType, io);
    fields?.collect(value, secrets);
    return fields ? fields.masked(value) : value;
  };
}
