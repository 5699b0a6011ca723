import type { ExpressionPart, ExpressionProblem } from './parse-text.js';

export interface CheckOptions {
  /** Names that an expression may begin with in this place. */
  readonly roots: readonly string[];
  /** The expression is a whole value, not a part of a text. */
  readonly whole: boolean;
  readonly condition?: boolean;
  /** True for a path that is known to have a value, from a schema: it needs no warning. */
  readonly present?: (path: readonly string[]) => boolean;
}

/** All that can be said about an expression without a schema. Offsets are those of the text that the part belongs to. */
export function checkExpression(_part: ExpressionPart, _options: CheckOptions): readonly ExpressionProblem[] {
  return [];
}
