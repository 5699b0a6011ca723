import { SchemaProblem } from '../schema/read-schema.js';
import { CONFIG, core, CORE, localOf, nameIn, namespaceOf, xs, XS, type Name } from '../xml/names.js';
import { isSchemaType } from './simple-types.js';

/** A value with its type, in the form that 1C uses in JSON: `{ "#type": "xs:dateTime", "#value": "2026-02-01T10:00:00" }`. */
export interface TypedValue {
  readonly '#type': string;
  readonly '#value': unknown;
}

const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['xs', XS],
  ['v8', CORE],
  ['cfg', CONFIG],
]);

/** The types that accept any value; a message names the type of such a value in `xsi:type`. */
export const ANY_TYPES: ReadonlySet<Name> = new Set([xs('anyType'), xs('anySimpleType'), core('Any')]);

/** Prefix of the namespaces of the 1C platform. Their types need no schema and are handled as strings by default. */
const PLATFORM = 'http://v8.1c.ru/';

/** Returns whether a type belongs to XML Schema or to the 1C platform, and therefore needs no description. */
export function isBuiltIn(type: Name): boolean {
  const namespace = namespaceOf(type);
  return namespace === XS ? isSchemaType(localOf(type)) : namespace.startsWith(PLATFORM);
}

/** Throws a SchemaProblem for a type that is neither described nor built in: its values must not be handled as strings. */
export function requireKnown(type: Name): void {
  if (!isBuiltIn(type)) throw new SchemaProblem(`the type ${type} is not described`);
}

export function isTypedValue(value: unknown): value is TypedValue {
  return typeof value === 'object' && value !== null && '#type' in value && '#value' in value;
}

/** The local part of a name (https://www.w3.org/TR/xml-names/#NT-NCName), in letters and digits of all languages. */
const NCNAME = /^[\p{L}_][\p{L}\p{M}\p{N}._-]*$/u;

/** Returns the type that a flow names: `xs:…`, `v8:…`, `cfg:…`, `{namespace}Name`, or a plain name in the namespace of the service. */
export function typeNamed(written: unknown, namespace: string): Name | undefined {
  if (typeof written !== 'string') return undefined;
  const [, expanded, prefix, local = ''] = /^(?:\{([^{}]*)\}|([^:{}]+):)?([^:{}]+)$/.exec(written) ?? [];
  // the name is written into the message without escaping
  if (!NCNAME.test(local)) return undefined;
  const ns = expanded ?? (prefix === undefined ? namespace : PREFIXES.get(prefix));
  return ns === undefined ? undefined : nameIn(ns, local);
}
