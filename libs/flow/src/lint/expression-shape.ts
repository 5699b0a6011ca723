import type { ExpressionPart } from '../expression/index.js';
import type { SyntaxNode } from '../expression/syntax.js';
import type { Visible } from './visible.js';
import { ANY, shapeAt, type Shape } from './shapes.js';

/** Returns the shape of the value of an expression: known for a path with or without filters, also in `[ … ]`; otherwise `any`. */
export function shapeOfPart(part: ExpressionPart, visible: Visible): Shape {
  const path = part.ast && pathOf(part.ast);
  return path ? shapeOfPath(path, visible) : ANY;
}

/** Returns what the value of an expression is when it is certainly not a list; undefined when it may be one. */
export function kindOtherThanList(
  part: ExpressionPart,
  visible: Visible,
): { readonly what: string; readonly shape?: Shape } | undefined {
  const { ast } = part;
  if (!ast || ast.predicate) return undefined;
  if (ast.type === 'string') return { what: 'a text' };
  if (ast.type === 'number') return { what: 'a number' };
  if (ast.type === 'value') return { what: String(ast.value) };
  if (ast.type === 'unary' && ast.value === '{') return { what: 'an object' };
  if (ast.type !== 'path') return undefined;
  const shape = shapeOfPart(part, visible);
  return shape.kind === 'object' ? { what: 'an object', shape } : undefined;
}

function pathOf(node: SyntaxNode): readonly string[] | undefined {
  if (node.type === 'unary' && node.value === '[' && node.expressions?.length === 1)
    return pathOf(node.expressions[0] as SyntaxNode);
  if (node.type !== 'path' || node.group) return undefined;
  const names = (node.steps ?? []).map((step) => (step.type === 'name' && !step.group ? String(step.value) : undefined));
  return names.every((name) => name !== undefined) ? names : undefined;
}

function shapeOfPath([root = '', ...path]: readonly string[], visible: Visible): Shape {
  if (root === 'steps') {
    const [id, ...rest] = path;
    const sight = id === undefined ? undefined : visible.steps?.look(id);
    return sight?.kind === 'seen' ? shapeAt(sight.shape, rest) : ANY;
  }
  const item = visible.items?.get(root);
  if (item) return shapeAt(item, path);
  if (root === 'trigger' || root === 'vars' || root === 'error') return shapeAt(visible[root] ?? ANY, path);
  return ANY;
}
