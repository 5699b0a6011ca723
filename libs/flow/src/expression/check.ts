import type { ExpressionPart } from './parse-text.js';
import type { ExpressionProblem } from './problem.js';
import { checkFunctions, checkRegexes, procedureStarts } from './rules/functions.js';
import { checkRoots } from './rules/roots.js';
import { checkScripts, hasCyrillic } from './rules/scripts.js';
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
import { isPlainPath } from './syntax.js';

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
  if (isSoundPath(part, options)) return [];
  const view = new SourceView(part, part.ast);
  const plain = isPlainPath(part.ast);
  const found = [
    ...checkRoots(view, options.roots, plain ? NO_OFFSETS : offsetsOfOtherNames(view)),
    ...(plain ? [] : checkStructure(view, options)),
    ...checkScripts(view),
  ];
  return found.toSorted((a, b) => a.start - b.start);
}

/** Returns whether the expression is a path of ASCII names from a known root, the commonest expression: no rule finds anything in it. */
function isSoundPath({ ast, source }: ExpressionPart, { roots }: CheckOptions): boolean {
  return ast !== undefined && isPlainPath(ast) && roots.includes(String(ast.steps?.[0]?.value)) && !hasCyrillic(source);
}

const NO_OFFSETS: ReadonlySet<number> = new Set();

/** Returns the offsets of names that are functions or keys, not references. */
function offsetsOfOtherNames(view: SourceView): ReadonlySet<number> {
  return new Set([...procedureStarts(view), ...unquotedKeys(view).map((key) => view.spanOf(key).start)]);
}

/** Checks with the rules that find nothing in a path of names. Calls those that may find something in this expression. */
function checkStructure(view: SourceView, { roots, whole, condition, present }: CheckOptions): readonly ExpressionProblem[] {
  return [
    ...(view.has('variable') || view.has('function') ? checkFunctions(view, roots) : []),
    ...(view.has('regex') ? checkRegexes(view) : []),
    ...(view.source.includes('[') ? checkBracketKeys(view) : []),
    ...(view.has('unary') ? checkKeyQuotes(view) : []),
    ...(view.has('number') ? checkNumbers(view) : []),
    ...(whole && !condition ? checkList(view) : []),
    ...(view.has('condition') ? checkPrecedence(view) : []),
    ...(view.has('binary') ? checkSilent(view, present ?? (() => false)) : []),
  ];
}
