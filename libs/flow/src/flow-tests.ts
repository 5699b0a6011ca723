import type { ErrorView } from '@sluice/plugin-api';
import type { Condition, SourceLocation } from './evaluation.js';

/** One test of a flow, as its `tests` declare it. */
export interface FlowTest {
  readonly name: string;
  readonly location: SourceLocation;
  /** Time at the start, in milliseconds since 1970. When absent: a Monday, 09:00 in `settings.timezone`. */
  readonly nowMs?: number;
  /** Variables of the environment that differ in this test. */
  readonly env: Readonly<Record<string, string>>;
  /** The attributes and the data of the event that starts the run. */
  readonly trigger: Readonly<Record<string, unknown>>;
  /** The mocks of the steps, by id. The first mock that matches and is not used up answers a call. */
  readonly mocks: ReadonlyMap<string, readonly StepMock[]>;
  readonly expect?: Expectation;
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

/** What a test expects of its run. */
export interface Expectation {
  /** The value as written, without `that`. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Conditions over outcome, calls, events, reply, steps and error. */
  readonly that: readonly { readonly condition: Condition; readonly source: string; readonly location: SourceLocation }[];
  /** Returns the place of the value at a path of keys and indexes, or of the nearest one above it. */
  locate(path: readonly PropertyKey[]): SourceLocation;
}
