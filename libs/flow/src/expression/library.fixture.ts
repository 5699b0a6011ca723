import jsonata from 'jsonata';
import type { EvaluationContext, Scope } from '../model.js';
import { LANGUAGE_FUNCTIONS, type LanguageFunction } from './functions/language.js';
import { LIMITS } from './limits.js';
import { OMIT } from './omit.js';
import { RegexEngine } from './regex-engine.js';
import { childrenOf, coalesced, isCoalesce, parseExpression, type SyntaxNode } from './syntax.js';

const OPTIONS: jsonata.JsonataOptions = {
  RegexEngine: RegexEngine as unknown as RegExpConstructor,
  timeout: LIMITS.milliseconds,
  stack: LIMITS.depth,
  sequence: LIMITS.entries,
};

/** An expression as the library itself evaluates it, to compare with. Rejects with what JSONata throws. */
export function libraryEvaluator(source: string): (scope: Scope) => Promise<unknown> {
  const parsed = parseExpression(source, OPTIONS);
  if (!parsed.ok) throw new Error(`not an expression: ${parsed.fault.message}`);
  const { expression } = parsed;
  repairClones(parsed.ast);
  registerFunctions(expression);
  const evaluate = (scope: Scope): Promise<unknown> =>
    expression.evaluate(rootsOf(scope), { [CONTEXT_BINDING]: scope.context }) as Promise<unknown>;
  // The library looks at the wall clock, so a host that was held up for a moment looks like a slow expression: a second try tells.
  return (scope) =>
    evaluate(scope).catch((error: unknown) => (isTimeout(error) ? evaluate(scope) : Promise.reject(error as Error)));
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'D1012';
}

/** The scope without what is no root. A getter stays one: data that no expression reads is not parsed. */
function rootsOf(scope: Scope): object {
  const { context: _context, ...descriptors } = Object.getOwnPropertyDescriptors(scope);
  return Object.defineProperties({}, descriptors);
}

/** Binding that carries the evaluation context. Unreachable from an expression: a variable's name has no space. */
const CONTEXT_BINDING = 'evaluation context';

/** Adds the functions of the language to an expression of the library and removes `$eval`: a text of the data must never be run. */
function registerFunctions(expression: jsonata.Expression): void {
  expression.assign('omit', OMIT);
  expression.assign('eval', undefined);
  for (const [name, spec] of LANGUAGE_FUNCTIONS) expression.registerFunction(name, implementation(spec), spec.signature);
}

/**
 * The library reads the parameters out of the function's text (for partial application), so they must be named one by one, and its
 * `length` (for `$map`, which passes the index to whoever takes two), so that must count the required ones only.
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
 * `a ?? b` and `a ?: b` hold two copies of `a`, the first made by way of JSON (jsonata 2.2.2): there a regular expression has become
 * `{}`, and the signature of a function has lost its validator. Put both back.
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
  // At the end of a function a call is wrapped into a thunk, in the original only.
  const original = left.thunk && left.body ? left.body : left;
  if (original.type === 'regex') Object.assign(copy, { value: original.value });
  if (original.type === 'lambda' && original.signature !== undefined) Object.assign(copy, { signature: original.signature });
  const originals = childrenOf(original);
  childrenOf(copy).forEach((child, index) => {
    const match = originals[index];
    if (match) restore(child, match);
  });
}
