import { CONFIG, core, CORE, nameIn, xs, XS, type Name } from '../xml/names.js';

/** A value that tells its type itself, as 1C writes it into JSON: `{ "#type": "xs:dateTime", "#value": "2026-02-01T10:00:00" }`. */
export interface TypedValue {
  readonly '#type': string;
  readonly '#value': unknown;
}

const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['xs', XS],
  ['v8', CORE],
  ['cfg', CONFIG],
]);

/** The types that take any value: it tells its type itself. */
export const ANY_TYPES: ReadonlySet<Name> = new Set([xs('anyType'), xs('anySimpleType'), core('Any')]);

export function isTypedValue(value: unknown): value is TypedValue {
  return typeof value === 'object' && value !== null && '#type' in value && '#value' in value;
}

/** The local part of a name (https://www.w3.org/TR/xml-names/#NT-NCName), in letters and digits of all languages. */
const NCNAME = /^[\p{L}_][\p{L}\p{M}\p{N}._-]*$/u;

/** `xs:`, `v8:` and `cfg:` are 1C's own namespaces, `{namespace}Name` any, and a plain name belongs to the service. */
export function typeNamed(written: unknown, namespace: string): Name | undefined {
  if (typeof written !== 'string') return undefined;
  const [, expanded, prefix, local = ''] = /^(?:\{([^{}]*)\}|([^:{}]+):)?([^:{}]+)$/.exec(written) ?? [];
  // it goes into the message as it stands
  if (!NCNAME.test(local)) return undefined;
  const ns = expanded ?? (prefix === undefined ? namespace : PREFIXES.get(prefix));
  return ns === undefined ? undefined : nameIn(ns, local);
}
