import type { Place, Scope } from '../model.js';
import { beginBudget } from './compiled/budget.js';
import { compileNode } from './compiled/compile.js';
import { shapeOf } from './compiled/shape.js';
import { BAIL } from './compiled/values.js';
import { toFlowError } from './faults.js';
import { libraryEvaluator } from './library.js';
import type { ExpressionPart } from './parse-text.js';
import { passedOn, scalarResult, toData } from './result.js';
import type { SyntaxNode } from './syntax.js';

/** Gives data, `OMIT` or undefined; a promise where the library evaluates. Throws, or rejects with, a SluiceError that names the place. */
export type Evaluate = (scope: Scope) => unknown;

/**
 * An expression ready to run: as a closure where it lies in the compiled subset, by the library where it does not, and where a closure
 * meets something that only the library can judge (an argument of the wrong type, say). Throws when the expression has a syntax error:
 * look at the problems of its text first.
 */
export function compileExpression(part: ExpressionPart, place: Place): Evaluate {
  if (!part.ast) throw new Error(`an expression with a syntax error cannot be compiled: ${part.source}`);
  const viaLibrary = evaluateWithLibrary(part.source, place);
  const closure = compileNode(part.ast, true);
  if (!closure) return viaLibrary;
  const finish = finisherOf(part.ast);
  return (scope) => {
    beginBudget();
    try {
      return finish(closure(undefined, scope));
    } catch (error) {
      if (error === BAIL) return viaLibrary(scope);
      throw toFlowError(error, place);
    }
  };
}

function finisherOf(ast: SyntaxNode): (value: unknown) => unknown {
  return { scalar: scalarResult, data: passedOn, built: toData }[shapeOf(ast)];
}

function evaluateWithLibrary(source: string, place: Place): Evaluate {
  let evaluator: ((scope: Scope) => Promise<unknown>) | undefined;
  return async (scope) => {
    try {
      evaluator ??= libraryEvaluator(source);
      return toData(await evaluator(scope));
    } catch (error) {
      throw toFlowError(error, place);
    }
  };
}
