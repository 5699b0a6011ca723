import type { ExpressionPart } from './parse-text.js';
import type { ExpressionProblem } from './problem.js';
import { checkFunctions, checkRegexes, procedureStarts } from './rules/functions.js';
import { checkRoots } from './rules/roots.js';
import { checkScripts } from './rules/scripts.js';
import {
  checkBracketKeys,
  checkKeyQuotes,
  checkList,
  checkNumbers,
  checkPrecedence,
  checkSilent,
  unquotedKeys,
} from './rules/traps.js';
import { SourceView } from './source-view.js';

export interface CheckOptions {
  /** Names that an expression may begin with at this place. */
  readonly roots: readonly string[];
  /** True when the expression is a whole value, not a part of a text. */
  readonly whole: boolean;
  readonly condition?: boolean;
  /** Returns true for a path that has a value according to a schema: it needs no warning. */
  readonly present?: (path: readonly string[]) => boolean;
}

/**
 * Checks an expression with the rules that need no schema, and returns the problems in the order of the text. Offsets are those of the
 * text that contains the part. Returns no problems for an expression with a syntax error, because `parseText` has reported it.
 */
export function checkExpression(part: ExpressionPart, options: CheckOptions): readonly ExpressionProblem[] {
  if (!part.ast) return [];
  const view = new SourceView(part, part.ast);
  const noReferences = new Set([...procedureStarts(view), ...unquotedKeys(view).map((key) => view.spanOf(key).start)]);
  const found = [
    ...checkRoots(view, options.roots, noReferences),
    ...checkFunctions(view, options.roots),
    ...checkRegexes(view),
    ...checkBracketKeys(view),
    ...checkKeyQuotes(view),
    ...checkNumbers(view),
    ...(options.whole && !options.condition ? checkList(view) : []),
    ...checkPrecedence(view),
    ...checkSilent(view, options.present ?? (() => false)),
    ...checkScripts(view),
  ];
  return found.toSorted((a, b) => a.start - b.start);
}
