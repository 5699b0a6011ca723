import { spend } from '../budget.js';
import { badArgument, type ExpressionFault } from '../faults.js';
import { kindOf } from '../names.js';
import type { Signature } from '../values.js';

/** Returns a signature whose errors name the function. Charges arguments that are lists, because the check visits each item. */
export function named(name: string, signature: Signature): Signature {
  return {
    validate(args, context) {
      for (const arg of args) if (Array.isArray(arg)) spend(arg.length);
      try {
        return signature.validate(args, context);
      } catch (error) {
        const { code, index = 1 } = error as { code?: string; index?: number };
        const parameters = parametersOf(signature.definition ?? '');
        throw code === 'T0411' ? misfit(name, parameters) : mismatch(name, index, args, parameters);
      }
    },
  };
}

/** One parameter of a signature: `types` are letters of JSONata's notation, such as `s` or `a`; `items` the type in a list. */
interface Parameter {
  readonly types: string;
  readonly items?: string;
}

/** Reads the parameters of a signature such as `<a<n>:n>` or `<(sao)-n?:s>`. */
function parametersOf(definition: string): readonly Parameter[] {
  const inner = definition.slice(1).replace(/:[^:]*>$/, '');
  return [...inner.matchAll(/(?:\(([^)]*)\)|([a-z]))(?:<([a-z])[^>]*>)?[-+?]*/g)].map(([, several, one = '', items]) => ({
    types: several ?? one,
    ...(items !== undefined && { items }),
  }));
}

/** Returns the error when no single argument can be named as wrong: the value around the call may stand for the first argument. */
function misfit(name: string, parameters: readonly Parameter[]): ExpressionFault {
  const list = parameters.map(wanted).join(', ');
  return badArgument(`the arguments of ${name} must be: ${list}`, 'convert a value with $string(…) or $number(…)');
}

/** @param index number of the argument, from 1 */
function mismatch(name: string, index: number, args: readonly unknown[], parameters: readonly Parameter[]): ExpressionFault {
  const parameter = parameters[index - 1];
  const count = parameters.length;
  if (!parameter)
    return badArgument(`${name} takes at most ${count} argument${count === 1 ? '' : 's'}`, 'delete the further ones');
  const given = args[index - 1];
  if (parameter.items === undefined && wanted(parameter).split(' or ').includes(kindOf(given))) return misfit(name, parameters);
  const items = Array.isArray(given) ? [...new Set(given.map(kindOf))] : [];
  const what = items.length > 0 ? `a list with ${items.join(' and ')}` : kindOf(given);
  return badArgument(`argument ${index} of ${name} must be ${wanted(parameter)}, not ${what}`, cureOf(name, given, parameter));
}

const NAMES: Readonly<Record<string, string>> = {
  s: 'a text',
  n: 'a number',
  b: 'true or false',
  l: 'null',
  o: 'an object',
  a: 'a list',
  f: 'a function',
};
const ITEMS: Readonly<Record<string, string>> = { s: 'texts', n: 'numbers', b: 'booleans', o: 'objects', f: 'functions' };

function wanted({ types, items }: Parameter): string {
  if (items !== undefined) return `a list of ${ITEMS[items] ?? 'values'}`;
  return [...types].map((type) => NAMES[type] ?? 'a value').join(' or ');
}

/** Returns how the argument becomes what the function takes; undefined when that is not obvious. */
function cureOf(name: string, given: unknown, { types, items }: Parameter): string | undefined {
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (given === undefined) return 'write the argument';
  const isObjects = values.some((value) => typeof value === 'object' && value !== null);
  if (items !== undefined && isObjects) return `name a field of the items: ${name}(list.field)`;
  if (items === 'n') return `convert the texts: ${name}(list.$number($))`;
  if (items === 's') return `convert the numbers: ${name}(list.$string($))`;
  if (types === 'n') return 'convert it with $number(…)';
  if (types.includes('s')) return isObjects ? 'name a field, or convert it with $string(…)' : 'convert it with $string(…)';
  return types === 'f' ? 'write a function: function($item) { … }' : undefined;
}
