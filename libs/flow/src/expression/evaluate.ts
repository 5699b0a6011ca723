import type { SourceLocation, Scope } from '../model.js';
import { beginBudget } from './budget.js';
import { BAIL } from './compiled/bail.js';
import { compileNode } from './compiled/compile.js';
import { shapeOf } from './compiled/shape.js';
import { toFlowError } from './faults.js';
import { Evaluation } from './interpreter/evaluation.js';
import type { ExpressionPart } from './parse-text.js';
import { passedOn, scalarResult, toData } from './result.js';
import type { SyntaxNode } from './syntax.js';

/** Returns data, `OMIT` or undefined. Throws a SluiceError that names the place. Never changes what the scope holds. */
export type Evaluate = (scope: Scope) => unknown;

/**
 * An expression ready to run: as a closure where it lies in the compiled subset, by the interpreter where it does not, and where a closure
 * meets something that only the interpreter can judge (an argument of the wrong type, say). Throws when the expression has a syntax error:
 * look at the problems of its text first.
 */
export function compileExpression(part: ExpressionPart, location: SourceLocation): Evaluate {
  const { ast } = part;
  if (!ast) throw new Error(`an expression with a syntax error cannot be compiled: ${part.source}`);
  const closure = compileNode(ast, true);
  const finish = finisherOf(ast);
  return (scope) => {
    beginBudget();
    try {
      return closure ? finish(closure(undefined, scope)) : interpret(ast, scope);
    } catch (error) {
      if (error === BAIL) return interpretAtPlace(ast, scope, location);
      throw toFlowError(error, location);
    }
  };
}

function interpretAtPlace(ast: SyntaxNode, scope: Scope, location: SourceLocation): unknown {
  try {
    return interpret(ast, scope);
  } catch (error) {
    throw toFlowError(error, location);
  }
}

function finisherOf(ast: SyntaxNode): (value: unknown) => unknown {
  return { scalar: scalarResult, data: passedOn, built: toData }[shapeOf(ast)];
}

/** The result of the interpreter, as data. The budget has been begun. */
export function interpret(ast: SyntaxNode, scope: Scope): unknown {
  return toData(new Evaluation(rootsOf(scope), scope.context).run(ast));
}

/** The scope without what is no root. A getter stays one: data that no expression reads is not parsed. */
function rootsOf(scope: Scope): object {
  const { context: _context, ...descriptors } = Object.getOwnPropertyDescriptors(scope);
  return Object.defineProperties({}, descriptors);
}
