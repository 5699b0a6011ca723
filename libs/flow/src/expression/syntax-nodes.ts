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
