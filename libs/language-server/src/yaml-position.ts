import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Document, type Node, type Scalar } from 'yaml';

/** Stands for the word under the cursor. No flow contains it. */
const MARK = 'sluiceCursor0';

/** A path of keys and indexes from the root of a YAML document. */
export type YamlPath = readonly (string | number)[];

/** The position of a cursor in a YAML text. */
export interface YamlPosition {
  /**
   * - `key`: in a key of the map at `path`
   * - `value`: in the value at `path`
   * - `item`: in an item of a list, which may become a map
   */
  readonly role: 'key' | 'value' | 'item';
  readonly path: YamlPath;
  /** Offset in the text of the first character of the scalar under the cursor, without its quote. */
  readonly start: number;
  /** The scalar up to the cursor, as it is written. */
  readonly typed: string;
  /** True on the first line of a key or an item: a map can begin here only when the style allows it. */
  readonly isOnLineOfKey: boolean;
  /** True inside of `{ }` or `[ ]`. */
  readonly inFlowStyle: boolean;
  readonly isQuoted: boolean;
  /** The closing quote and brackets that are open at the cursor. */
  readonly closers: string;
}

/** A document of a YAML file, by its offsets. */
export interface DocumentRange {
  readonly start: number;
  readonly end: number;
}

/** Returns the range of the document that contains an offset: documents are separated by lines of `---`. */
function documentAt(text: string, offset: number): DocumentRange {
  let start = 0;
  for (const match of text.matchAll(/^---(?:[ \t].*)?$/gm)) {
    const after = match.index + match[0].length;
    if (match.index > offset) return { start, end: match.index };
    if (after <= offset) start = after;
  }
  return { start, end: text.length };
}

/** Returns the position of an offset; undefined in a comment. Reads only the text before it, so that the rest may be unfinished. */
export function yamlPositionAt(text: string, offset: number): YamlPosition | undefined {
  const { start: from } = documentAt(text, offset);
  // the parser drops the last character of a text whose quote is not closed
  const document = parse(`${text.slice(from, offset)}${MARK}_`);
  const found = document && findMark(document);
  if (!found) return undefined;
  const { node, ancestors } = found;
  const isQuoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE';
  const start = from + (node.range?.[0] ?? 0) + (isQuoted ? 1 : 0);
  const { role, path } = pathOf(node, ancestors);
  const flowStyles = ancestors.filter((one) => (isMap(one) || isSeq(one)) && one.flow === true);
  const brackets = flowStyles.toReversed().map((one) => (isMap(one) ? '}' : ']'));
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  return {
    role,
    path,
    start,
    typed: text.slice(start, offset),
    isOnLineOfKey: text.slice(lineStart, start).trim() !== '',
    inFlowStyle: flowStyles.length > 0,
    isQuoted,
    closers: `${node.type === 'QUOTE_SINGLE' ? "'" : node.type === 'QUOTE_DOUBLE' ? '"' : ''}${brackets.join('')}`,
  };
}

/** A text in which a placeholder replaces the unfinished part at the cursor. */
export interface Repaired {
  readonly text: string;
  /** Offset in the text of the placeholder. */
  readonly mark: number;
  /** The values of the document that contains the cursor; undefined when they cannot be read. */
  readonly value: unknown;
}

/**
 * Replaces the unfinished part at the cursor, so that the rest of the file can be read.
 * @param from offset of the first character that is replaced
 * @param isExpression true when an expression is replaced: its `}}` on the same line belongs to it
 */
export function repair(text: string, offset: number, position: YamlPosition, from: number, isExpression: boolean): Repaired {
  const { start, end } = documentAt(text, offset);
  const nextLine = text.indexOf('\n', offset);
  const lineEnd = nextLine < 0 || nextLine > end ? end : nextLine;
  const after = text.slice(offset, lineEnd);
  const close = isExpression ? after.indexOf('}}') : -1;
  const tail = close >= 0 ? after.slice(close + 2) : after.replace(/^[^\s'"{}[\],:]*/, '');
  const mark = text.slice(start, from).length;
  // conditions are read only when they are expressions
  const head = `${text.slice(start, from)}${isExpression ? `\${{ ${MARK} }}` : MARK}`;
  const needsColon = position.role === 'key' && !tail.trimStart().startsWith(':');
  const value = needsColon ? ': 0' : '';
  const rest = text.slice(lineEnd, end);
  const candidates = [
    `${head}${value}${tail}${rest}`,
    `${head}${value}${position.closers}${rest}`,
    `${head}${value}${position.closers}`,
  ];
  let best: { readonly candidate: string; readonly errors: number; readonly value: unknown } | undefined;
  for (const candidate of candidates) {
    const document = parse(candidate);
    if (!document || !findMark(document)) continue;
    const errors = document.errors.length;
    if (best === undefined || errors < best.errors) best = { candidate, errors, value: valueOf(document) };
    if (errors === 0) break;
  }
  const chosen = best ?? { candidate: head, value: undefined };
  return { text: `${text.slice(0, start)}${chosen.candidate}${text.slice(end)}`, mark: start + mark, value: chosen.value };
}

/** Returns the value at a path. */
export function valueAt(value: unknown, path: YamlPath): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[step];
  }
  return current;
}

/** Returns the keys of the map at a path, without the placeholder. */
export function keysAt(value: unknown, path: YamlPath): readonly string[] {
  const map = valueAt(value, path);
  return typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.keys(map).filter((key) => key !== MARK) : [];
}

function parse(text: string): Document.Parsed | undefined {
  try {
    return parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent', keepSourceTokens: false });
  } catch {
    // the parser is recursive: a text with thousands of brackets overflows the stack
    return undefined;
  }
}

function valueOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    return undefined;
  }
}

type Ancestors = readonly unknown[];

function findMark(document: Document.Parsed): { readonly node: Scalar; readonly ancestors: Ancestors } | undefined {
  let found: { readonly node: Scalar; readonly ancestors: Ancestors } | undefined;
  visit(document, {
    Scalar: (_key, node, ancestors) => {
      if (typeof node.value !== 'string' || !node.value.includes(MARK)) return undefined;
      found = { node, ancestors: [...ancestors] };
      return visit.BREAK;
    },
  });
  return found;
}

function pathOf(node: Node, ancestors: Ancestors): Pick<YamlPosition, 'role' | 'path'> {
  const path: (string | number)[] = [];
  const chain = [...ancestors, node];
  let role: YamlPosition['role'] = 'value';
  for (const [at, one] of chain.entries()) {
    const next = chain[at + 1];
    if (isSeq(one) && next !== undefined) {
      path.push(one.items.indexOf(next));
      role = 'item';
    } else if (isPair(one) && next === one.key) role = 'key';
    else if (isPair(one)) {
      path.push(isScalar(one.key) ? String(one.key.value) : '');
      role = 'value';
    }
  }
  return { role, path };
}
