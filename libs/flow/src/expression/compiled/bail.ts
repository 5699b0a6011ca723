/** The error that {@link bail} throws. One shared object, because its stack is not needed. */
export const BAIL = new Error('the interpreter evaluates this');

/** Leaves the whole expression to the interpreter, which has the error messages and all features that closures lack. */
export function bail(): never {
  throw BAIL;
}
