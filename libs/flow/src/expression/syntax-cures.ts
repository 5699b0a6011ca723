import { lowerFirst } from '../lower-first.js';
import type { ExpressionProblem, TextChange } from './problem.js';
import { parseExpression, type SyntaxFault } from './syntax.js';
import type { Token } from './tokens.js';

interface Mistake {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly edits: readonly TextChange[];
}

/** Operators of other languages, the longest first. */
const FOREIGN: readonly (readonly [spelling: string, replacement: string, message: string])[] = [
  ['!==', '!=', 'JSONata writes "not equal" as "!="'],
  ['===', '=', 'JSONata compares with one "="'],
  ['==', '=', 'JSONata compares with one "="'],
  ['&&', 'and', 'JSONata writes "and", not "&&"'],
  ['||', 'or', 'JSONata writes "or", not "||"'],
  ['<>', '!=', 'JSONata writes "not equal" as "!="'],
];

/** Explains a syntax error, with the cure for common mistakes. Offsets are those of the source. */
export function explainSyntax(source: string, tokens: readonly Token[], fault: SyntaxFault): ExpressionProblem {
  const mistakes = [...foreignOperators(source, tokens), ...negations(tokens), ...unquotedNames(source, tokens)];
  const first = mistakes.toSorted((a, b) => a.start - b.start)[0];
  if (!first) return plainProblem(source, tokens, fault);
  const write = corrected(source, mistakes);
  const { start, end, message } = first;
  const edits = mistakes.flatMap((mistake) => mistake.edits);
  return { code: 'EXPR_SYNTAX', severity: 'error', message, start, end, ...(write !== undefined && { write, edits }) };
}

function corrected(source: string, mistakes: readonly Mistake[]): string | undefined {
  let fixed = source;
  const edits = mistakes.flatMap((mistake) => mistake.edits);
  for (const { start, end, text } of edits.toSorted((a, b) => b.start - a.start))
    fixed = fixed.slice(0, start) + text + fixed.slice(end);
  return parseExpression(fixed).ok ? fixed.trim() : undefined;
}

function foreignOperators(source: string, tokens: readonly Token[]): readonly Mistake[] {
  const found: Mistake[] = [];
  for (const token of tokens) {
    if (token.kind !== 'operator' || token.start < (found.at(-1)?.end ?? 0)) continue;
    const foreign = FOREIGN.find(([spelling]) => source.startsWith(spelling, token.start));
    if (!foreign) continue;
    const [spelling, word, message] = foreign;
    const end = token.start + spelling.length;
    found.push({
      start: token.start,
      end,
      message,
      edits: [{ start: token.start, end, text: spaced(source, token.start, end, word) }],
    });
  }
  return found;
}

/** Adds spaces where necessary: `a&&b` must become `a and b`. */
function spaced(source: string, start: number, end: number, word: string): string {
  if (!/^\w/.test(word)) return word;
  const before = /\s$/.test(source.slice(0, start)) ? '' : ' ';
  const after = /^\s/.test(source.slice(end)) ? '' : ' ';
  return before + word + after;
}

function negations(tokens: readonly Token[]): readonly Mistake[] {
  return tokens.flatMap((token, index) => {
    const closing = token.text === '!' ? endOfOperand(tokens, index + 1) : undefined;
    if (closing === undefined) return [];
    const edits = [
      { start: token.start, end: token.end, text: '$not(' },
      { start: closing, end: closing, text: ')' },
    ];
    return [{ start: token.start, end: token.end, message: 'JSONata writes "not" as a function, $not(…)', edits }];
  });
}

/** Returns the end of a path, a call or a group that begins at the token. */
function endOfOperand(tokens: readonly Token[], from: number): number | undefined {
  let depth = 0;
  let end: number | undefined;
  for (const token of tokens.slice(from)) {
    if ('([{'.includes(token.text)) depth += 1;
    else if (')]}'.includes(token.text)) depth -= 1;
    else if (depth === 0 && token.kind === 'operator' && token.text !== '.') break;
    if (depth < 0) break;
    end = token.end;
  }
  return end;
}

/** Finds consecutive names (`data.Номер заказа`), and names that begin with a digit (`data.1С`). */
function unquotedNames(source: string, tokens: readonly Token[]): readonly Mistake[] {
  const found: Mistake[] = [];
  tokens.forEach((token, index) => {
    const previous = tokens[index - 1];
    if (!previous || token.start < (found.at(-1)?.end ?? 0)) return;
    const afterName = previous.kind === 'name' && token.kind === 'name';
    const digit = previous.text === '.' && token.kind === 'number';
    if (!afterName && !digit) return;
    const first = afterName ? previous : token;
    const end = tokens.slice(index).reduce((last, next) => (isWord(next) && next.start - last <= 1 ? next.end : last), token.end);
    const name = source.slice(first.start, end);
    const message = `a name with a space or a leading digit must be in backticks`;
    found.push({ start: first.start, end, message, edits: [{ start: first.start, end, text: `\`${name}\`` }] });
  });
  return found;
}

function isWord(token: Token): boolean {
  return token.kind === 'name' || token.kind === 'number';
}

function plainProblem(source: string, tokens: readonly Token[], fault: SyntaxFault): ExpressionProblem {
  if (fault.code === undefined) return regexProblem(tokens, fault);
  const end = Math.min(fault.position ?? source.length, source.length);
  const token = tokens.find((each) => each.end === end) ?? tokens.at(-1);
  const message = source.trim() === '' ? 'this expression is empty' : lowerFirst(fault.message);
  return { code: 'EXPR_SYNTAX', severity: 'error', message, start: token?.start ?? 0, end: token?.end ?? source.length };
}

/** Returns the problem of a regular expression that JavaScript rejects: JSONata creates a RegExp for each literal while it parses. */
function regexProblem(tokens: readonly Token[], fault: SyntaxFault): ExpressionProblem {
  const token = tokens.find((each) => each.kind === 'regex');
  return { code: 'EXPR_REGEX', severity: 'error', message: fault.message, start: token?.start ?? 0, end: token?.end ?? 0 };
}
