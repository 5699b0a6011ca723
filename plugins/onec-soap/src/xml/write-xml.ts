import { localOf, namespaceOf, XS, XSI, CORE, type Name } from './names.js';

/** Control characters, lone surrogates and noncharacters: XML 1.0 has no way to write them (https://www.w3.org/TR/xml/#charsets). */
const UNWRITABLE = /(?![\t\n\r\u007f-\u009f])[\p{Cc}\p{Cs}\ufffe\uffff]/u;

/** Returns whether an XML document can contain this text. */
export function isWritable(text: string): boolean {
  return !UNWRITABLE.test(text);
}

const SPECIAL = /[&<>"\r\t\n]/;
const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
// XML parsers replace unescaped tabs and line feeds in attributes by spaces
const ESCAPED_IN_ATTRIBUTE: Readonly<Record<string, string>> = { ...ESCAPED, '"': '&quot;', '\t': '&#9;', '\n': '&#10;' };

/** Escapes a text for the content of an element. */
export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[&<>\r]/g, (character) => ESCAPED[character] ?? '') : text;
}

/** Escapes a text for the value of an attribute. */
export function escapeAttribute(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[&<>"\r\t\n]/g, (character) => ESCAPED_IN_ATTRIBUTE[character] ?? '') : text;
}

/** The prefixes of one message, one for each namespace in use. */
export class Prefixes {
  private readonly byNamespace = new Map([
    [XS, 'xs'],
    [XSI, 'xsi'],
    [CORE, 'v8'],
  ]);

  /** Returns the name with a prefix, for a tag or for the value of `xsi:type`. */
  write(name: Name): string {
    const ns = namespaceOf(name);
    if (ns === '') return localOf(name);
    let prefix = this.byNamespace.get(ns);
    if (prefix === undefined) this.byNamespace.set(ns, (prefix = `n${this.byNamespace.size}`));
    return `${prefix}:${localOf(name)}`;
  }

  /** Returns the declarations of all prefixes, each with a space before it. */
  declarations(): string {
    return [...this.byNamespace].map(([ns, prefix]) => ` xmlns:${prefix}="${escapeAttribute(ns)}"`).join('');
  }
}
