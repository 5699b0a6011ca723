import type jsonata from 'jsonata';
import type { EvaluationContext } from '../../model.js';
import { OMIT } from '../omit.js';
import { LANGUAGE_FUNCTIONS, type LanguageFunction } from './language.js';

/** Binding that carries the evaluation context. Unreachable from an expression: a variable's name has no space. */
export const CONTEXT_BINDING = 'evaluation context';

/** Gives an expression of the library the functions of the language, and takes `$eval` away: a text of the data must never be run. */
export function registerFunctions(expression: jsonata.Expression): void {
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
