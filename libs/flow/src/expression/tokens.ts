/** A token of an expression, as JSONata's tokenizer finds it. Offsets are those of the source of the expression. */
export interface Token {
  readonly kind: 'name' | 'quotedName' | 'variable' | 'string' | 'number' | 'regex' | 'operator' | 'comment';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = ' \t\n\r\v';
/** The characters with which an operator of two characters begins. */
const DOUBLE_STARTS = '.:!><*~?';
/** Operators, which also end a name. Double ones are tried first. Source: `operators` of jsonata's tokenizer. */
const DOUBLE = ['..', ':=', '!=', '>=', '<=', '**', '~>', '?:', '??'];
const SINGLE = '.[]{}(),@#;:?+-*/%|=<>^&!~';
/** The characters of a name: all but white space and operators. */
const NAME_END = /[^ \t\n\r\v.[\]{}(),@#;:?+\-*/%|=<>^&!~]*/y;
const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?/y;

/**
 * Returns the tokens of an expression, also of one with a syntax error: JSONata's tree has only the ends of tokens, and does not exist
 * when the syntax is wrong. An unclosed string, name or comment extends to the end of the source.
 */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const tokenizer = new Tokenizer(source, 0);
  for (let token = tokenizer.next(); token !== undefined; token = tokenizer.next()) tokens.push(token);
  return tokens;
}

/** Yields the tokens of an expression that begins at an offset of a text. Lazy, so that the caller can stop early. */
export function* tokensFrom(text: string, start: number): Generator<Token> {
  const tokenizer = new Tokenizer(text, start);
  for (let token = tokenizer.next(); token !== undefined; token = tokenizer.next()) yield token;
}

class Tokenizer {
  private last: Token | undefined;

  constructor(
    private readonly text: string,
    private at: number,
  ) {}

  /** Returns undefined at the end of the text. */
  next(): Token | undefined {
    const { text } = this;
    while (this.at < text.length && SPACE.includes(text.charAt(this.at))) this.at += 1;
    if (this.at >= text.length) return undefined;
    const [kind, end] = next(text, this.at, text.charAt(this.at), isOperandEnd(this.last));
    const token: Token = { kind, text: text.slice(this.at, end), start: this.at, end };
    if (kind !== 'comment') this.last = token;
    this.at = end;
    return token;
  }
}

function next(source: string, at: number, char: string, operand: boolean): [Token['kind'], number] {
  if (char === '/' && source.charAt(at + 1) === '*') return ['comment', past(source, '*/', at + 2)];
  if (char === '/' && !operand) return ['regex', endOfRegex(source, at + 1)];
  if (char === '"' || char === "'") return ['string', endOfString(source, at)];
  if (char === '`') return ['quotedName', past(source, '`', at + 1)];
  if (SINGLE.includes(char)) {
    const isDouble = DOUBLE_STARTS.includes(char) && DOUBLE.includes(source.slice(at, at + 2));
    return ['operator', isDouble ? at + 2 : at + 1];
  }
  if (char >= '0' && char <= '9') {
    NUMBER.lastIndex = at;
    NUMBER.test(source);
    return ['number', NUMBER.lastIndex];
  }
  // The first character may be one that another kind of token begins with, such as a backslash.
  NAME_END.lastIndex = at + 1;
  NAME_END.test(source);
  const end = NAME_END.lastIndex;
  if (char === '$') return ['variable', end];
  return [['and', 'or', 'in'].includes(source.slice(at, end)) && operand ? 'operator' : 'name', end];
}

/** Returns whether the token ends an operand: after an operand `/` divides, otherwise it begins a regular expression. */
function isOperandEnd(last: Token | undefined): boolean {
  return last !== undefined && (last.kind !== 'operator' || [')', ']', '}'].includes(last.text));
}

function past(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found + mark.length;
}

function endOfString(source: string, start: number): number {
  const quote = source.charAt(start);
  for (let at = start + 1; at < source.length; at += 1) {
    if (source.charAt(at) === '\\') at += 1;
    else if (source.charAt(at) === quote) return at + 1;
  }
  return source.length;
}

function endOfRegex(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (char === '\\') at += 1;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    else if (char === '/' && depth === 0) return endOfFlags(source, at + 1);
  }
  return source.length;
}

function endOfFlags(source: string, from: number): number {
  let end = from;
  while (end < source.length && 'im'.includes(source.charAt(end))) end += 1;
  return end;
}
