import jsonata from 'jsonata';
import { parseCommon } from './common-syntax.js';
import type { SyntaxNode, SyntaxPair } from './syntax-nodes.js';
import { tokenize, type Token } from './tokens.js';

export type { FilterNode, SyntaxNode, SyntaxPair } from './syntax-nodes.js';

/** The object that JSONata's parser throws. It is not an Error. */
export interface SyntaxFault {
  /** Absent when the text contains a regular expression that JavaScript rejects. */
  readonly code?: string;
  readonly message: string;
  readonly position?: number;
  readonly token?: unknown;
}

export type Parsed = { readonly ok: true; readonly ast: SyntaxNode } | { readonly ok: false; readonly fault: SyntaxFault };

/** Parses an expression into JSONata's tree. Does not throw. */
export function parseExpression(source: string, tokens: readonly Token[] = tokenize(source)): Parsed {
  const ast = parseCommon(tokens);
  return ast ? { ok: true, ast } : parseWithLibrary(source);
}

/** Parses with JSONata's own parser. Does not throw. */
export function parseWithLibrary(source: string): Parsed {
  try {
    return { ok: true, ast: jsonata(source).ast() as unknown as SyntaxNode };
  } catch (error) {
    return { ok: false, fault: error as SyntaxFault };
  }
}

/** Returns whether the node is `a ?? b`, which JSONata parses as `$exists(a) ? a : b` without positions. */
export function isCoalesce(node: SyntaxNode): boolean {
  return (
    node.type === 'condition' &&
    node.position !== undefined &&
    node.condition?.type === 'function' &&
    node.condition.position === undefined &&
    node.condition.procedure?.value === 'exists'
  );
}

/** Returns the left operand of `a ?? b` or `a ?: b`; undefined for any other node. */
export function coalesced(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type !== 'condition' || !node.condition || !node.then) return undefined;
  if (isCoalesce(node)) return node.then;
  return endOf(node.condition) === endOf(node.then) ? node.then : undefined;
}

/** Returns whether the node is a path of names, without filters. */
export function isPlainPath({ type, steps, predicate, group }: SyntaxNode): boolean {
  if (type !== 'path' || !steps || predicate || group) return false;
  return steps.every((step) => step.type === 'name' && !step.stages && !step.predicate && !step.group);
}

/** Returns the offset after the first token of a node. */
export function endOf(node: SyntaxNode): number | undefined {
  const first = node.steps?.[0];
  return node.position ?? (first && endOf(first));
}

/** Returns the direct children of a node, in the order of the source where the order matters. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  // Most nodes are names or literals. This function is called often, so it avoids temporary lists.
  if (LEAVES.has(node.type) && !node.stages && !node.predicate && !node.group) return NO_CHILDREN;
  const found: SyntaxNode[] = [];
  const add = (child: SyntaxNode | undefined): void => {
    if (child !== undefined) found.push(child);
  };
  node.steps?.forEach(add);
  if (Array.isArray(node.lhs)) for (const pair of node.lhs as readonly SyntaxPair[]) pair.forEach(add);
  else add(node.lhs as SyntaxNode | undefined);
  add(node.rhs);
  add(node.expression);
  add(node.procedure);
  node.expressions?.forEach(add);
  node.arguments?.forEach(add);
  for (const child of [node.body, node.condition, node.then, node.else, node.pattern, node.update, node.delete]) add(child);
  for (const term of node.terms ?? []) add(term.expression);
  for (const filter of node.stages ?? []) if (filter.type === 'filter') add(filter.expr);
  for (const filter of node.predicate ?? []) if (filter.type === 'filter') add(filter.expr);
  for (const pair of node.group?.lhs ?? []) pair.forEach(add);
  return found;
}

const LEAVES: ReadonlySet<string> = new Set(['name', 'string', 'number', 'value', 'variable']);
const NO_CHILDREN: readonly SyntaxNode[] = [];
