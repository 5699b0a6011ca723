import type { ErrorView } from '@sluice/plugin-api';
import type { Condition, SourceLocation } from './evaluation.js';

/** The attributes of an event that a test can set, beside `data` and `meta`. */
export const EVENT_ATTRIBUTES: readonly string[] = [
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'correlationid',
  'partitionkey',
  'traceparent',
  'authid',
];

/** The fates of an error, as mocks name them. */
export const FATES: readonly string[] = ['retry', 'overload', 'unavailable', 'rejected', 'fatal'];

/** The outcomes that a test can expect. `filtered`: the flow does not take the event, because `trigger.where` is false. */
export const TEST_OUTCOMES: readonly string[] = [
  'done',
  'stopped',
  'caught',
  'parked',
  'dropped',
  'expired',
  'duplicate',
  'coalesced',
  'filtered',
];

/** One test of a flow, as its `tests` declare it. */
export interface FlowTest {
  readonly name: string;
  readonly location: SourceLocation;
  /** Time at the start, in milliseconds since 1970. When absent: a Monday, 09:00 in `settings.timezone`. */
  readonly nowMs?: number;
  /** Variables of the environment that differ in this test. */
  readonly env: Readonly<Record<string, string>>;
  /** The events that start runs, in the order of the file. Empty: the schedule of the flow fires, or an event without data starts a run. */
  readonly triggers: readonly TestEvent[];
  /** The mocks of the steps, by id. The first mock that matches and is not used up answers a call. */
  readonly mocks: ReadonlyMap<string, readonly StepMock[]>;
  readonly expect?: Expectation;
}

/** An event of a test. */
export interface TestEvent {
  /** Virtual milliseconds from the start of the test to the event. */
  readonly atMs: number;
  /** Its attributes and `data`, as they are written. */
  readonly event: Readonly<Record<string, unknown>>;
}

/** An answer in place of a call. */
export interface StepMock {
  readonly location: SourceLocation;
  /** Sees `with`, the rendered input. When absent: matches every call. */
  readonly when?: Condition;
  /** Maximum calls that the mock answers. When absent: all. */
  readonly times?: number;
  /** Virtual milliseconds until the answer. */
  readonly afterMs: number;
  readonly answer:
    | { readonly kind: 'output'; readonly output: unknown }
    | {
        readonly kind: 'error';
        readonly error: Pick<ErrorView, 'fate' | 'details'> & { readonly code?: string; readonly message?: string };
      };
}

/** What a test expects of its runs. */
export interface Expectation {
  /** The value as written, without `that`. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Conditions over outcome, calls, events, reply, steps and error. */
  readonly that: readonly { readonly condition: Condition; readonly source: string; readonly location: SourceLocation }[];
  /** Returns the place of the value at a path of keys and indexes, or of the nearest one above it. */
  locate(path: readonly PropertyKey[]): SourceLocation;
}
