import jsonata from 'jsonata';
import type { EvaluationContext, Scope } from '../model.js';
import { LANGUAGE_FUNCTIONS, type LanguageFunction } from './functions/language.js';
import { LIMITS } from './limits.js';
import { OMIT } from './omit.js';
import { RegexEngine } from './regex-engine.js';
import { childrenOf, coalesced, isCoalesce, type SyntaxNode } from './syntax.js';

const OPTIONS: jsonata.JsonataOptions = {
  RegexEngine: RegexEngine as unknown as RegExpConstructor,
  timeout: LIMITS.milliseconds,
  stack: LIMITS.depth,
  sequence: LIMITS.entries,
};

/** Returns an evaluator of the library itself, to compare with. It rejects with the errors of JSONata. */
export function libraryEvaluator(source: string): (scope: Scope) => Promise<unknown> {
  const expression = jsonata(source, OPTIONS);
  repairClones(expression.ast() as unknown as SyntaxNode);
  registerFunctions(expression);
  const evaluate = (scope: Scope): Promise<unknown> =>
    expression.evaluate(rootsOf(scope), { [CONTEXT_BINDING]: scope.context }) as Promise<unknown>;
  // The library measures the wall clock, so a short delay of the host looks like a slow expression: therefore the second try.
  return (scope) =>
    evaluate(scope).catch((error: unknown) => (isTimeout(error) ? evaluate(scope) : Promise.reject(error as Error)));
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'D1012';
}

/** Returns the roots of the scope. Getters remain getters, so that data is not parsed unless an expression reads it. */
function rootsOf(scope: Scope): object {
  const { context: _context, ...descriptors } = Object.getOwnPropertyDescriptors(scope);
  return Object.defineProperties({}, descriptors);
}

/** Name of the binding with the evaluation context. Expressions cannot read it, because names of variables have no spaces. */
const CONTEXT_BINDING = 'evaluation context';

/** Adds the functions of the language to an expression of the library, and removes `$eval`: data must never run as an expression. */
function registerFunctions(expression: jsonata.Expression): void {
  expression.assign('omit', OMIT);
  expression.assign('eval', undefined);
  for (const [name, spec] of LANGUAGE_FUNCTIONS) expression.registerFunction(name, implementation(spec), spec.signature);
}

/**
 * The library reads the parameters from the source of the function (for partial application), so each must have a name. It also reads
 * its `length` (for `$map`, which passes the index to functions of two parameters), so `length` must count only the required ones.
 */
function implementation({ call, parameters, required }: LanguageFunction): (this: jsonata.Focus, ...args: unknown[]) => unknown {
  const byParameters = [
    function (this: jsonata.Focus) {
      return call(contextOf(this), undefined, undefined, undefined);
    },
    function (this: jsonata.Focus, a: unknown) {
      return call(contextOf(this), a, undefined, undefined);
    },
    function (this: jsonata.Focus, a: unknown, b: unknown) {
      return call(contextOf(this), a, b, undefined);
    },
    function (this: jsonata.Focus, a: unknown, b: unknown, c: unknown) {
      return call(contextOf(this), a, b, c);
    },
  ];
  const made = byParameters[parameters] as (this: jsonata.Focus, ...args: unknown[]) => unknown;
  return Object.defineProperty(made, 'length', { value: required });
}

function contextOf(focus: jsonata.Focus): EvaluationContext {
  return focus.environment.lookup(CONTEXT_BINDING) as EvaluationContext;
}

/**
 * Repairs copies that the parser makes. `a ?? b` and `a ?: b` contain two copies of `a`, and the first is made with JSON (jsonata 2.2.2):
 * in it a regular expression has become `{}`, and the signature of a function has lost its validator.
 */
function repairClones(node: SyntaxNode): void {
  const left = coalesced(node);
  if (left) {
    const copy = isCoalesce(node) ? node.condition?.arguments?.[0] : node.condition;
    if (copy) restore(copy, left);
  }
  for (const child of childrenOf(node)) repairClones(child);
}

function restore(copy: SyntaxNode, left: SyntaxNode): void {
  // A call at the end of a function is wrapped into a thunk, but only in the original.
  const original = left.thunk && left.body ? left.body : left;
  if (original.type === 'regex') Object.assign(copy, { value: original.value });
  if (original.type === 'lambda' && original.signature !== undefined) Object.assign(copy, { signature: original.signature });
  const originals = childrenOf(original);
  childrenOf(copy).forEach((child, index) => {
    const match = originals[index];
    if (match) restore(child, match);
  });
}
