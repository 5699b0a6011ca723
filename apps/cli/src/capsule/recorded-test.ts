import type { Capsule, CapsuleCall } from '@sluice/admin-contract';
import { stepsIn, type Flow } from '@sluice/flow';
import type { Observed } from '@sluice/flow-test';

type Value = Readonly<Record<string, unknown>>;
type CapsuleError = NonNullable<CapsuleCall['error']>;

/** A test of a flow, as its YAML has it. */
export interface RecordedTest {
  readonly name: string;
  readonly now?: string;
  readonly trigger: Value;
  readonly mocks?: Value;
  readonly expect: Value;
}

/** The attributes of an event that a test can set. */
const ATTRIBUTES = [
  'id',
  'source',
  'type',
  'subject',
  'time',
  'correlationid',
  'partitionkey',
  'traceparent',
  'authid',
  'meta',
] as const;
/** The call is cut by the timeout of its step before this time has passed. */
const NEVER = '300d';

/** Returns the test that repeats a run: its event, its answers as mocks, and what it did as expectations. */
export function testOf(capsule: Capsule, flow: Flow | undefined): RecordedTest {
  const { run, event, startedAt, outcome = 'unknown', calls, emitted, reply, error } = capsule;
  const made = byStep(calls.filter(({ step }) => flow === undefined || isCall(flow, step)));
  const isFull = capsule.recorded === 'full';
  const uncalled = flow && isFull ? callSteps(flow).filter((step) => !made.has(step)) : [];
  const mocks = mocksOf(made, flow ? unrecordedOutputs(capsule, flow, made) : {});
  return {
    name: `${nameOfRun(run)}${startedAt === undefined ? '' : ` of ${startedAt.slice(0, 10)}`} ends as ${outcome}`,
    ...(startedAt !== undefined && { now: startedAt }),
    trigger: triggerOf(event),
    ...(Object.keys(mocks).length > 0 && { mocks }),
    expect: {
      ...(capsule.outcome !== undefined && { outcome: capsule.outcome }),
      ...(error && { error: { code: error.code, message: error.message } }),
      ...(isFull && { calls: { ...inputsOf(made), ...Object.fromEntries(uncalled.map((step) => [step, []])) } }),
      ...(isFull && { events: emitted.map((one) => one.event) }),
      ...(reply && { reply: replyOf(reply) }),
    },
  };
}

/** Returns the beginning of the name of a test of a run. */
export function nameOfRun(run: string): string {
  return `run ${run.slice(0, 8)}`;
}

/** A part of an expectation that the flow does not meet when it runs offline. */
export interface Difference {
  readonly path: string;
  readonly recorded: unknown;
  readonly offline: unknown;
}

/**
 * Returns the test without the expectations that the flow does not meet offline, such as a time in an input. The outcome always stays.
 */
export function withoutDifferences(
  test: RecordedTest,
  observed: Observed,
): { readonly test: RecordedTest; readonly differences: readonly Difference[] } {
  const last = observed.runs.at(-1);
  const differences: Difference[] = [];
  const { outcome, calls, ...rest } = test.expect;
  const seen: Value = { ...last, events: observed.events };
  const kept = keptIn(rest, seen, '', differences) as Value;
  const keptCalls = Object.entries((calls ?? {}) as Value).flatMap(([step, expected]) => {
    const inputs = observed.calls[step] ?? [];
    const actual = Array.isArray(expected) || inputs.length !== 1 ? inputs : inputs[0];
    const value = keptIn(expected, actual, `calls.${step}`, differences);
    return value === NOTHING ? [] : [[step, value] as const];
  });
  if (outcome !== undefined && outcome !== last?.outcome)
    differences.push({ path: 'outcome', recorded: outcome, offline: last?.outcome });
  const expect = {
    ...(outcome !== undefined && { outcome }),
    ...kept,
    ...(keptCalls.length > 0 && { calls: Object.fromEntries(keptCalls) }),
  };
  return { test: { ...test, expect }, differences };
}

const NOTHING = Symbol('nothing');

/** Returns the parts of an expectation that are met; NOTHING when the flow meets no part. */
function keptIn(expected: unknown, actual: unknown, path: string, differences: Difference[]): unknown {
  const below = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    const items = expected.map((item: unknown, index) => keptIn(item, actual[index], below(index), differences));
    // an entry without an expectation still counts for the length of the list
    return items.every((item, index) => item !== NOTHING || isMap(expected[index]))
      ? items.map((item) => (item === NOTHING ? {} : item))
      : NOTHING;
  }
  if (isMap(expected) && isMap(actual)) {
    const entries = Object.entries(expected).map(
      ([key, item]) =>
        [key, keptIn(item, Object.hasOwn(actual, key) ? actual[key] : undefined, below(key), differences)] as const,
    );
    const kept = entries.filter(([, item]) => item !== NOTHING);
    return kept.length === 0 && entries.length > 0 ? NOTHING : Object.fromEntries(kept);
  }
  if (expected === actual) return expected;
  differences.push({ path, recorded: expected, offline: actual });
  return NOTHING;
}

function isMap(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function triggerOf(event: Capsule['event']): Value {
  if (!event) return {};
  const attributes = ATTRIBUTES.flatMap((name) => (event[name] === undefined ? [] : [[name, event[name]] as const]));
  return { ...Object.fromEntries(attributes), ...('data' in event && { data: event.data }) };
}

function mocksOf(made: ReadonlyMap<string, readonly CapsuleCall[]>, others: Value): Value {
  const mocks = [...made].map(
    ([step, calls]) => [step, calls.flatMap((call, index) => answersOf(call, index === calls.length - 1))] as const,
  );
  const some = mocks
    .filter(([, answers]) => answers.length > 0)
    .map(([step, answers]) => [step, answers.length === 1 ? answers[0] : answers]);
  return { ...others, ...(Object.fromEntries(some) as Value) };
}

/** Returns the mocks of one call: one for each attempt that failed, and one for the last. */
function answersOf({ earlier, error, output, ...call }: CapsuleCall, isLast: boolean): readonly Value[] {
  const once = isLast ? {} : { times: 1 };
  if (error?.code === 'STEP_TIMEOUT') return [{ output: {}, after: NEVER, ...once }];
  const failed = earlier.map((one) => ({ error: errorOf(one), times: 1 }));
  if (error) return [...failed, { error: errorOf(error), ...(isTransient(error) && isLast ? {} : once) }];
  return 'output' in call || output !== undefined ? [...failed, { output, ...once }] : failed;
}

function isTransient({ fate }: CapsuleError): boolean {
  return fate !== 'rejected' && fate !== 'fatal';
}

function errorOf({ code, fate, message, details }: CapsuleError): Value {
  return { code, fate, message, ...(details !== undefined && { details }) };
}

function inputsOf(made: ReadonlyMap<string, readonly CapsuleCall[]>): Value {
  const inputs = [...made].flatMap(([step, calls]) => {
    if (calls.some((call) => call.input === undefined)) return [];
    const [first] = calls;
    const isOne = calls.length === 1 && isMap(first?.input);
    return [[step, isOne ? first?.input : calls.map(({ input }) => input)] as const];
  });
  return Object.fromEntries(inputs);
}

function replyOf({ status, data }: Value): Value {
  return { ...(status !== undefined && { status }), ...(data !== undefined && { data }) };
}

/** Returns mocks of calls whose inputs are not recorded: a parked run has the outputs of its steps. */
function unrecordedOutputs({ steps }: Capsule, flow: Flow, made: ReadonlyMap<string, unknown>): Value {
  const found = callSteps(flow).filter((step) => !made.has(step) && Object.hasOwn(steps, step));
  return Object.fromEntries(found.map((step) => [step, { output: steps[step] }]));
}

/** Returns the calls by id of the step, in their order. */
export function byStep(calls: readonly CapsuleCall[]): ReadonlyMap<string, readonly CapsuleCall[]> {
  const found = new Map<string, CapsuleCall[]>();
  for (const call of calls) {
    const id = call.step.split('/', 1)[0] ?? '';
    const same = found.get(id);
    if (same) same.push(call);
    else found.set(id, [call]);
  }
  return found;
}

/** Returns the ids of the steps that call an action or a flow. */
export function callSteps({ steps, catch: handler = [] }: Flow): readonly string[] {
  return [...stepsIn([...steps, ...handler])].filter(({ verb }) => verb === 'use' || verb === 'call').map(({ id }) => id);
}

function isCall(flow: Flow, path: string): boolean {
  return callSteps(flow).includes(path.split('/', 1)[0] ?? '');
}
