import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { nameIn, type Name } from './names.js';
import { isWritable } from './write-xml.js';

/** An element with resolved namespace prefixes. */
export interface XmlElement {
  readonly name: Name;
  /** Attributes by name: `local` without a namespace, `{namespace}local` with one. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The character data directly in this element. */
  readonly text: string;
  /** Namespaces by prefix, declared here or in an ancestor; the default namespace has the key ''. */
  readonly namespaces: Namespaces;
}

export type Namespaces = Readonly<Record<string, string>>;

/** Thrown for a text that is not acceptable XML. */
export class XmlProblem extends Error {}

const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';
const MAX_LEVELS = 200;

/** A node of fast-xml-parser in document order: one key for the tag, and one for its attributes. */
type RawNode = Readonly<Record<string, unknown>>;

// The parser resolves no entities and guesses no types: this file resolves entities, and the schema determines types.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: CDATA,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_LEVELS,
  jPath: false,
});

const NO_NAMESPACES: Namespaces = { xml: 'http://www.w3.org/XML/1998/namespace' };

/**
 * Returns the root element of an XML document.
 *
 * @throws {@link XmlProblem} for a text that is not well-formed, and for any document type declaration: SOAP forbids them, and they allow
 *   entity bombs and reading local files.
 */
export function readXml(text: string): XmlElement {
  const body = text.replace(/^\uFEFF/, '');
  if (hasDocumentType(body)) throw new XmlProblem('it has a document type declaration, which SOAP forbids');
  const verdict = XMLValidator.validate(body);
  if (verdict !== true) throw new XmlProblem(`line ${verdict.err.line}: ${verdict.err.msg}`);
  const nodes = parse(body).filter((node) => tagOf(node) !== TEXT);
  const [root] = nodes;
  if (root === undefined || nodes.length > 1) throw new XmlProblem('it is not one element');
  return elementOf(root, NO_NAMESPACES);
}

function parse(text: string): readonly RawNode[] {
  try {
    return parser.parse(text) as readonly RawNode[];
  } catch (error) {
    throw new XmlProblem(error instanceof Error ? error.message : String(error));
  }
}

/** Searches after the XML declaration, comments and white space, the only place for a document type declaration. */
function hasDocumentType(text: string): boolean {
  const blanks = /\s*/y;
  for (;;) {
    blanks.exec(text);
    const at = blanks.lastIndex;
    const end = text.startsWith('<?', at) ? '?>' : text.startsWith('<!--', at) ? '-->' : undefined;
    if (end === undefined) return text.startsWith('<!', at);
    const found = text.indexOf(end, at + 2);
    if (found < 0) return false;
    blanks.lastIndex = found + end.length;
  }
}

function tagOf(node: RawNode): string {
  for (const key in node) if (key !== ATTRIBUTES) return key;
  return TEXT;
}

function elementOf(node: RawNode, outer: Namespaces): XmlElement {
  const tag = tagOf(node);
  const written = (node[ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>;
  const namespaces = declared(written, outer);
  const children: XmlElement[] = [];
  let text = '';
  for (const child of node[tag] as readonly RawNode[]) {
    const name = tagOf(child);
    if (name === TEXT) text += resolveEntities(String(child[TEXT]));
    else if (name === CDATA) text += (child[CDATA] as readonly RawNode[]).map((part) => String(part[TEXT])).join('');
    else children.push(elementOf(child, namespaces));
  }
  return { name: resolveName(tag, namespaces), attributes: attributesOf(written, namespaces), children, text, namespaces };
}

function declared(written: Readonly<Record<string, string>>, outer: Namespaces): Namespaces {
  let own: Record<string, string> | undefined;
  for (const name in written) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
    own ??= { ...outer };
    own[name.slice('xmlns:'.length)] = resolveEntities(written[name] ?? '');
  }
  return own ?? outer;
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

function attributesOf(written: Readonly<Record<string, string>>, namespaces: Namespaces): ReadonlyMap<string, string> {
  let attributes: Map<string, string> | undefined;
  for (const name in written) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue;
    attributes ??= new Map();
    // the default namespace does not apply to attributes
    attributes.set(name.includes(':') ? resolveName(name, namespaces) : name, resolveEntities(written[name] ?? ''));
  }
  return attributes ?? NO_ATTRIBUTES;
}

/** Resolves the prefix of a name; also used for names in values, such as `xsi:type`. */
export function resolveName(written: string, namespaces: Namespaces): Name {
  const colon = written.indexOf(':');
  const prefix = colon < 0 ? '' : written.slice(0, colon);
  const ns = Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined;
  if (ns === undefined && prefix !== '') throw new XmlProblem(`the prefix ${prefix} is not declared`);
  return nameIn(ns ?? '', written.slice(colon + 1));
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function resolveEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#0*(\d{1,7})|#x0*([\da-f]{1,6})|(\w+));|&/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : undefined;
      const character = code === undefined ? ENTITIES.get(name ?? '') : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
      if (character === undefined) throw new XmlProblem(`${whole} is not an entity of XML`);
      if (!isWritable(character)) throw new XmlProblem(`${whole} is not a character of XML`);
      return character;
    },
  );
}

/** Returns the children with this name. */
export function childrenOf(element: XmlElement, name: Name): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** Returns the first child with this name. */
export function childOf(element: XmlElement | undefined, name: Name): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}
