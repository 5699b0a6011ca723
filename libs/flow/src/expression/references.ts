import { childrenOf, coalesced, isCoalesce, isPlainPath, type FilterNode, type SyntaxNode } from './syntax.js';
import type { Token } from './tokens.js';

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A path of names that an expression reads, as far as it is known before the run. Excludes the filters between its names. */
export interface Reference {
  readonly path: readonly string[];
  /** The span of each name, with its backticks or quotes. */
  readonly spans: readonly Span[];
  /** True when its absence is provided for: left of `??`, inside of `$exists`, or after a condition with `$exists`. */
  readonly guarded: boolean;
  /** True inside of a filter or a later step of a path, where names belong to the item and not to the roots. */
  readonly inner: boolean;
  /** Present in the pattern of a transform, which selects parts of a copy of the value on its left. */
  readonly pattern?: Pattern;
}

export interface Pattern {
  /** The path of the copied value, from the roots: empty for all roots, undefined when it is not known. */
  readonly of: readonly string[] | undefined;
  /** True when the reference begins with `$$`, which is not in the copy. */
  readonly outside: boolean;
}

interface Surroundings {
  readonly pattern?: Pattern | undefined;
  readonly guarded: boolean;
  readonly inner: boolean;
  /** Paths that exist according to an enclosing condition. */
  readonly known: readonly (readonly string[])[];
}

/** Returns the static paths that an expression reads. Spans are offsets into its source. */
export function collectReferences(ast: SyntaxNode, tokens: readonly Token[]): readonly Reference[] {
  if (isPlainPath(ast)) return [plainReference(ast, tokens)];
  const collector = new Collector(new Map(tokens.map((token) => [token.end, token])));
  collector.visit(ast, { guarded: false, inner: false, known: [] });
  return collector.found;
}

/** Returns the reference of an expression that is only a path of names. */
function plainReference({ steps = [] }: SyntaxNode, tokens: readonly Token[]): Reference {
  const names = tokens.filter(({ kind }) => kind !== 'operator' && kind !== 'comment');
  return {
    path: steps.map((step) => String(step.value)),
    spans: names.map(({ start, end }) => ({ start, end })),
    guarded: false,
    inner: false,
  };
}

class Collector {
  readonly found: Reference[] = [];

  constructor(private readonly tokenByEnd: ReadonlyMap<number, Token>) {}

  visit(node: SyntaxNode, around: Surroundings): void {
    this.visitKind(node, around);
    this.visitFilters(node.predicate, around);
    for (const pair of node.group?.lhs ?? []) for (const side of pair) this.visit(side, { ...around, inner: true });
  }

  private visitKind(node: SyntaxNode, around: Surroundings): void {
    if (node.type === 'path') return this.visitPath(node.steps ?? [], around);
    if (node.type === 'condition') return this.visitCondition(node, around);
    if (isCall(node, 'exists')) return this.visitAll(node.arguments ?? [], { ...around, guarded: true });
    if (node.type === 'binary' && node.value === 'and') return this.visitAnd(node, around);
    if (node.type === 'apply') return this.visitApply(node, around);
    if (node.type === 'transform') return this.visitTransform(node, around, undefined);
    // The parameters of a lambda are among the children, but they are variables and so produce no references.
    this.visitAll(childrenOf({ ...node, predicate: [], group: { lhs: [] } }), around);
  }

  private visitAll(nodes: readonly SyntaxNode[], around: Surroundings): void {
    for (const node of nodes) this.visit(node, around);
  }

  private visitFilters(filters: readonly FilterNode[] | undefined, around: Surroundings): void {
    for (const filter of filters ?? []) if (filter.type === 'filter') this.visit(filter.expr, { ...around, inner: true });
  }

  private visitPath(steps: readonly SyntaxNode[], around: Surroundings): void {
    this.addReference(steps, around);
    steps.forEach((step, index) => {
      const inner = around.inner || index > 0;
      if (step.type !== 'name') this.visitKind(step, { ...around, inner });
      this.visitFilters(step.stages, around);
      this.visitFilters(step.predicate, around);
    });
  }

  private addReference(steps: readonly SyntaxNode[], around: Surroundings): void {
    const fromRoot = steps[0]?.type === 'variable' && (steps[0].value === '$' || (steps[0].value === '' && !around.inner));
    const names = leadingNames(fromRoot ? steps.slice(1) : steps);
    if (names.length === 0) return;
    const path = names.map((step) => String(step.value));
    const pattern = around.pattern && { ...around.pattern, outside: steps[0]?.value === '$' };
    const guarded = around.guarded || around.known.some((known) => isPrefix(known, path) || isPrefix(path, known));
    this.found.push({
      path,
      spans: names.map((step) => this.spanOf(step)),
      guarded,
      inner: around.inner && !fromRoot,
      ...(pattern && { pattern }),
    });
  }

  private spanOf(step: SyntaxNode): Span {
    const end = step.position ?? 0;
    const token = this.tokenByEnd.get(end);
    return { start: token?.start ?? end - String(step.value).length, end };
  }

  /** Visits `value ~> |pattern|update|`. When the value is the root, the pattern begins at the roots. */
  private visitApply(node: SyntaxNode, around: Surroundings): void {
    const left = node.lhs as SyntaxNode;
    this.visit(left, around);
    if (node.rhs?.type !== 'transform') {
      if (node.rhs) this.visit(node.rhs, around);
      return;
    }
    this.visitTransform(node.rhs, around, around.inner ? undefined : pathOf(left));
  }

  private visitTransform(node: SyntaxNode, around: Surroundings, of: readonly string[] | undefined): void {
    const ofRoot = of?.length === 0;
    if (node.pattern) this.visit(node.pattern, { ...around, inner: !ofRoot, pattern: { of, outside: false } });
    const parts = [node.update, node.delete].filter((part) => part !== undefined);
    this.visitAll(parts, { ...around, inner: true, pattern: undefined });
  }

  private visitCondition(node: SyntaxNode, around: Surroundings): void {
    const left = coalesced(node);
    if (left) {
      this.visit(left, { ...around, guarded: around.guarded || isCoalesce(node) });
    } else {
      if (node.condition) this.visit(node.condition, around);
      const known = node.condition ? existing(node.condition) : [];
      if (node.then) this.visit(node.then, { ...around, known: [...around.known, ...known] });
    }
    if (node.else) this.visit(node.else, around);
  }

  private visitAnd(node: SyntaxNode, around: Surroundings): void {
    const left = node.lhs as SyntaxNode;
    this.visit(left, around);
    if (node.rhs) this.visit(node.rhs, { ...around, known: [...around.known, ...existing(left)] });
  }
}

/** Returns the paths that must exist when the condition is true. */
function existing(condition: SyntaxNode): readonly (readonly string[])[] {
  if (condition.type === 'block' && condition.expressions?.length === 1) return condition.expressions.flatMap(existing);
  if (condition.type === 'binary' && condition.value === 'and') {
    return [condition.lhs as SyntaxNode, condition.rhs as SyntaxNode].flatMap(existing);
  }
  if (!isCall(condition, 'exists')) return [];
  const names = leadingNames(condition.arguments?.[0]?.steps ?? []);
  return names.length > 0 ? [names.map((step) => String(step.value))] : [];
}

/** Returns the path of names from the roots, when the node is only such a path; undefined for any other node. */
function pathOf(node: SyntaxNode): readonly string[] | undefined {
  const steps = node.type === 'path' ? (node.steps ?? []) : [node];
  if (node.predicate || node.group || steps.some((step) => step.predicate || step.stages)) return undefined;
  const fromRoot = steps[0]?.type === 'variable' && (steps[0].value === '' || steps[0].value === '$');
  const rest = fromRoot ? steps.slice(1) : steps;
  return rest.every((step) => step.type === 'name') ? rest.map((step) => String(step.value)) : undefined;
}

function leadingNames(steps: readonly SyntaxNode[]): readonly SyntaxNode[] {
  const end = steps.findIndex((step) => step.type !== 'name');
  return end < 0 ? steps : steps.slice(0, end);
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.length <= long.length && short.every((word, index) => word === long[index]);
}

export function isCall(node: SyntaxNode, name: string): boolean {
  return node.type === 'function' && node.procedure?.type === 'variable' && node.procedure.value === name;
}
