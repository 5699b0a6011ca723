import { localOf, namespaceOf, XS, XSI, CORE, type Name } from './names.js';

/** Control characters, halves of a pair, and what is no character: XML 1.0 carries them in no spelling (https://www.w3.org/TR/xml/#charsets). */
const UNWRITABLE = /(?![\t\n\r\u007f-\u009f])[\p{Cc}\p{Cs}\ufffe\uffff]/u;

/** May this text stand in an XML document? */
export function isWritable(text: string): boolean {
  return !UNWRITABLE.test(text);
}

const SPECIAL = /[&<>"\r\t\n]/;
const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
// a parser makes blanks of what stands for itself in an attribute
const ESCAPED_IN_ATTRIBUTE: Readonly<Record<string, string>> = { ...ESCAPED, '"': '&quot;', '\t': '&#9;', '\n': '&#10;' };

/** A text as the content of an element. */
export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[&<>\r]/g, (character) => ESCAPED[character] ?? '') : text;
}

/** A text between the quotation marks of an attribute. */
export function escapeAttribute(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[&<>"\r\t\n]/g, (character) => ESCAPED_IN_ATTRIBUTE[character] ?? '') : text;
}

/** The prefixes of one message: each namespace that is named gets one. */
export class Prefixes {
  private readonly byNamespace = new Map([
    [XS, 'xs'],
    [XSI, 'xsi'],
    [CORE, 'v8'],
  ]);

  /** The name as it stands in a tag, or in the value of `xsi:type`. */
  write(name: Name): string {
    const ns = namespaceOf(name);
    if (ns === '') return localOf(name);
    let prefix = this.byNamespace.get(ns);
    if (prefix === undefined) this.byNamespace.set(ns, (prefix = `n${this.byNamespace.size}`));
    return `${prefix}:${localOf(name)}`;
  }

  /** The declarations of all of them, with a blank before each. */
  declarations(): string {
    return [...this.byNamespace].map(([ns, prefix]) => ` xmlns:${prefix}="${escapeAttribute(ns)}"`).join('');
  }
}
