import { nameIn, XS } from '../xml/names.js';
import type { XmlElement } from '../xml/read-xml.js';

/** A schema and the path of its document below the base URL, by which other schemas import it. */
export interface PlacedSchema {
  readonly place: string;
  readonly schema: XmlElement;
}

const TARGET = 'targetNamespace';
const INCLUDES: ReadonlySet<string> = new Set([nameIn(XS, 'include'), nameIn(XS, 'redefine')]);

/**
 * Adds a copy of each schema without a namespace that a schema with a namespace includes. The names in the copy belong to the namespace of
 * the including schema (XML Schema 1.0, 4.2.1, "chameleon include").
 */
export function withChameleons(placed: readonly PlacedSchema[]): readonly XmlElement[] {
  const schemas = placed.map(({ schema }) => schema);
  const seen = new Set<string>();
  const waiting = [...placed];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const namespace = next.schema.attributes.get(TARGET);
    if (namespace === undefined) continue;
    for (const include of next.schema.children.filter(({ name }) => INCLUDES.has(name))) {
      const location = include.attributes.get('schemaLocation') ?? '';
      const from = next.place;
      const found = placed.find(({ place, schema }) => !schema.attributes.has(TARGET) && isAt(place, location, from));
      if (!found || seen.has(`${namespace} ${found.place}`)) continue;
      seen.add(`${namespace} ${found.place}`);
      const schema = inNamespace(found.schema, namespace);
      schemas.push(schema);
      waiting.push({ place: found.place, schema });
    }
  }
  return schemas;
}

/** Compares only the path when the location names another server, because the documents were fetched by path as well. */
function isAt(place: string, location: string, from: string): boolean {
  const origin = 'http://document';
  if (!URL.canParse(location, origin + from)) return false;
  const url = new URL(location, origin + from);
  return url.origin === origin && !location.startsWith('/')
    ? url.pathname + url.search === place
    : (url.pathname + url.search).endsWith(place);
}

/** Returns a copy in which names without a prefix belong to the namespace, except below a declaration of a default namespace. */
function inNamespace(element: XmlElement, namespace: string, root = true): XmlElement {
  return {
    ...element,
    attributes: root ? new Map([...element.attributes, [TARGET, namespace]]) : element.attributes,
    namespaces: { '': namespace, ...element.namespaces },
    children: element.children.map((child) => inNamespace(child, namespace, false)),
  };
}
