import { isSluiceError } from '@sluice/plugin-api';
import type { Scope, SourceLocation } from '../../model.js';
import { checkExpression } from '../check.js';
import { compileExpression } from '../evaluate.js';
import { OMIT } from '../omit.js';
import { parseText, type ExpressionPart } from '../parse-text.js';
import type { ExpressionProblem } from '../problem.js';
import { explainMissing, valuesOfPaths, whyMissing, type MissingPath, type ReadValue } from './why-missing.js';

/** The outcome of one evaluation. */
export type ExpressionTrial = {
  /** Problems that lint would report. Offsets are those of the source. */
  readonly problems: readonly ExpressionProblem[];
} & (
  | { readonly kind: 'value'; readonly value: unknown }
  /** The value is `$omit`: a map or a list leaves the entry out. */
  | { readonly kind: 'omit' }
  | { readonly kind: 'missing'; readonly why: readonly MissingPath[]; readonly message: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly cure: string }
  /** The problems contain an error, so that nothing was evaluated. */
  | { readonly kind: 'invalid' }
);

const LOCATION: SourceLocation = { file: 'expression', line: 1, column: 1 };
const OPEN = '${{ ';
const CLOSE = ' }}';

/**
 * Checks and evaluates an expression, within the limits of the language on time and memory. Never throws.
 *
 * @param source the expression, with or without `${{ }}`
 */
export async function tryExpression(source: string, scope: Scope): Promise<ExpressionTrial> {
  const { part, problems: ofText, shift } = parse(source);
  const roots = Object.keys(scope).filter((name) => name !== 'context');
  const checked = part ? checkExpression(part, { roots, whole: true, present: () => true }) : [];
  const problems = [...ofText, ...checked].map((one) => ({ ...one, start: one.start - shift, end: one.end - shift }));
  if (!part || problems.some(({ severity }) => severity === 'error')) return { kind: 'invalid', problems };
  try {
    const value = await compileExpression(part, LOCATION)(scope);
    if (value === OMIT) return { kind: 'omit', problems };
    if (value !== undefined) return { kind: 'value', value, problems };
    const why = whyMissing(part, scope);
    return { kind: 'missing', why, message: messageOf(part, why), problems };
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    const message = error.message.replace(` at ${LOCATION.file}:1:1`, '');
    return { kind: 'failed', code: error.code, message, cure: error.cure, problems };
  }
}

/** Returns the values of the paths that an expression reads, without repetitions. @param source with or without `${{ }}` */
export function readValues(source: string, scope: Scope): readonly ReadValue[] {
  const { part } = parse(source);
  return part ? valuesOfPaths(part, scope) : [];
}

/** Returns whether an expression lacks its end, so that a further line may complete it. */
export function isIncomplete(source: string): boolean {
  const { part } = parse(source);
  if (part?.ast) return false;
  let depth = 0;
  for (const { text } of part?.tokens ?? []) depth += '([{'.includes(text) ? 1 : ')]}'.includes(text) ? -1 : 0;
  return depth > 0 || /(?:[-+*/&=<>?:,.]|:=|~>|\b(?:and|or|in))\s*$/.test(source.replace(/\}\}\s*$/, ''));
}

function parse(source: string): {
  readonly part: ExpressionPart | undefined;
  readonly problems: readonly ExpressionProblem[];
  readonly shift: number;
} {
  const isWrapped = source.trimStart().startsWith('${{');
  const { parts, whole, problems } = parseText(isWrapped ? source : OPEN + source + CLOSE);
  const part = parts.find((one) => one.kind === 'expression');
  const shift = isWrapped ? 0 : OPEN.length;
  if (whole || problems.length > 0) return { part, problems, shift };
  const start = part?.end ?? 0;
  const message = 'the text contains more than one expression';
  return { part: undefined, problems: [{ code: 'EXPR_SYNTAX', severity: 'error', message, start, end: start + 1 }], shift };
}

function messageOf(part: ExpressionPart, [first]: readonly MissingPath[]): string {
  if (first) return explainMissing(first);
  const source = part.source.trim().replaceAll(/\s+/g, ' ');
  const has = /\[/.test(source)
    ? 'each path of it has a value, so a filter or a function has left nothing'
    : 'a function returned nothing';
  return `${source} has no value: ${has}`;
}
