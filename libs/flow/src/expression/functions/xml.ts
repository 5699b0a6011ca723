import { allocate, spend, spendText } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { LIMITS } from '../limits.js';
import { setField } from '../values.js';

const MAX_DEPTH = 100;
/** Bytes per element, as data. */
const ELEMENT_BYTES = 100;
/** Work of reading one element. */
const ELEMENT_UNITS = 20;
/** Maximum characters of a reference, such as `#1114111`. */
const MAX_REFERENCE = 10;
const TEXT = '#text';

/**
 * `$xml(text)`: parses XML. Elements have their local name, attributes become `@name`, text beside attributes becomes `#text`, repeated
 * elements become lists. Texts keep their white space, but white space alone between child elements is ignored. DTDs are rejected: they
 * can expand a small text to a huge one, and refer to files of the host.
 *
 * @throws `EXPR_FAILED` with the line for a text that is not well-formed XML 1.0; `EXPR_LIMIT` for more than 4 MiB or 100 levels
 */
export function xml(text: unknown): unknown {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw badArgument('$xml takes a text');
  if (text.length * 3 > LIMITS.resultBytes && Buffer.byteLength(text) > LIMITS.resultBytes) {
    throw overLimit('$xml takes at most 4 MiB');
  }
  spendText(text.length * 4);
  return new Scanner(text.startsWith('\ufeff') ? text.slice(1) : text).document();
}

interface Element {
  readonly name: string;
  readonly fields: Record<string, unknown>;
  /** Lists that this reader has built of repeated elements. */
  readonly repeated: Map<string, unknown[]>;
  text: string;
  hasAttributes: boolean;
  hasChildren: boolean;
}

const NAME =
  /[:A-Z_a-z\u00c0-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\ud800-\udbff][-.:\w\u00b7\u00c0-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\ud800-\udfff]*/y;
const BLANKS = /[ \t\r\n]*/y;
/** Characters that XML 1.0 forbids everywhere, even as a reference. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const NOT_BLANK = /[^ \t\r\n]/;

/** Reads a document in one pass. */
class Scanner {
  #at = 0;
  readonly #open: Element[] = [];

  constructor(private readonly source: string) {
    if (FORBIDDEN.test(source)) throw badArgument('$xml was given a text with a character that XML does not allow');
  }

  document(): unknown {
    let root: Record<string, unknown> | undefined;
    while (this.#at < this.source.length) {
      const next = this.source.indexOf('<', this.#at);
      this.#characters(next < 0 ? this.source.length : next);
      if (next < 0) break;
      const closed = this.#markup();
      if (!closed) continue;
      if (root) this.#refuse('it has more than one root element');
      root = closed;
    }
    const unclosed = this.#open.at(-1);
    if (unclosed) this.#refuse(`<${unclosed.name}> is not closed`);
    return root ?? this.#refuse('it has no element');
  }

  /** Reads character data up to an offset. */
  #characters(end: number): void {
    const text = this.source.slice(this.#at, end);
    const element = this.#open.at(-1);
    if (!element) {
      if (NOT_BLANK.test(text)) this.#refuse('text stands outside of the root element');
    } else if (text.length > 0) {
      if (text.includes(']]>')) this.#refuse('"]]>" stands in a text');
      element.text += this.#resolved(text);
    }
    this.#at = end;
  }

  /** Reads markup. Returns the root element when the markup closes it. */
  #markup(): Record<string, unknown> | undefined {
    if (this.#skip('<!--', '-->')) return undefined;
    if (this.source.startsWith('<![CDATA[', this.#at)) return this.#cdata();
    if (this.source.startsWith('<?', this.#at)) return this.#instruction();
    if (this.source.startsWith('<!', this.#at)) throw badArgument('$xml takes no document with a DTD');
    return this.source.startsWith('</', this.#at) ? this.#endTag() : this.#startTag();
  }

  #skip(begin: string, end: string): boolean {
    if (!this.source.startsWith(begin, this.#at)) return false;
    const found = this.source.indexOf(end, this.#at + begin.length);
    if (found < 0) this.#refuse(`"${end}" is missing`);
    this.#at = found + end.length;
    return true;
  }

  #cdata(): undefined {
    const begin = this.#at + '<![CDATA['.length;
    const element = this.#open.at(-1);
    if (!element) this.#refuse('a text stands outside of the root element');
    this.#skip('<![CDATA[', ']]>');
    element.text += lineEnds(this.source.slice(begin, this.#at - ']]>'.length));
  }

  #instruction(): undefined {
    const begin = this.#at;
    this.#at += '<?'.length;
    const target = this.#name();
    if (target.toLowerCase() === 'xml' && begin > 0) this.#refuse('the declaration <?xml is not at the beginning');
    this.#at = begin;
    this.#skip('<?', '?>');
  }

  #startTag(): Record<string, unknown> | undefined {
    this.#at += 1;
    const element: Element = {
      name: this.#name(),
      fields: {},
      repeated: new Map(),
      text: '',
      hasAttributes: false,
      hasChildren: false,
    };
    spend(ELEMENT_UNITS);
    allocate(ELEMENT_BYTES);
    this.#attributes(element);
    const empty = this.source.startsWith('/>', this.#at);
    if (!empty && this.source.charAt(this.#at) !== '>') this.#refuse(`<${element.name}> has no ">"`);
    this.#at += empty ? 2 : 1;
    if (this.#open.length >= MAX_DEPTH) throw overLimit(`$xml takes at most ${MAX_DEPTH} levels`);
    this.#open.push(element);
    return empty ? this.#close() : undefined;
  }

  #attributes(element: Element): void {
    const seen = new Set<string>();
    for (;;) {
      const before = this.#at;
      this.#blanks();
      if (this.#at >= this.source.length || '/>'.includes(this.source.charAt(this.#at))) return;
      if (this.#at === before) this.#refuse('a blank is missing before an attribute');
      const name = this.#name();
      const value = this.#attributeValue(name);
      if (seen.has(name)) this.#refuse(`the attribute ${name} is repeated`);
      seen.add(name);
      if (name === 'xmlns' || name.startsWith('xmlns:')) continue;
      const key = `@${localName(name)}`;
      if (Object.hasOwn(element.fields, key)) this.#refuse(`two attributes have the local name ${localName(name)}`);
      setField(element.fields, key, value);
      element.hasAttributes = true;
    }
  }

  #attributeValue(name: string): string {
    this.#blanks();
    if (this.source.charAt(this.#at) !== '=') this.#refuse(`the attribute ${name} has no value`);
    this.#at += 1;
    this.#blanks();
    const quote = this.source.charAt(this.#at);
    const end = quote === '"' || quote === "'" ? this.source.indexOf(quote, this.#at + 1) : -1;
    if (end < 0) this.#refuse(`the value of the attribute ${name} is not in quotes`);
    const raw = this.source.slice(this.#at + 1, end);
    if (raw.includes('<')) this.#refuse(`"<" stands in the attribute ${name}`);
    this.#at = end + 1;
    return this.#resolved(raw.replaceAll(/\r\n|[\t\n\r]/g, ' '));
  }

  #endTag(): Record<string, unknown> | undefined {
    this.#at += 2;
    const name = this.#name();
    this.#blanks();
    const open = this.#open.at(-1);
    if (open?.name !== name) this.#refuse(open ? `</${name}> closes <${open.name}>` : `</${name}> closes nothing`);
    if (this.source.charAt(this.#at) !== '>') this.#refuse(`</${name}> has no ">"`);
    this.#at += 1;
    return this.#close();
  }

  #close(): Record<string, unknown> | undefined {
    const element = this.#open.pop() as Element;
    const parent = this.#open.at(-1);
    const value = valueOf(element);
    const name = localName(element.name);
    if (!parent) return { [name]: value };
    parent.hasChildren = true;
    const list = parent.repeated.get(name);
    if (list) list.push(value);
    else if (Object.hasOwn(parent.fields, name)) {
      const made = [parent.fields[name], value];
      parent.repeated.set(name, made);
      setField(parent.fields, name, made);
    } else setField(parent.fields, name, value);
    return undefined;
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.source)?.[0];
    if (name === undefined) this.#refuse('a name is missing');
    this.#at += name.length;
    return name;
  }

  #blanks(): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.source);
    this.#at = BLANKS.lastIndex;
  }

  /** Resolves the references of a text: the five named ones of XML, and references to characters. */
  #resolved(text: string): string {
    const read = lineEnds(text);
    let made = '';
    let from = 0;
    for (let at = read.indexOf('&'); at >= 0; at = read.indexOf('&', from)) {
      spend(1);
      const end = read.indexOf(';', at);
      const reference = read.slice(at + 1, end < 0 || end > at + MAX_REFERENCE ? at + MAX_REFERENCE : end);
      const character = ENTITIES.get(reference) ?? characterOf(reference);
      if (character === undefined) this.#refuse(`&${reference} is not a reference of XML`);
      made += read.slice(from, at) + character;
      from = end + 1;
    }
    return made + read.slice(from);
  }

  #refuse(why: string): never {
    let line = 1;
    for (let at = this.source.indexOf('\n'); at >= 0 && at < this.#at; at = this.source.indexOf('\n', at + 1)) line += 1;
    throw badArgument(
      `$xml was given a text that is not XML (line ${line}: ${why.length > 100 ? `${why.slice(0, 100)}…` : why})`,
    );
  }
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

const REFERENCE = /^#(?:(\d{1,7})|x([\da-fA-F]{1,6}))$/;

/** Returns the character of a reference such as `#1092` or `#x444`. */
function characterOf(reference: string): string | undefined {
  const [, decimal, hex] = REFERENCE.exec(reference) ?? [];
  if (decimal === undefined && hex === undefined) return undefined;
  const code = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  const character = String.fromCodePoint(code);
  return FORBIDDEN.test(character) ? undefined : character;
}

/** Converts line ends to \n, as XML demands. */
function lineEnds(text: string): string {
  return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
}

function valueOf({ fields, text, hasAttributes, hasChildren }: Element): unknown {
  if (!hasAttributes && !hasChildren) return text;
  // White space between child elements is only the layout of the document.
  if (text.length > 0 && (!hasChildren || NOT_BLANK.test(text))) setField(fields, TEXT, text);
  return fields;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
