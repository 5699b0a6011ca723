/** A token of an expression, as JSONata's tokenizer finds it. Offsets are those of the source of the expression. */
export interface Token {
  readonly kind: 'name' | 'quotedName' | 'variable' | 'string' | 'number' | 'regex' | 'operator' | 'comment';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = ' \t\n\r\v';
/** Operators, which also end a name. Double ones are tried first. Source: `operators` of jsonata's tokenizer. */
const DOUBLE = ['..', ':=', '!=', '>=', '<=', '**', '~>', '?:', '??'];
const SINGLE = '.[]{}(),@#;:?+-*/%|=<>^&!~';
const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?/y;

/**
 * Returns the tokens of an expression, also of one with a syntax error: JSONata's tree has only the ends of tokens, and does not exist
 * when the syntax is wrong. An unclosed string, name or comment extends to the end of the source.
 */
export function tokenize(source: string): readonly Token[] {
  return [...tokensFrom(source, 0)];
}

/** Yields the tokens of an expression that begins at an offset of a text. Lazy, so that the caller can stop early. */
export function* tokensFrom(text: string, start: number): Generator<Token> {
  let last: Token | undefined;
  let at = start;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.includes(char)) {
      at += 1;
      continue;
    }
    const [kind, end] = next(text, at, char, isOperandEnd(last));
    const token: Token = { kind, text: text.slice(at, end), start: at, end };
    yield token;
    if (kind !== 'comment') last = token;
    at = end;
  }
}

function next(source: string, at: number, char: string, operand: boolean): [Token['kind'], number] {
  if (source.startsWith('/*', at)) return ['comment', past(source, '*/', at + 2)];
  if (char === '/' && !operand) return ['regex', endOfRegex(source, at + 1)];
  if (char === '"' || char === "'") return ['string', endOfString(source, at)];
  if (char === '`') return ['quotedName', past(source, '`', at + 1)];
  const double = DOUBLE.find((operator) => source.startsWith(operator, at));
  if (double) return ['operator', at + 2];
  if (SINGLE.includes(char)) return ['operator', at + 1];
  NUMBER.lastIndex = at;
  if (NUMBER.test(source)) return ['number', NUMBER.lastIndex];
  const end = endOfName(source, at);
  if (char === '$') return ['variable', end];
  return [['and', 'or', 'in'].includes(source.slice(at, end)) && operand ? 'operator' : 'name', end];
}

/** Tells whether the token ends an operand: after an operand `/` divides, otherwise it begins a regular expression. */
function isOperandEnd(last: Token | undefined): boolean {
  return last !== undefined && (last.kind !== 'operator' || [')', ']', '}'].includes(last.text));
}

function past(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found + mark.length;
}

function endOfName(source: string, from: number): number {
  let end = from + 1;
  while (end < source.length && !SPACE.includes(source.charAt(end)) && !SINGLE.includes(source.charAt(end))) end += 1;
  return end;
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
