import { spend } from '../budget.js';
import { badArgument } from '../faults.js';
import type { Signature } from '../values.js';

/** A signature whose failures name the function. The list of an argument is charged, since each item is looked at. */
export function named(name: string, signature: Signature): Signature {
  return {
    validate(args, context) {
      for (const arg of args) if (Array.isArray(arg)) spend(arg.length);
      try {
        return signature.validate(args, context);
      } catch (error) {
        const { code, index } = error as { code?: string; index?: number };
        if (code === 'T0411') throw badArgument(`the context value does not match function signature of ${name}`);
        throw badArgument(`argument ${index ?? 1} of ${name} does not match function signature`);
      }
    },
  };
}
