/** A value as `JSON.stringify` writes it: times are texts. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

/** Returns the value unchanged, with the type that it has for the receiver of the response. */
export function json<T>(value: T): Json<T> {
  return value as Json<T>;
}
