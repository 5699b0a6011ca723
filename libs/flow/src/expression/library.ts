import jsonata from 'jsonata';
import type { Scope } from '../model.js';
import { CONTEXT_BINDING, registerFunctions } from './functions/register.js';
import { LIMITS } from './limits.js';
import { RegexEngine } from './regex-engine.js';
import { parseExpression } from './syntax.js';

const OPTIONS: jsonata.JsonataOptions = {
  RegexEngine: RegexEngine as unknown as RegExpConstructor,
  timeout: LIMITS.milliseconds,
  stack: LIMITS.depth,
  sequence: LIMITS.entries,
};

/** An expression as the library evaluates it: always right, always asynchronous. Rejects with what JSONata throws. */
export function libraryEvaluator(source: string): (scope: Scope) => Promise<unknown> {
  const parsed = parseExpression(source, OPTIONS);
  if (!parsed.ok) throw new Error(`not an expression: ${parsed.fault.message}`);
  const { expression } = parsed;
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
