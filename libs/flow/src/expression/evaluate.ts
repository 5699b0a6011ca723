import type { SourceLocation, Scope } from '../model.js';
import { beginBudget } from './budget.js';
import { BAIL } from './compiled/bail.js';
import { compileNode } from './compiled/compile.js';
import type { Closure } from './compiled/path.js';
import { shapeOf } from './compiled/shape.js';
import { toFlowError } from './faults.js';
import { Evaluation } from './interpreter/evaluation.js';
import type { ExpressionPart } from './parse-text.js';
import { passedOn, scalarResult, toData } from './result.js';
import type { SyntaxNode } from './syntax.js';

/** Evaluates to data, `OMIT` or undefined. Throws a SluiceError that names the place. Never changes the values of the scope. */
export type Evaluate = (scope: Scope) => unknown;

/**
 * Compiles an expression: to a closure when it lies in the compiled subset, otherwise to a call of the interpreter. A closure also falls
 * back to the interpreter for cases that it cannot decide, such as an argument of the wrong type.
 *
 * @throws when the expression has a syntax error: check the problems of its text first
 */
export function compileExpression(part: ExpressionPart, location: SourceLocation): Evaluate {
  const { ast } = part;
  if (!ast) throw new Error(`an expression with a syntax error cannot be compiled: ${part.source}`);
  // The closure is made at the first evaluation: the start of a large workspace, and the linter, do not pay for it.
  let closure: Closure | undefined | 'unmade' = 'unmade';
  const finish = finisherOf(ast);
  return (scope) => {
    beginBudget();
    try {
      if (closure === 'unmade') closure = compileNode(ast, true);
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

/** Returns the result of the interpreter, as data. `beginBudget` must have been called. */
export function interpret(ast: SyntaxNode, scope: Scope): unknown {
  return toData(new Evaluation(rootsOf(scope), scope.context).run(ast));
}

/**
 * Returns the roots of the scope: the scope itself when its `context` is inherited, because expressions read only own properties. Getters
 * remain getters, so that data is not parsed unless an expression reads it.
 */
function rootsOf(scope: Scope): object {
  if (!Object.hasOwn(scope, 'context')) return scope;
  const { context: _context, ...descriptors } = Object.getOwnPropertyDescriptors(scope);
  return Object.defineProperties({}, descriptors);
}
