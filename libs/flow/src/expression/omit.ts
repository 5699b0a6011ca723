import { ExpressionFault } from './faults.js';

/**
 * The value of `$omit`: maps and lists leave it out. It is an object, so that it passes through JSONata as data. Its conversion to a
 * text throws, and the JSON text of an object that contains it leaves it out as well.
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
