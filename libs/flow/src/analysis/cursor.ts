import { tokenize, type Token } from '../expression/tokens.js';

/** The place of a cursor in an expression that is still being written. */
export interface ExpressionCursor {
  /** The names before the cursor, when it continues a path; empty at the begin of a path. Undefined where no name can follow. */
  readonly path?: readonly string[];
  /** Present when the cursor is in the name of a function: the part before the cursor, without the `$`. */
  readonly functionName?: string;
  /** Characters before the cursor that belong to the name under it, with its backtick or `$`. */
  readonly typed: number;
  /** Present inside of the brackets of a call: the function, and the index of the argument. The innermost call. */
  readonly call?: { readonly name: string; readonly argument: number };
}

/** Maximum characters of an expression that are read before a cursor. */
const MAX_CHARACTERS = 8_000;

/**
 * Reads an expression that ends at the cursor.
 * @param text the text before the cursor, from the begin of its value on
 * @returns undefined when the cursor is not in an expression
 */
export function cursorInExpression(text: string): ExpressionCursor | undefined {
  for (let open = text.lastIndexOf('${{'); open >= 0; open = open === 0 ? -1 : text.lastIndexOf('${{', open - 1)) {
    if (text.length - open > MAX_CHARACTERS) return undefined;
    const source = text.slice(open + 3);
    const tokens = tokenize(source).filter(({ kind }) => kind !== 'comment');
    const end = closingToken(tokens);
    if (end === undefined) return cursorAfter(source, tokens);
    // a text or a bracket of an outer expression may contain the marks
    if (end < source.length) return undefined;
  }
  return undefined;
}

/** Returns the offset after the `}}` that ends the expression; undefined when it is still open. */
function closingToken(tokens: readonly Token[]): number | undefined {
  let depth = 0;
  for (const [index, { text, start }] of tokens.entries()) {
    if (text === '{') depth += 1;
    if (text !== '}') continue;
    const next = tokens[index + 1];
    if (depth === 0 && next?.text === '}' && next.start === start + 1) return next.end;
    depth = Math.max(0, depth - 1);
  }
  return undefined;
}

function cursorAfter(source: string, tokens: readonly Token[]): ExpressionCursor {
  const call = callAround(tokens);
  const rest = { ...(call && { call }) };
  const last = tokens.at(-1);
  // an unclosed text or regular expression reaches to the cursor
  const closed = last === undefined || last.end < source.length;
  if (!closed && last.kind === 'variable') return { functionName: last.text.slice(1), typed: last.text.length, ...rest };
  if (!closed && (last.kind === 'name' || last.kind === 'quotedName')) {
    const path = pathBefore(tokens.slice(0, -1));
    return { ...(path && { path }), typed: last.text.length, ...rest };
  }
  if (last !== undefined && last.kind !== 'operator') return { typed: 0, ...rest };
  const path = pathBefore(tokens);
  return { ...(path && { path }), typed: 0, ...rest };
}

/** Returns the path that a name after these tokens continues, from the roots. Undefined when no name can follow, or the path is unknown. */
function pathBefore(tokens: readonly Token[]): readonly string[] | undefined {
  const last = tokens.at(-1);
  if (last?.text !== '.') return last === undefined || startsOperand(last) ? pathOfItems(tokens) : undefined;
  const names: string[] = [];
  let at = tokens.length;
  while (tokens[at - 1]?.text === '.') {
    at = beforeFilters(tokens, at - 2);
    const token = tokens[at];
    // a path from the root of the expression
    if (token?.kind === 'variable' && token.text === '$$') return names;
    if (token?.kind === 'variable' && token.text === '$') break;
    const name = token && nameOf(token);
    if (name === undefined) return undefined;
    names.unshift(name);
  }
  const items = pathOfItems(tokens.slice(0, at));
  return items && [...items, ...names];
}

/** Returns the path of the items that names after these tokens belong to, as in `lines[` and in `lines.(`. Empty: they are roots. */
function pathOfItems(tokens: readonly Token[]): readonly string[] | undefined {
  const open = openBracket(tokens);
  if (open === undefined) return [];
  const before = tokens[open - 1];
  if (before?.text === '.') return pathBefore(tokens.slice(0, open));
  const isFilter = tokens[open]?.text === '[' && before && (nameOf(before) !== undefined || before.text === ']');
  return isFilter ? pathBefore([...tokens.slice(0, open), DOT]) : pathOfItems(tokens.slice(0, open));
}

const DOT: Token = { kind: 'operator', text: '.', start: 0, end: 0 };

/** Returns the index of the innermost bracket that is open after the tokens. */
function openBracket(tokens: readonly Token[]): number | undefined {
  let depth = 0;
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    const { text, kind } = tokens[at] as Token;
    if (kind !== 'operator') continue;
    if (')]}'.includes(text)) depth += 1;
    if (!'([{'.includes(text)) continue;
    if (depth === 0) return at;
    depth -= 1;
  }
  return undefined;
}

/** Skips filters such as `[0]` backwards from an index; returns the index of the token before them. */
function beforeFilters(tokens: readonly Token[], from: number): number {
  let at = from;
  while (tokens[at]?.text === ']') {
    const open = openBracket(tokens.slice(0, at));
    if (open === undefined) return -1;
    at = open - 1;
  }
  return at;
}

function nameOf({ kind, text }: Token): string | undefined {
  if (kind === 'name') return text;
  return kind === 'quotedName' ? text.replace(/^`|`$/g, '') : undefined;
}

function startsOperand({ kind, text }: Token): boolean {
  return kind === 'operator' && !')]}'.includes(text);
}

function callAround(tokens: readonly Token[]): ExpressionCursor['call'] {
  for (let open = openBracket(tokens); open !== undefined; open = openBracket(tokens.slice(0, open))) {
    const before = tokens[open - 1];
    if (tokens[open]?.text !== '(' || before?.kind !== 'variable') continue;
    let depth = 0;
    let argument = 0;
    for (const { kind, text } of tokens.slice(open + 1)) {
      if (kind !== 'operator') continue;
      if ('([{'.includes(text)) depth += 1;
      else if (')]}'.includes(text)) depth -= 1;
      else if (text === ',' && depth === 0) argument += 1;
    }
    return { name: before.text.slice(1), argument };
  }
  return undefined;
}

/** Returns the path of names that ends at the name under an offset of an expression, such as `trigger.data` in `trigger.da|ta.total`. */
export function pathUnder(
  source: string,
  offset: number,
): { readonly path: readonly string[]; readonly token: Token } | undefined {
  const tokens = tokenize(source).filter(({ kind }) => kind !== 'comment');
  const at = tokens.findIndex(({ start, end, kind }) => start <= offset && offset <= end && kind !== 'operator');
  const token = tokens[at];
  const name = token && nameOf(token);
  if (!token || name === undefined) return undefined;
  const before = pathBefore(tokens.slice(0, at));
  return before && { path: [...before, name], token };
}

/** Returns the function under an offset of an expression, without the `$`. */
export function functionUnder(source: string, offset: number): { readonly name: string; readonly token: Token } | undefined {
  const token = tokenize(source).find(({ start, end, kind }) => start <= offset && offset <= end && kind === 'variable');
  return token && { name: token.text.slice(1), token };
}
