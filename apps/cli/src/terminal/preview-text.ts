import type { CallDifference, Preview } from '../capsule/preview.js';
import { oneLine, paint } from './paint.js';

/** Maximum characters of a value, and maximum changed values of one call. */
const MAX_SHOWN = 200;
const MAX_CHANGES = 20;

/** Returns what a flow would do differently with the event of a run. @param missing what is not recorded of the run */
export function previewText(
  { run, flow, differences, before, after, error, assumed }: Preview,
  missing: readonly string[],
): string {
  const ends =
    before === after ? `${after ?? 'does not end'} as before` : `${before ?? 'not ended'} → ${after ?? 'does not end'}`;
  return [
    `${paint.bold(run)} ${flow}: ${ends}${error === undefined ? '' : ` (${oneLine(error)})`}`,
    ...(differences.length === 0 ? ['  the same calls'] : differences.flatMap(linesOf)),
    ...assumed.map((step) => paint.dim(`  ${step}: its answer is not known, so the run goes on with an empty one`)),
    ...missing.map((what) => paint.dim(`  missing: ${oneLine(what)}`)),
  ].join('\n');
}

function linesOf(difference: CallDifference): readonly string[] {
  const { step } = difference;
  switch (difference.kind) {
    case 'added':
      return [paint.green(`  + ${step} would be called: ${valueText(difference.input)}`)];
    case 'gone':
      return [paint.red(`  - ${step} would not be called any more: ${valueText(difference.input)}`)];
    case 'changed': {
      const changes = [...changesIn(difference.before, difference.after, '')];
      const more = changes.length > MAX_CHANGES ? [`      and ${changes.length - MAX_CHANGES} more`] : [];
      return [paint.yellow(`  ~ ${step} would be called with another input`), ...changes.slice(0, MAX_CHANGES), ...more];
    }
  }
}

/** Yields a line for each value that differs. */
function* changesIn(before: unknown, after: unknown, path: string): Generator<string> {
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const [a, b] = [own(before, key), own(after, key)];
      yield* changesIn(a, b, path === '' ? key : `${path}.${key}`);
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after))
    yield `      ${oneLine(path === '' ? 'input' : path)}: ${valueText(before)} → ${valueText(after)}`;
}

function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function valueText(value: unknown): string {
  const text = value === undefined ? 'absent' : oneLine(JSON.stringify(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
