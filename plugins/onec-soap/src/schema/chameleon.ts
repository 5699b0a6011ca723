import { nameIn, XS } from '../xml/names.js';
import type { XmlElement } from '../xml/read-xml.js';

/** A schema and the place of its document, as an import of another one names it. */
export interface PlacedSchema {
  readonly place: string;
  readonly schema: XmlElement;
}

const TARGET = 'targetNamespace';
const INCLUDES: ReadonlySet<string> = new Set([nameIn(XS, 'include'), nameIn(XS, 'redefine')]);

/**
 * Returns the schemas with one more for each that has no namespace and is included by one that has: its names belong to the namespace of the
 * schema that includes it (XML Schema 1.0, 4.2.1, "chameleon include").
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

/** Of an address of another server only the path counts, as when the documents were fetched. */
function isAt(place: string, location: string, from: string): boolean {
  const origin = 'http://document';
  if (!URL.canParse(location, origin + from)) return false;
  const url = new URL(location, origin + from);
  return url.origin === origin && !location.startsWith('/')
    ? url.pathname + url.search === place
    : (url.pathname + url.search).endsWith(place);
}

/** A name without a prefix means one of the namespace, wherever no default namespace is declared. */
function inNamespace(element: XmlElement, namespace: string, root = true): XmlElement {
  return {
    ...element,
    attributes: root ? new Map([...element.attributes, [TARGET, namespace]]) : element.attributes,
    namespaces: { '': namespace, ...element.namespaces },
    children: element.children.map((child) => inNamespace(child, namespace, false)),
  };
}
