import jsonata from 'jsonata';

/**
 * A node of JSONata's syntax tree, with the fields that its type declarations leave out.
 * Source: `parser.js` of jsonata 2.2.2 (`processAST`).
 */
export interface SyntaxNode {
  readonly type: string;
  readonly value?: unknown;
  /** Offset after the last character of the token. Absent on paths and on conditions made from `??`. */
  readonly position?: number;
  readonly steps?: readonly SyntaxNode[];
  /** Filters, when the node is a step of a path. */
  readonly stages?: readonly FilterNode[];
  /** Filters, when the node is not a step of a path. */
  readonly predicate?: readonly FilterNode[];
  readonly group?: { readonly lhs: readonly SyntaxPair[] };
  readonly lhs?: SyntaxNode | readonly SyntaxPair[];
  readonly rhs?: SyntaxNode;
  readonly expression?: SyntaxNode;
  readonly expressions?: readonly SyntaxNode[];
  readonly arguments?: readonly SyntaxNode[];
  readonly procedure?: SyntaxNode;
  readonly body?: SyntaxNode;
  readonly thunk?: boolean;
  readonly signature?: unknown;
  readonly condition?: SyntaxNode;
  readonly then?: SyntaxNode;
  readonly else?: SyntaxNode;
  readonly terms?: readonly { readonly expression: SyntaxNode; readonly descending?: boolean }[];
  readonly pattern?: SyntaxNode;
  readonly update?: SyntaxNode;
  readonly delete?: SyntaxNode;
  readonly keepArray?: boolean;
  readonly keepSingletonArray?: boolean;
  readonly consarray?: boolean;
  readonly tuple?: boolean;
  readonly focus?: string;
  readonly index?: string;
  /** Only on a step that a `%` refers to. */
  readonly ancestor?: { readonly label: string };
  /** Only on a `%`. */
  readonly slot?: { readonly label: string };
}

export type SyntaxPair = readonly [SyntaxNode, SyntaxNode];

/** `filter` for `[…]`; `index` for `#$i`. */
export interface FilterNode {
  readonly type: string;
  /** Absent on an index. */
  readonly expr: SyntaxNode;
  /** Only on an index: the variable that it binds. */
  readonly value?: unknown;
  readonly position?: number;
}

/** The object that JSONata's parser throws. It is not an Error. */
export interface SyntaxFault {
  /** Absent when the text contains a regular expression that JavaScript rejects. */
  readonly code?: string;
  readonly message: string;
  readonly position?: number;
  readonly token?: unknown;
}

export type Parsed =
  | { readonly ok: true; readonly expression: jsonata.Expression; readonly ast: SyntaxNode }
  | { readonly ok: false; readonly fault: SyntaxFault };

/** Parses with JSONata's own parser. Does not throw. */
export function parseExpression(source: string, options?: jsonata.JsonataOptions): Parsed {
  try {
    const expression = jsonata(source, options);
    return { ok: true, expression, ast: expression.ast() as unknown as SyntaxNode };
  } catch (error) {
    return { ok: false, fault: error as SyntaxFault };
  }
}

/** Tells whether the node is `a ?? b`, which JSONata parses as `$exists(a) ? a : b` without positions. */
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

/** Returns the offset after the first token of a node. */
export function endOf(node: SyntaxNode): number | undefined {
  const first = node.steps?.[0];
  return node.position ?? (first && endOf(first));
}

/** Returns the direct children of a node, in the order of the source where the order matters. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const found: (SyntaxNode | undefined)[] = [];
  if (node.steps) found.push(...node.steps);
  if (Array.isArray(node.lhs)) found.push(...(node.lhs as SyntaxPair[]).flat());
  else found.push(node.lhs as SyntaxNode | undefined);
  found.push(node.rhs, node.expression, node.procedure);
  if (node.expressions) found.push(...node.expressions);
  if (node.arguments) found.push(...node.arguments);
  found.push(node.body, node.condition, node.then, node.else, node.pattern, node.update, node.delete);
  for (const term of node.terms ?? []) found.push(term.expression);
  for (const filter of [...(node.stages ?? []), ...(node.predicate ?? [])]) if (filter.type === 'filter') found.push(filter.expr);
  for (const pair of node.group?.lhs ?? []) found.push(...pair);
  return found.filter((child): child is SyntaxNode => child !== undefined);
}
