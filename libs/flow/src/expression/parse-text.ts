import { findCharacters } from './characters.js';
import { collectReferences, type Reference } from './references.js';
import { shifted, type ExpressionProblem } from './problem.js';
import { MAX_CHARACTERS, tooDeep, tooLong, tooManyLevels, tooNested, type SizeProblem } from './size.js';
import { parseExpression, type SyntaxFault, type SyntaxNode } from './syntax.js';
import { explainSyntax } from './syntax-cures.js';
import { tokenize, tokensFrom, type Token } from './tokens.js';

/** Text outside of expressions. */
export interface LiteralPart {
  readonly kind: 'literal';
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** One `${{ … }}`. */
export interface ExpressionPart {
  readonly kind: 'expression';
  /** Offset in the text of `${{`. */
  readonly start: number;
  /** Offset in the text after `}}`. */
  readonly end: number;
  /** The text between the braces, including white space. */
  readonly source: string;
  /** Offset in the text of the first character of `source`. */
  readonly sourceStart: number;
  /** Undefined when the expression cannot be parsed; `problems` contains the reason. */
  readonly ast: SyntaxNode | undefined;
  /** Offsets are those of `source`. */
  readonly tokens: readonly Token[];
  readonly references: readonly Reference[];
}

export interface ParsedText {
  readonly text: string;
  readonly parts: readonly (LiteralPart | ExpressionPart)[];
  /** True when the text is one expression, apart from white space: the value then keeps its type. */
  readonly whole: boolean;
  /** The problems that prevent the compilation of the text. */
  readonly problems: readonly ExpressionProblem[];
}

/** Maximum ends to try for one expression. */
const MAX_TRIES = 50;
/** Maximum ends to try after the end that the brackets indicate: the tokenizer may have read a division as a regular expression. */
const MAX_TRIES_PAST_END = 2;
const OPEN = '${{';
const CLOSE = '}}';

/**
 * Parses a text into literal parts and expressions. An expression ends at the first `}}` before which it is a complete JSONata expression,
 * so braces and quotes inside it need no escapes. Does not throw: it returns the errors as `problems`.
 */
export function parseText(text: string): ParsedText {
  let parsed = recent.get(text);
  if (parsed === undefined) {
    parsed = parseAnew(text);
    remember(parsed);
  }
  return parsed;
}

/** Cache of recently parsed texts: flows repeat their texts, and JSONata's parser is slow. */
const recent = new Map<string, ParsedText>();
/** Maximum characters of all cached texts. Their trees take about 200 bytes per character. */
const MAX_RECENT_CHARACTERS = 64 * 1024;
let recentCharacters = 0;

function remember(parsed: ParsedText): void {
  const { length } = parsed.text;
  if (length > MAX_RECENT_CHARACTERS) return;
  if (recentCharacters + length > MAX_RECENT_CHARACTERS) {
    recent.clear();
    recentCharacters = 0;
  }
  recent.set(parsed.text, parsed);
  recentCharacters += length;
}

function parseAnew(text: string): ParsedText {
  const parts: (LiteralPart | ExpressionPart)[] = [];
  const problems: ExpressionProblem[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf(OPEN, at);
    if (open > at || open < 0) parts.push(literal(text, at, open < 0 ? text.length : open));
    if (open < 0) break;
    const part = readExpression(text, open, problems);
    if (!part) {
      parts.push(literal(text, open, text.length));
      break;
    }
    parts.push(part);
    at = part.end;
  }
  return { text, parts, whole: isWhole(parts), problems };
}

/** Returns whether the value is a text in which an expression begins. */
export function opensExpression(value: unknown): boolean {
  return typeof value === 'string' && value.includes(OPEN);
}

/** Returns the end of the expression at the beginning of a text: the offset after its `}}`. Returns undefined when it has no end. */
export function expressionEnd(text: string): number | undefined {
  const first = parseText(text).parts[0];
  return first?.kind === 'expression' ? first.end : undefined;
}

function literal(text: string, start: number, end: number): LiteralPart {
  return { kind: 'literal', start, end, value: text.slice(start, end) };
}

function isWhole(parts: ParsedText['parts']): boolean {
  const rest = parts.filter((part) => part.kind === 'expression' || part.value.trim() !== '');
  return rest.length === 1 && rest[0]?.kind === 'expression';
}

function readExpression(text: string, open: number, problems: ExpressionProblem[]): ExpressionPart | undefined {
  const sourceStart = open + OPEN.length;
  let firstFault: SyntaxFault | undefined;
  let end: number | undefined;
  let tries = 0;
  for (let close = text.indexOf(CLOSE, sourceStart); close >= 0 && tries < MAX_TRIES; close = text.indexOf(CLOSE, close + 1)) {
    const source = text.slice(sourceStart, close);
    const long = tooLong(source);
    const tokens = long ? [] : tokenize(source);
    const large = long ?? tooNested(tokens);
    if (large) return firstFault ? broken(text, open, problems) : refused(text, open, large, problems);
    const parsed = parseExpression(source, tokens);
    const deep = parsed.ok ? tooDeep(parsed.ast, source) : parsed.fault instanceof RangeError ? tooManyLevels() : undefined;
    if (deep) return refused(text, open, deep, problems);
    if (parsed.ok) return complete(open, source, tokens, parsed.ast, problems);
    firstFault ??= parsed.fault;
    end ??= probableEnd(text, sourceStart);
    tries += close < end ? 1 : MAX_TRIES / MAX_TRIES_PAST_END;
  }
  if (!firstFault) {
    problems.push({
      code: 'EXPR_UNCLOSED',
      severity: 'error',
      message: 'this expression has no end: "}}" is missing',
      start: open,
      end: sourceStart,
      ...closed(text, open),
    });
    return undefined;
  }
  return broken(text, open, problems);
}

/** Adds the missing `}}`: at a single `}` that completes the expression, otherwise at the end. */
function closed(text: string, open: number): Required<Pick<ExpressionProblem, 'write' | 'edits'>> {
  const sourceStart = open + OPEN.length;
  let tries = 0;
  for (let brace = text.indexOf('}', open); brace >= 0 && tries < MAX_TRIES; brace = text.indexOf('}', brace + 1)) {
    const source = text.slice(sourceStart, brace);
    tries += 1;
    if (!tooLong(source) && !tooNested(tokenize(source)) && parseExpression(source).ok)
      return {
        write: `${text.slice(open, brace)}${CLOSE}${text.slice(brace + 1)}`.trimEnd(),
        edits: [{ start: brace, end: brace + 1, text: CLOSE }],
      };
  }
  const end = text.trimEnd().length;
  return { write: `${text.slice(open, end)} ${CLOSE}`, edits: [{ start: end, end, text: ` ${CLOSE}` }] };
}

function complete(
  open: number,
  source: string,
  tokens: readonly Token[],
  ast: SyntaxNode,
  problems: ExpressionProblem[],
): ExpressionPart {
  const sourceStart = open + OPEN.length;
  problems.push(...findCharacters(source, tokens).map((problem) => shifted(problem, sourceStart)));
  const references = collectReferences(ast, tokens).map((reference) => ({
    ...reference,
    spans: reference.spans.map((span) => ({ start: span.start + sourceStart, end: span.end + sourceStart })),
  }));
  return {
    kind: 'expression',
    start: open,
    end: sourceStart + source.length + CLOSE.length,
    source,
    sourceStart,
    ast,
    tokens,
    references,
  };
}

/** Returns an expression that is too large. Its braces and quotes determine its end, so that the rest of the text is checked as well. */
function refused(text: string, open: number, { message, cure }: SizeProblem, problems: ExpressionProblem[]): ExpressionPart {
  const part = unread(text, open, []);
  problems.push({ code: 'EXPR_SIZE', severity: 'error', message, start: open, end: open + OPEN.length, do: cure });
  return part;
}

/** Returns an expression with a syntax error. Its braces and quotes determine its end. */
function broken(text: string, open: number, problems: ExpressionProblem[]): ExpressionPart {
  const sourceStart = open + OPEN.length;
  const source = text.slice(sourceStart, probableEnd(text, sourceStart));
  const long = tooLong(source);
  const tokens = long ? [] : tokenize(source);
  const large = long ?? tooNested(tokens);
  if (large) return refused(text, open, large, problems);
  const parsed = parseExpression(source, tokens);
  const characters = findCharacters(source, tokens);
  const found = characters.length > 0 || parsed.ok ? characters : [explainSyntax(source, tokens, parsed.fault)];
  problems.push(...found.map((problem) => shifted(problem, sourceStart)));
  return unread(text, open, tokens);
}

function unread(text: string, open: number, tokens: readonly Token[]): ExpressionPart {
  const sourceStart = open + OPEN.length;
  const source = text.slice(sourceStart, probableEnd(text, sourceStart));
  const end = sourceStart + source.length + CLOSE.length;
  return { kind: 'expression', start: open, end, source, sourceStart, ast: undefined, tokens, references: [] };
}

/** Returns the first `}}` outside of braces, quotes and comments; when an open brace hides all of them, the first of all. */
function probableEnd(text: string, from: number): number {
  let depth = 0;
  for (const token of tokensFrom(text, from)) {
    if (token.start - from > MAX_CHARACTERS) break;
    if (token.text === '{') depth += 1;
    if (token.text !== '}') continue;
    if (depth === 0 && text.startsWith(CLOSE, token.start)) return token.start;
    depth = Math.max(0, depth - 1);
  }
  return text.indexOf(CLOSE, from);
}
