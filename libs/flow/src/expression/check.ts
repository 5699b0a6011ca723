import type { ExpressionPart, ExpressionProblem } from './parse-text.js';
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
  /** Names that an expression may begin with in this place. */
  readonly roots: readonly string[];
  /** The expression is a whole value, not a part of a text. */
  readonly whole: boolean;
  readonly condition?: boolean;
  /** True for a path that is known to have a value, from a schema: it needs no warning. */
  readonly present?: (path: readonly string[]) => boolean;
}

/**
 * All that can be said about an expression without a schema, in the order of the text; offsets are those of the text that the part belongs
 * to. Nothing for an expression with a syntax error, which its text reports.
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
