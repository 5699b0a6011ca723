import type { ExpressionProblem } from '../problem.js';
import { isCall } from '../references.js';
import { asName, asPath, type SourceView } from '../source-view.js';
import { isCoalesce, parseExpression, type SyntaxNode, type SyntaxPair } from '../syntax.js';

/** EXPR_BRACKET_KEY: a text in `[ ]` is a true condition, so it selects everything. */
export function checkBracketKeys(view: SourceView): readonly ExpressionProblem[] {
  return view.nodes.flatMap((node) =>
    [...(node.stages ?? []), ...(node.predicate ?? [])].flatMap((filter) => {
      if (filter.type !== 'filter' || filter.expr.type !== 'string' || filter.position === undefined) return [];
      const open = filter.position - 1;
      const close = view.source.indexOf(']', view.spanOf(filter.expr).end) + 1;
      const key = String(filter.expr.value);
      const write = `${view.source.slice(startOfPath(view, open), open)}.${asName(key)}`;
      return [
        view.problem(
          'EXPR_BRACKET_KEY',
          'error',
          'a text in [ ] is a true condition and selects everything',
          { start: open, end: close },
          write,
          { start: open, end: close, text: `.${asName(key)}` },
        ),
      ];
    }),
  );
}

/** Returns the start of the path before a bracket. */
function startOfPath(view: SourceView, open: number): number {
  let index = view.indexOfToken(open) - 1;
  let depth = 0;
  for (; index >= 0; index -= 1) {
    const token = view.tokens[index];
    if (!token) break;
    if (')]'.includes(token.text)) depth += 1;
    else if ('(['.includes(token.text)) depth -= 1;
    else if (depth === 0 && token.kind === 'operator' && token.text !== '.') break;
    if (depth < 0) break;
  }
  return view.tokens[index + 1]?.start ?? 0;
}

/** EXPR_KEY_QUOTES: an unquoted key is a path, and the value of that path becomes the key. */
export function checkKeyQuotes(view: SourceView): readonly ExpressionProblem[] {
  return unquotedKeys(view).map((key) => {
    const name = String(key.steps?.[0]?.value);
    const message = `an unquoted key is a path: JSONata reads the key from a field "${name}"`;
    const span = view.spanOf(key);
    return view.problem('EXPR_KEY_QUOTES', 'error', message, span, JSON.stringify(name), { ...span, text: JSON.stringify(name) });
  });
}

export function unquotedKeys(view: SourceView): readonly SyntaxNode[] {
  return view.nodes.flatMap((node) => {
    if (node.type !== 'unary' || node.value !== '{') return [];
    return (node.lhs as readonly SyntaxPair[])
      .map(([key]) => key)
      .filter((key) => key.type === 'path' && key.steps?.length === 1 && key.steps[0]?.type === 'name');
  });
}

/** EXPR_NUMBER: JavaScript represents integers exactly only up to 2^53-1, and JSONata silently rounds larger ones. */
export function checkNumbers(view: SourceView): readonly ExpressionProblem[] {
  return view.tokens.flatMap((token) => {
    if (token.kind !== 'number' || !/^\d+$/.test(token.text) || Number.isSafeInteger(Number(token.text))) return [];
    const message = `the number ${token.text} is rounded to ${Number(token.text)}`;
    const { start, end, text } = token;
    return [view.problem('EXPR_NUMBER', 'error', message, token, `"${text}"`, { start, end, text: `"${text}"` })];
  });
}

const LIST_MAKERS = ['map', 'filter', 'keys', 'distinct'];

/** EXPR_LIST: the whole value is an expression that returns the bare value for one match. */
export function checkList(view: SourceView): readonly ExpressionProblem[] {
  // A text in [ ] has its own finding, and a list around it would preserve the mistake.
  if (!givesOneOrMany(view.ast) || checkBracketKeys(view).length > 0) return [];
  const source = view.source.trim();
  const message = 'this is a list for several matches, the bare value for one match, and no value without a match';
  const start = view.source.indexOf(source);
  return [view.problem('EXPR_LIST', 'warning', message, { start, end: start + source.length }, `[${source}]`)];
}

function givesOneOrMany(node: SyntaxNode): boolean {
  if (node.keepArray || node.keepSingletonArray) return false;
  if (node.predicate) return !endsInIndex(node);
  if (node.type === 'block') return node.expressions?.length === 1 && givesOneOrMany(node.expressions[0] as SyntaxNode);
  if (node.type === 'function') return LIST_MAKERS.some((name) => isCall(node, name));
  if (node.type !== 'path') return false;
  const maker = (node.steps ?? []).findLastIndex((step, index) => hasCondition(step) || (index > 0 && isObject(step)));
  const index = (node.steps ?? []).findLastIndex(endsInIndex);
  return maker >= 0 && index < maker;
}

function hasCondition(step: SyntaxNode): boolean {
  const filters = [...(step.stages ?? []), ...(step.predicate ?? [])];
  return filters.some((filter) => filter.type === 'filter' && filter.expr.type !== 'number') && !endsInIndex(step);
}

function endsInIndex(step: SyntaxNode): boolean {
  return [...(step.stages ?? []), ...(step.predicate ?? [])].at(-1)?.expr?.type === 'number';
}

function isObject(step: SyntaxNode): boolean {
  return step.type === 'unary' && step.value === '{';
}

/** EXPR_PRECEDENCE: `??` has the lowest precedence, so beside another operator its meaning surprises. */
export function checkPrecedence(view: SourceView): readonly ExpressionProblem[] {
  return view.nodes.flatMap((node) => {
    const rhs = node.type === 'binary' ? node.rhs : undefined;
    if (rhs && isCoalesce(rhs)) return [precedence(view, rhs, view.spanOf(rhs))];
    if (!isCoalesce(node) || !node.then || !node.else) return [];
    const start = view.spanOf(isOperator(node.then) ? rightmost(node.then) : node.then).start;
    const { end } = view.spanOf(isOperator(node.else) ? leftmost(node.else) : node.else);
    return isOperator(node.then) || isOperator(node.else) ? [precedence(view, node, { start, end })] : [];
  });
}

function precedence(view: SourceView, node: SyntaxNode, meant: { start: number; end: number }): ExpressionProblem {
  const { source } = view;
  const text = `${source.slice(0, meant.start)}(${source.slice(meant.start, meant.end)})${source.slice(meant.end)}`.trim();
  const operator = view.tokenOf(node) ?? view.spanOf(node);
  const message = '"??" has the lowest precedence: beside another operator it needs parentheses';
  return view.problem('EXPR_PRECEDENCE', 'warning', message, operator, parseExpression(text).ok ? text : undefined);
}

function isOperator(node: SyntaxNode): boolean {
  return node.type === 'binary' || (node.type === 'condition' && !isCoalesce(node));
}

function rightmost(node: SyntaxNode): SyntaxNode {
  return node.type === 'binary' && node.rhs ? rightmost(node.rhs) : node;
}

function leftmost(node: SyntaxNode): SyntaxNode {
  if (node.type === 'binary') return leftmost(node.lhs as SyntaxNode);
  return node.type === 'condition' && node.condition ? leftmost(node.condition) : node;
}

/** Fields that always have a value. */
const ALWAYS = /^(vars|env|run)\.|^error\.(code|fate|message)$|^trigger\.(id|source|type|time)$/;

/** EXPR_NOT_EQUAL and EXPR_CONCAT: operators that do not fail when an operand is missing. */
export function checkSilent(view: SourceView, present: (path: readonly string[]) => boolean): readonly ExpressionProblem[] {
  return view.nodes.flatMap((node) => {
    if (node.type !== 'binary' || (node.value !== '!=' && node.value !== '&')) return [];
    const sides = [node.lhs as SyntaxNode, node.rhs as SyntaxNode];
    const missing = sides.flatMap((side) => maybeMissing(view, side, present) ?? []);
    return node.value === '&'
      ? missing.map((path) => concat(view, path))
      : missing.slice(0, 1).map((path) => notEqual(view, node, path));
  });
}

interface MaybeMissing {
  readonly name: string;
  readonly node: SyntaxNode;
}

function maybeMissing(
  view: SourceView,
  node: SyntaxNode,
  present: (path: readonly string[]) => boolean,
): MaybeMissing | undefined {
  if (node.type !== 'path') return undefined;
  const { start } = view.spanOf(node);
  const reference = view.references.find((each) => each.spans[0]?.start === start);
  if (!reference || reference.guarded) return undefined;
  const sure = !reference.inner && (ALWAYS.test(reference.path.join('.')) || present(reference.path));
  return sure ? undefined : { name: asPath(reference.path), node };
}

function concat(view: SourceView, { name, node }: MaybeMissing): ExpressionProblem {
  const message = `"&" treats a missing ${name} as an empty text; a template would fail`;
  return view.problem('EXPR_CONCAT', 'warning', message, view.spanOf(node), `(${view.textOf(node)} ?? "")`);
}

function notEqual(view: SourceView, node: SyntaxNode, { name }: MaybeMissing): ExpressionProblem {
  const write = `$not(${view.textOf(node.lhs as SyntaxNode)} = ${view.textOf(node.rhs as SyntaxNode)})`;
  const span = view.tokenOf(node) ?? view.spanOf(node);
  return view.problem('EXPR_NOT_EQUAL', 'warning', `"!=" is false when ${name} is missing`, span, write);
}
