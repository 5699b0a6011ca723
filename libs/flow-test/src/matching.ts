import type { SourceLocation } from '@sluice/flow';

/** Code of a failed expectation; the reference of findings explains the codes. */
export type MismatchCode = 'TEST_EMPTY' | 'TEST_FAILED' | 'TEST_MOCK' | 'TEST_ENDLESS';

/** A difference between an expectation and the run. */
export interface Mismatch {
  readonly code: MismatchCode;
  /** The place of the expectation. */
  readonly location: SourceLocation;
  /** The difference, with the expected and the actual value. */
  readonly message: string;
  /** Lists of different lengths, entry by entry. */
  readonly entries?: readonly EntryDifference[];
}

/** An entry of a list. `missing`: only the expectation has it. `surplus`: only the run has it. */
export interface EntryDifference {
  readonly kind: 'equal' | 'missing' | 'surplus';
  /** The entry as JSON. */
  readonly value: string;
}

export type Path = readonly PropertyKey[];

/** A difference at a path in an expectation. */
export type Difference = Pick<Mismatch, 'message' | 'entries'> & { readonly path: Path };

/** Maximum characters of a value in a message. */
const MAX_SHOWN_CHARACTERS = 300;
/** Maximum entries of two lists that are compared entry by entry. */
const MAX_COMPARED_ENTRIES = 50;
/** Maximum differences of one expectation that are reported. */
export const MAX_DIFFERENCES = 50;

/**
 * Compares a value with an expectation: a map must contain the given keys, a list must be equal in length, a scalar must be equal.
 *
 * @returns the differences, each with its path in the expectation
 */
export function differences(expected: unknown, actual: unknown, path: Path): readonly Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [valueMismatch(path, expected, actual)];
    if (actual.length !== expected.length) return [lengthMismatch(expected, actual, path)];
    return expected.flatMap((item, index) => differences(item, actual[index], [...path, index]));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return [valueMismatch(path, expected, actual)];
    return Object.entries(expected).flatMap(([key, value]) => differences(value, ownValue(actual, key), [...path, key]));
  }
  return expected === actual ? [] : [valueMismatch(path, expected, actual)];
}

function ownValue(map: object, key: string): unknown {
  return Object.hasOwn(map, key) ? (map as Readonly<Record<string, unknown>>)[key] : undefined;
}

function valueMismatch(path: Path, expected: unknown, actual: unknown): Difference {
  return { path, message: `${nameOf(path)} is ${shown(actual)}, not ${shown(expected)}` };
}

function lengthMismatch(expected: readonly unknown[], actual: readonly unknown[], path: Path): Difference {
  const message = `${nameOf(path)} has ${actual.length} ${actual.length === 1 ? 'entry' : 'entries'}, not ${expected.length}`;
  if (Math.max(expected.length, actual.length) > MAX_COMPARED_ENTRIES) return { path, message };
  return { path, message, entries: aligned(expected, actual) };
}

/** Aligns two lists by their longest common subsequence, in which an entry of the run matches the expected one. */
function aligned(expected: readonly unknown[], actual: readonly unknown[]): readonly EntryDifference[] {
  const isEqual = expected.map((one) => actual.map((other) => differences(one, other, []).length === 0));
  // best[i][j]: the number of matches that the entries from i and j on have
  const best = Array.from({ length: expected.length + 1 }, () => new Array<number>(actual.length + 1).fill(0));
  const at = (i: number, j: number) => best[i]?.[j] ?? 0;
  for (let i = expected.length - 1; i >= 0; i--)
    for (let j = actual.length - 1; j >= 0; j--)
      (best[i] as number[])[j] = isEqual[i]?.[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const entries: EntryDifference[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && isEqual[i]?.[j])
      entries.push({ kind: 'equal', value: shown((i++, actual[j++])) });
    else if (i < expected.length && (j >= actual.length || at(i + 1, j) >= at(i, j + 1)))
      entries.push({ kind: 'missing', value: shown(expected[i++]) });
    else entries.push({ kind: 'surplus', value: shown(actual[j++]) });
  }
  return entries;
}

function nameOf(path: Path): string {
  return path.map(String).join('.');
}

/** Returns a value as a text for a message. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
