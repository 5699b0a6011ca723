import { isDeepStrictEqual } from 'node:util';
import type { Capsule, CapsuleCall } from '@sluice/admin-contract';
import type { Condition, Flow, FlowTest, StepMock } from '@sluice/flow';
import { runFlowTest, type FlowTestInput, type Observed } from '@sluice/flow-test';
import { byStep, callSteps, testOf } from './recorded-test.js';

/** A difference between the calls that a run has made and those that a flow would make. */
export type CallDifference =
  | { readonly kind: 'added' | 'gone'; readonly step: string; readonly input: unknown }
  | { readonly kind: 'changed'; readonly step: string; readonly before: unknown; readonly after: unknown };

/** What a flow would do with the event of a run. */
export interface Preview {
  readonly run: string;
  readonly flow: string;
  readonly differences: readonly CallDifference[];
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Code and message of the error with which the run would end. */
  readonly error?: string;
  /** Steps without a recorded output: the run continues with an empty one there. */
  readonly assumed: readonly string[];
}

export interface PreviewInput extends Omit<FlowTestInput, 'test'> {
  readonly capsule: Capsule;
  /** The flow of the run, as it was then. Absent when it cannot be compiled any more. */
  readonly original: Flow | undefined;
}

/**
 * Runs a flow with the event of a run, without any server: recorded answers stand in for the calls. An output answers each call of its step.
 * An error answers only the call with the same input, unless it was a passing error at which the run was parked, because a replay makes that
 * call again.
 */
export async function preview({ capsule, original, ...input }: PreviewInput): Promise<Preview> {
  const { flow } = input;
  const then = original && (await observe({ ...input, flow: original }, capsule, 'recorded'));
  const now = await observe(input, capsule, 'replayed');
  const recorded = callsOf(capsule, flow);
  // values that differ from run to run, such as times, are equal in two runs on one virtual clock
  const before = then && isSameCourse(then.observed.calls, recorded) ? then.observed.calls : recorded;
  const last = now.observed.runs.at(-1);
  const error = last?.error;
  return {
    run: capsule.run,
    flow: flow.name,
    differences: differencesOf(before, now.observed.calls),
    before: capsule.outcome,
    after: last?.outcome,
    ...(error && { error: `${error.code} ${error.message}` }),
    assumed: now.assumed,
  };
}

type Calls = Readonly<Record<string, readonly unknown[]>>;

async function observe(
  input: Omit<FlowTestInput, 'test'>,
  capsule: Capsule,
  how: 'recorded' | 'replayed',
): Promise<{ readonly observed: Observed; readonly assumed: readonly string[] }> {
  const assumed = new Set<string>();
  const { observed } = await runFlowTest({
    ...input,
    test: testOfCapsule(capsule, input.flow, how, (step) => void assumed.add(step)),
  });
  return { observed, assumed: [...assumed] };
}

function testOfCapsule(capsule: Capsule, flow: Flow, how: 'recorded' | 'replayed', assume: (step: string) => void): FlowTest {
  const { trigger, now } = testOf(capsule, undefined);
  const { location } = flow;
  const made = byStep(capsule.calls);
  const mocks = callSteps(flow).map((step) => {
    const calls = made.get(step) ?? [];
    const kept = capsule.steps[step];
    const outputs =
      calls.length === 0 && kept !== undefined ? [kept] : calls.flatMap((call) => ('output' in call ? [call.output] : []));
    const answers = calls.flatMap((call) => answerOf(call, capsule, how, location));
    const others = outputs.map((output, index) => ({
      location,
      afterMs: 0,
      ...(index < outputs.length - 1 && { times: 1 }),
      answer: { kind: 'output' as const, output },
    }));
    const empty: StepMock = {
      location,
      when: alwaysReporting(() => assume(step)),
      afterMs: 0,
      answer: { kind: 'output', output: {} },
    };
    return [step, [...answers, ...(others.length > 0 ? others : [empty])]] as const;
  });
  return {
    name: capsule.run,
    location,
    ...(now !== undefined && { nowMs: Date.parse(now) }),
    env: {},
    triggers: [{ atMs: 0, event: trigger }],
    mocks: new Map(mocks),
  };
}

/** Returns the mock that repeats an answer for the same input; nothing for an answer that is not known or that need not come again. */
function answerOf(
  call: CapsuleCall,
  capsule: Capsule,
  how: 'recorded' | 'replayed',
  location: StepMock['location'],
): readonly StepMock[] {
  const { error, input } = call;
  const when = sameInput(input);
  if (!error) return 'output' in call ? [{ location, when, afterMs: 0, answer: { kind: 'output', output: call.output } }] : [];
  if (how === 'replayed' && isTriedAgain(call, capsule)) return [];
  // without an end, the preview would wait for a system that stays unavailable
  const fate = error.fate === 'unavailable' || error.fate === 'overload' ? 'rejected' : error.fate;
  return [{ location, when, afterMs: 0, answer: { kind: 'error', error: { ...error, fate } } }];
}

/** Returns whether the run was parked at this call with an error that may have passed: a replay makes the call again. */
function isTriedAgain({ step, error }: CapsuleCall, { outcome, error: end }: Capsule): boolean {
  const fails =
    outcome === 'parked' && end?.code === error?.code && (end?.step === undefined || end.step === step.split('/', 1)[0]);
  return fails && error?.fate !== 'rejected' && error?.fate !== 'fatal';
}

function sameInput(recorded: unknown): Condition {
  return { test: (scope) => isDeepStrictEqual(asJson((scope as { readonly with?: unknown }).with), recorded) };
}

function alwaysReporting(report: () => void): Condition {
  return {
    test: () => {
      report();
      return true;
    },
  };
}

/** Returns the value as a capsule has it. */
function asJson(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function callsOf({ calls }: Capsule, flow: Flow): Calls {
  const steps = new Set(callSteps(flow));
  const made = [...byStep(calls)].filter(([, [first]]) => first?.use !== undefined || steps.has(first?.step ?? ''));
  return Object.fromEntries(made.map(([step, each]) => [step, each.map(({ input }) => input)]));
}

function isSameCourse(a: Calls, b: Calls): boolean {
  const counts = (calls: Calls) => Object.entries(calls).map(([step, { length }]) => [step, length] as const);
  const sorted = (calls: Calls) =>
    counts(calls)
      .filter(([, length]) => length > 0)
      .sort(([one], [other]) => (one < other ? -1 : 1));
  return isDeepStrictEqual(sorted(a), sorted(b));
}

function differencesOf(before: Calls, after: Calls): readonly CallDifference[] {
  const steps = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return steps.flatMap((step) => {
    const [old = [], fresh = []] = [before[step], after[step]];
    return Array.from({ length: Math.max(old.length, fresh.length) }, (_, index): readonly CallDifference[] => {
      const [a, b] = [old[index], asJson(fresh[index])];
      if (index >= old.length) return [{ kind: 'added', step, input: b }];
      if (index >= fresh.length) return [{ kind: 'gone', step, input: a }];
      return isDeepStrictEqual(asJson(a), b) ? [] : [{ kind: 'changed', step, before: a, after: b }];
    }).flat();
  });
}
