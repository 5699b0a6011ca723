/** An element of a message with resolved namespaces. */
export interface Element {
  readonly ns: string;
  readonly name: string;
  /** Attributes by local name; names of the schema-instance namespace begin with `xsi:`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  /** All character data below the element. */
  text: string;
  /** Namespaces by prefix. */
  readonly scope: ReadonlyMap<string, string>;
}

export const XS = 'http://www.w3.org/2001/XMLSchema';
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** A text that is no XML, or that contains XML which 1C does not accept in a message. */
export class NotXml extends Error {}

const TOKEN =
  /<\?[^]*?\?>|<!--[^]*?-->|<!\[CDATA\[(?<cdata>[^]*?)\]\]>|<\/(?<close>[^\s>]+)\s*>|<(?<open>[^\s/>!?]+)(?<attributes>(?:[^>"']|"[^"]*"|'[^']*')*?)(?<empty>\/?)>|(?<text>[^<]+)/gy;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Reads a message strictly: without a document type, with the five predefined entities only, and with every element closed. */
export function readXml(text: string): Element {
  const top: Element = { ns: '', name: '', attributes: new Map(), children: [], text: '', scope: new Map() };
  const open = [top];
  let end = 0;
  for (const { 0: token, index, groups = {} } of text.matchAll(TOKEN)) {
    const { cdata, close, open: tag, attributes = '', empty, text: characters } = groups;
    const parent = open.at(-1) ?? top;
    if (close !== undefined) {
      const closed = open.pop();
      if (open.length === 0 || closed === undefined) throw new NotXml(`</${close}> closes nothing`);
      parent.text = closed.text;
      (open.at(-1) ?? top).text += closed.text;
    } else if (tag !== undefined) {
      const element = elementOf(tag, attributes, parent.scope);
      parent.children.push(element);
      if (!empty) open.push(element);
    } else if (cdata !== undefined || characters !== undefined) parent.text += cdata ?? decode(characters ?? '');
    end = index + token.length;
  }
  const [root] = top.children;
  if (end !== text.length || open.length > 1 || !root || top.children.length > 1) throw new NotXml('not one whole element');
  return root;
}

function elementOf(tag: string, written: string, outer: ReadonlyMap<string, string>): Element {
  const given = [...written.matchAll(ATTRIBUTE)].map(([, name = '', a, b]) => [name, decode(a ?? b ?? '')] as const);
  const scope = new Map(outer);
  for (const [name, value] of given) {
    if (name === 'xmlns') scope.set('', value);
    else if (name.startsWith('xmlns:')) scope.set(name.slice(6), value);
  }
  const attributes = given
    .filter(([name]) => !/^xmlns(:|$)/.test(name))
    .map(([name, value]) => [nameOfAttribute(name, scope), value] as const);
  return { ...resolve(tag, scope), attributes: new Map(attributes), children: [], text: '', scope };
}

function nameOfAttribute(name: string, scope: ReadonlyMap<string, string>): string {
  const colon = name.indexOf(':');
  if (colon < 0) return name;
  return scope.get(name.slice(0, colon)) === XSI ? `xsi:${name.slice(colon + 1)}` : name;
}

/** Resolves a prefixed name in a scope. */
export function resolve(name: string, scope: ReadonlyMap<string, string>): { ns: string; name: string } {
  const colon = name.indexOf(':');
  const prefix = colon < 0 ? '' : name.slice(0, colon);
  const ns = scope.get(prefix);
  if (ns === undefined && prefix !== '') throw new NotXml(`the prefix ${prefix} is not declared`);
  return { ns: ns ?? '', name: name.slice(colon + 1) };
}

function decode(text: string): string {
  return text.replaceAll(/&([^;\s]*);?/g, (whole, name: string) => {
    const number = /^#(x?)([\da-f]+)$/i.exec(name);
    if (number) return String.fromCodePoint(parseInt(number[2] ?? '', number[1] ? 16 : 10));
    const character = ENTITIES[name];
    if (character === undefined) throw new NotXml(`${whole} is no entity of XML`);
    return character;
  });
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Returns the content of an element with new prefixes, as 1C writes a value that it has read. */
export function rewritten(element: Element, depth = 4): string {
  const prefix = `d${depth}p1`;
  if (element.children.length === 0) return escape(element.text);
  return element.children
    .map((child) => {
      const type = child.attributes.get('xsi:type');
      const plain = [...child.attributes].filter(([name]) => name !== 'xsi:type');
      const attributes = plain.map(([name, value]) => ` ${name}="${escape(value)}"`).join('');
      const typed = type === undefined ? '' : typeAttribute(resolve(type, child.scope), depth);
      return `<${prefix}:${child.name} xmlns:${prefix}="${child.ns}"${attributes}${typed}>${rewritten(child, depth + 1)}</${prefix}:${child.name}>`;
    })
    .join('');
}

/** Returns `xsi:type`, and the declaration of a prefix for a namespace that the answer does not declare. */
export function typeAttribute({ ns, name }: { ns: string; name: string }, depth: number): string {
  return ns === XS ? ` xsi:type="xs:${name}"` : ` xmlns:d${depth}t="${ns}" xsi:type="d${depth}t:${name}"`;
}
