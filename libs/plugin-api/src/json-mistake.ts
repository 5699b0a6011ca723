/** The place where a text stops being JSON, and the token that JSON allows there. */
export interface JsonMistake {
  /** From 1. */
  readonly line: number;
  /** In UTF-16 units from 1, as editors count. */
  readonly column: number;
  readonly expected: string;
}

type Closer = '}' | ']';
type Expectation = 'a value' | 'a value or ]' | 'a key' | 'a key or }' | ':' | `, or ${Closer}` | 'the end';
type Token = 'text' | 'scalar' | '{' | '[' | Closer | ':' | ',';

const SPACE = /[ \t\r\n]*/y;
const TOKEN =
  /(?<text>"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*")|(?<scalar>(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.]))|[{}[\],:]/y;

/**
 * Finds the mistake in a text that `JSON.parse` refuses. The messages of `JSON.parse` depend on the version of Node, often contain no
 * position, and quote the text, which may be secret.
 */
export function findJsonMistake(text: string): JsonMistake {
  const open: Closer[] = [];
  let wanted: Expectation = 'a value';
  for (let at = endOf(SPACE, text, 0); ; at = endOf(SPACE, text, TOKEN.lastIndex)) {
    const next = after(wanted, tokenAt(text, at), open);
    if (next === undefined) return { ...positionOf(text, at), expected: wanted };
    wanted = next;
  }
}

function tokenAt(text: string, at: number): Token | undefined {
  TOKEN.lastIndex = at;
  const match = TOKEN.exec(text);
  if (!match) return undefined;
  if (match.groups?.['text'] !== undefined) return 'text';
  return match.groups?.['scalar'] === undefined ? (match[0] as Token) : 'scalar';
}

/**
 * Returns what JSON allows after this token, or undefined when the token is not allowed here. `open`: the brackets that close the lists and
 * maps around it.
 */
function after(wanted: Expectation, token: Token | undefined, open: Closer[]): Expectation | undefined {
  if ((token === ']' || token === '}') && wanted.endsWith(token)) {
    open.pop();
    return afterValue(open);
  }
  if (wanted.startsWith(', ')) return token !== ',' ? undefined : open.at(-1) === '}' ? 'a key' : 'a value';
  if (wanted.startsWith('a key')) return token === 'text' ? ':' : undefined;
  if (wanted === ':') return token === ':' ? 'a value' : undefined;
  if (wanted === 'the end') return undefined;
  if (token === '{' || token === '[') {
    open.push(token === '{' ? '}' : ']');
    return token === '{' ? 'a key or }' : 'a value or ]';
  }
  return token === 'text' || token === 'scalar' ? afterValue(open) : undefined;
}

function afterValue(open: readonly Closer[]): Expectation {
  const closer = open.at(-1);
  return closer === undefined ? 'the end' : `, or ${closer}`;
}

function positionOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  pattern.exec(text);
  return pattern.lastIndex;
}
