import { parseDuration, type ErrorView, type Reply } from '@sluice/plugin-api';
import type { Expectation, Flow, FlowTest, Scope, SourceLocation, StepMock } from '@sluice/flow';
import { differences, MAX_DIFFERENCES, shown, type Mismatch, type Path } from './matching.js';

/** The outcome of one run with its reply, its error and the outputs of its steps. */
export interface ObservedRun {
  /** Undefined: the run has not ended. */
  readonly outcome: string | undefined;
  readonly reply: Reply | undefined;
  readonly error: ErrorView | undefined;
  readonly steps: Readonly<Record<string, unknown>>;
}

/** The runs of a test with their calls, events and times. */
export interface Observed {
  /** In the order of the events in the test. */
  readonly runs: readonly ObservedRun[];
  /** The inputs of the calls by step. */
  readonly calls: Readonly<Record<string, readonly unknown[]>>;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** Milliseconds from the acceptance of the first event to the end of the last run; undefined when a run has not ended. */
  readonly tookMs: number | undefined;
  /** Virtual milliseconds of the test. */
  readonly passedMs: number;
  /** The connections that were closed for calls when the observation ended before a run; empty when all runs have ended. */
  readonly closed: readonly ClosedConnection[];
}

/** A connection into which no call can begin. */
export interface ClosedConnection {
  readonly connection: string;
  /** The reason, for people. */
  readonly because: string;
}

export interface Comparison {
  readonly flow: Flow;
  readonly test: FlowTest;
  readonly observed: Observed;
  /** Mocks that no call has used. */
  readonly unused: readonly StepMock[];
  readonly context: Scope['context'];
}

/** Expectations of each run: a list has one entry for each event, another value is about the run of the last event. */
const OF_RUNS = ['outcome', 'reply', 'error', 'steps'] as const;

const NO_RUN: ObservedRun = { outcome: undefined, reply: undefined, error: undefined, steps: {} };

/** Compares the observed runs of a test with its expectations. Never rejects. */
export async function compare(comparison: Comparison): Promise<readonly Mismatch[]> {
  const { test, observed, unused } = comparison;
  const { expect, location } = test;
  if (!expect || (expect.that.length === 0 && Object.entries(expect.value).every(isUnconditional)))
    return [{ code: 'TEST_EMPTY', location, message: 'this test expects nothing' }];
  const found = new Differences(expect);
  compareRuns(expect, observed, found);
  compareCalls(expect, observed, found);
  const { events, took } = expect.value;
  if (events !== undefined) found.check(events, observed.events, ['events']);
  if (typeof took === 'string') compareDuration(took, observed, found);
  const mismatches: Mismatch[] = [...endlessRun(comparison), ...found.list, ...(await checkConditions(expect, comparison))];
  for (const mock of unused)
    mismatches.push({ code: 'TEST_MOCK', location: mock.location, message: 'no call has matched this mock' });
  return mismatches.length === 0 ? [] : [...mismatches, ...unexpectedErrors(expect, observed, location)];
}

/** Returns whether an expectation holds for any run: `calls` and `steps` that name no step, also in a list with one entry for each event. */
function isUnconditional([key, value]: readonly [string, unknown]): boolean {
  if (key !== 'calls' && key !== 'steps') return false;
  return (Array.isArray(value) ? value : [value]).every((one: unknown) => Object.keys(one ?? {}).length === 0);
}

/** Collects the differences of one test, at the places of the expectations. */
class Differences {
  readonly list: Mismatch[] = [];

  constructor(private readonly expect: Expectation) {}

  check(expected: unknown, actual: unknown, path: Path): void {
    for (const { path: at, ...difference } of differences(expected, actual, path)) this.#add(at, difference);
  }

  add(path: Path, message: string): void {
    this.#add(path, { message });
  }

  #add(path: Path, difference: Pick<Mismatch, 'message' | 'entries'>): void {
    if (this.list.length >= MAX_DIFFERENCES) return;
    this.list.push({ code: 'TEST_FAILED', location: this.expect.locate(path), ...difference });
  }
}

function compareRuns({ value }: Expectation, { runs }: Observed, found: Differences): void {
  const last = runs.at(-1) ?? NO_RUN;
  for (const key of OF_RUNS) {
    const expected = value[key];
    if (expected === undefined) continue;
    if (Array.isArray(expected))
      found.check(
        expected,
        runs.map((run) => run[key]),
        [key],
      );
    else found.check(expected, last[key], [key]);
  }
}

function compareCalls({ value }: Expectation, { calls }: Observed, found: Differences): void {
  for (const [step, expected] of Object.entries((value['calls'] ?? {}) as Readonly<Record<string, unknown>>)) {
    const made = calls[step] ?? [];
    const path = ['calls', step];
    if (Array.isArray(expected)) found.check(expected, made, path);
    else if (made.length === 1) found.check(expected, made[0], path);
    else found.add(path, `${step} was called ${made.length} times, not once: ${shown(made)}`);
  }
}

function compareDuration(took: string, { tookMs }: Observed, found: Differences): void {
  const expectedMs = parseDuration(took);
  if (tookMs === undefined) found.add(['took'], `took is unknown, because the run has not ended, not ${took}`);
  else if (tookMs !== expectedMs) found.add(['took'], `took is ${durationOf(tookMs)}, not ${took}`);
}

async function checkConditions({ that }: Expectation, { observed, context }: Comparison): Promise<readonly Mismatch[]> {
  const { calls, events, runs } = observed;
  const scope = { vars: {}, env: {}, context, calls, events, ...(runs.at(-1) ?? NO_RUN) };
  const mismatches: Mismatch[] = [];
  for (const { condition, source, location } of that) {
    const message = await problemOf(async () => condition.test(scope));
    if (message !== undefined) mismatches.push({ code: 'TEST_FAILED', location, message: `${source} ${message}` });
  }
  return mismatches;
}

async function problemOf(test: () => Promise<boolean>): Promise<string | undefined> {
  try {
    return (await test()) ? undefined : 'is false';
  } catch (error) {
    return `cannot be evaluated: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Returns the mismatch of a run that has not ended. */
function endlessRun({
  test: { location, triggers },
  observed: { runs, tookMs, passedMs, closed },
}: Comparison): readonly Mismatch[] {
  if (tookMs !== undefined) return [];
  const passed = `${Math.floor(passedMs / HOUR_MS)} h of virtual time`;
  const [first] = closed;
  const waits = first ? `: it waits for ${first.connection}: ${first.because}` : '';
  const message =
    runs.length === 0
      ? `no run has begun after ${passed}`
      : runs.length < triggers.length
        ? `the test ended after ${passed}, before ${triggers.length - runs.length} of its ${triggers.length} events`
        : `the run has not ended after ${passed}${waits}`;
  return [{ code: 'TEST_ENDLESS', location, message }];
}

/** Returns the errors of runs that failed although the test expects no error. */
function unexpectedErrors({ value }: Expectation, { runs }: Observed, location: SourceLocation): readonly Mismatch[] {
  if (value['error'] !== undefined) return [];
  return runs.flatMap(({ outcome, error }) =>
    error === undefined || outcome === 'duplicate'
      ? []
      : [{ code: 'TEST_FAILED', location, message: `the run was ${outcome}: ${error.code} ${error.message}` } as const],
  );
}

const HOUR_MS = 3_600_000;
const UNITS = [
  ['d', 24 * HOUR_MS],
  ['h', HOUR_MS],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** Returns a duration as the language writes it: `90s`, in the largest unit in which it is whole. */
function durationOf(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= one && ms % one === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
