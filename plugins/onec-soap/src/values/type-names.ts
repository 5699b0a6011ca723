import { SchemaProblem } from '../schema/read-schema.js';
import { CONFIG, core, CORE, localOf, nameIn, namespaceOf, xs, XS, type Name } from '../xml/names.js';
import { isSchemaType } from './simple-types.js';

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

/** Namespaces of the platform: what they define is known to 1C, and a text where nothing else is said. */
const PLATFORM = 'http://v8.1c.ru/';

/** Returns whether a type that no schema describes is one of XML Schema or of the platform of 1C. */
export function isBuiltIn(type: Name): boolean {
  const namespace = namespaceOf(type);
  return namespace === XS ? isSchemaType(localOf(type)) : namespace.startsWith(PLATFORM);
}

/** Throws a SchemaProblem for a type that nothing describes: its values are not taken for texts. */
export function requireKnown(type: Name): void {
  if (!isBuiltIn(type)) throw new SchemaProblem(`the type ${type} is not described`);
}

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
