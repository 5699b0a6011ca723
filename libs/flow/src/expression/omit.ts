import { ExpressionFault } from './faults.js';

/**
 * The value of `$omit`: whatever holds it leaves it out. An object, so that it travels through JSONata as data; a text cannot be made of
 * it, and a JSON text of an object around it leaves it out as well.
 */
export const OMIT: object = Object.freeze(
  Object.defineProperty({}, 'toJSON', {
    value(key: string): undefined {
      if (key === '' || /^\d+$/.test(key))
        throw new ExpressionFault('EXPR_TEXT', '$omit cannot stand inside a text', 'write "" instead');
      return undefined;
    },
  }),
);
