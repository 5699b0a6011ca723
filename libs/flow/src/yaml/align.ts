import type { ScalarNode } from './nodes.js';
import type { SourceText, Span } from './source-text.js';

const ONE_LETTER_ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  '\t': '\t',
};
const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * Maps offsets in a scalar's value to offsets in the file. YAML changes only white space (folding, indentation), doubled quotes and
 * escapes, so the constructor walks along the value and its source in parallel, character by character.
 */
export class Alignment {
  private readonly starts: number[] = [];
  /** The offsets after each character: an escape and a doubled quote are longer than one. */
  private readonly ends: number[] = [];
  /** The offset of the first character, when the value is spelt in the file as it is. */
  private readonly literalStart: number | undefined;

  constructor(
    private readonly node: ScalarNode,
    source: SourceText,
  ) {
    const { value, start, end } = node;
    if (typeof value !== 'string') return;
    const raw = source.text.slice(start, end);
    const from = contentStart(node, raw);
    if (raw.startsWith(value, from)) this.literalStart = start + from;
    else this.walk(value, raw, from);
  }

  /** Returns the span in the file for a range of offsets in the value. */
  span(start: number, end: number): Span {
    const from = this.literalStart;
    if (from !== undefined && start < String(this.node.value).length)
      return { start: from + start, end: from + Math.max(end, start + 1) };
    const first = this.starts[start];
    if (first === undefined) return { start: this.node.start, end: this.node.end };
    return { start: first, end: this.ends[end > start ? end - 1 : start] ?? first + 1 };
  }

  /** Notes where a character of the value, or both halves of one, is spelt: offsets in the scalar. */
  private add(start: number, end: number): void {
    this.starts.push(this.node.start + start);
    this.ends.push(this.node.start + end);
  }

  private walk(value: string, raw: string, from: number): void {
    let at = from;
    let index = 0;
    while (index < value.length) {
      const character = value[index] as string;
      if (this.node.style === 'double' && raw[at] === '\\') {
        const escape = readEscape(raw, at);
        for (let unit = 0; unit < escape.text.length; unit++) this.add(at, at + escape.length);
        index += escape.text.length;
        at += escape.length;
      } else if (isSpace(character)) {
        this.add(at, at + 1);
        index++;
        if (raw[at] === character) at++;
      } else {
        // Only white space and escapes without a value may lie between two characters of the value.
        while (at < raw.length && raw[at] !== character && !(this.node.style === 'double' && raw[at] === '\\')) at++;
        if (at >= raw.length) return;
        if (raw[at] !== character) continue;
        const length = this.node.style === 'single' && character === "'" ? 2 : 1;
        this.add(at, at + length);
        index++;
        at += length;
      }
    }
  }
}

function contentStart(node: ScalarNode, raw: string): number {
  if (node.style === 'plain') return 0;
  if (node.style === 'block') return raw.indexOf('\n') + 1;
  return 1;
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\t';
}

function readEscape(raw: string, at: number): { readonly text: string; readonly length: number } {
  const letter = raw[at + 1] ?? '';
  const digits = HEX_ESCAPES[letter];
  if (digits !== undefined) {
    const code = Number.parseInt(raw.slice(at + 2, at + 2 + digits), 16);
    return { text: String.fromCodePoint(code), length: 2 + digits };
  }
  const text = ONE_LETTER_ESCAPES[letter];
  if (text !== undefined) return { text, length: 2 };
  // A backslash at the end of a line joins it with the next line.
  return { text: '', length: 1 + (/^\r?\n[ \t]*/.exec(raw.slice(at + 1))?.[0].length ?? 1) };
}
