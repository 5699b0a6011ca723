import type { SourceLocation } from '@sluice/flow';

/** A difference between an expectation and the run. */
export interface Mismatch {
  /** The place of the expectation. */
  readonly location: SourceLocation;
  /** What differs, with the expected and the actual value. */
  readonly message: string;
}

/** The result of one test. */
export interface FlowTestResult {
  readonly flow: string;
  readonly name: string;
  readonly location: SourceLocation;
  /** Empty when the test has passed. */
  readonly mismatches: readonly Mismatch[];
  /** Duration in milliseconds of real time. */
  readonly ms: number;
}

export type Path = readonly PropertyKey[];

/** Maximum characters of a value in a message. */
const MAX_SHOWN = 300;

/**
 * Compares a value with an expectation: a map must contain the given keys, a list must be equal in length, a scalar must be equal.
 *
 * @returns the differences, each with its path in the expectation
 */
export function differences(
  expected: unknown,
  actual: unknown,
  path: Path,
): readonly { readonly path: Path; readonly message: string }[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [differ(path, expected, actual)];
    if (actual.length !== expected.length) {
      const message = `${nameOf(path)} has ${actual.length} entries, not ${expected.length}: ${shown(actual)}`;
      return [{ path, message }];
    }
    return expected.flatMap((item, index) => differences(item, actual[index], [...path, index]));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return [differ(path, expected, actual)];
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(value, (actual as Readonly<Record<string, unknown>>)[key], [...path, key]),
    );
  }
  return Object.is(expected, actual) ? [] : [differ(path, expected, actual)];
}

function differ(path: Path, expected: unknown, actual: unknown) {
  return { path, message: `${nameOf(path)} is ${shown(actual)}, not ${shown(expected)}` };
}

function nameOf(path: Path): string {
  return path.map(String).join('.');
}

/** Returns a value as a text for a message. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
