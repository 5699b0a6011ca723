import { spend } from '../budget.js';
import { badArgument } from '../faults.js';
import type { Signature } from '../values.js';

/** Returns a signature whose errors name the function. Charges arguments that are lists, because the check visits each item. */
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
