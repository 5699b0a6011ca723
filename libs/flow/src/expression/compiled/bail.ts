/** Thrown by {@link bail}; one object, since no stack is needed. */
export const BAIL = new Error('the interpreter evaluates this');

/** Leaves the whole expression to the interpreter: it has the error messages, and all that closures have not. */
export function bail(): never {
  throw BAIL;
}
