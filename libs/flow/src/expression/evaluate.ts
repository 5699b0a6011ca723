import type { Place, Scope } from '../model.js';
import { toFlowError } from './faults.js';
import { libraryEvaluator } from './library.js';
import type { ExpressionPart } from './parse-text.js';
import { toData } from './result.js';

/** Gives data, `OMIT` or undefined; a promise where the library evaluates. Throws, or rejects with, a SluiceError that names the place. */
export type Evaluate = (scope: Scope) => unknown;

/** An expression ready to run. Throws when it has a syntax error: look at the problems of its text first. */
export function compileExpression(part: ExpressionPart, place: Place): Evaluate {
  if (!part.ast) throw new Error(`an expression with a syntax error cannot be compiled: ${part.source}`);
  let library: ((scope: Scope) => Promise<unknown>) | undefined;
  return async (scope) => {
    try {
      library ??= libraryEvaluator(part.source);
      return toData(await library(scope));
    } catch (error) {
      throw toFlowError(error, place);
    }
  };
}
