import type { SyntaxNode } from '../syntax.js';
import { SYNC_FUNCTIONS } from './functions.js';

/**
 * What a closure of the compiled subset can give, seen from its expression: a text, a number or a truth value; data as it came, or a list
 * of it; something built, in which `$omit` may lie.
 */
export type Shape = 'scalar' | 'data' | 'built';

export function shapeOf(node: SyntaxNode): Shape {
  switch (node.type) {
    case 'path':
      return node.steps?.every(passesData) ? 'data' : 'built';
    case 'variable':
      return 'data';
    case 'unary':
      return node.value === '-' ? 'scalar' : 'built';
    case 'condition':
      return wider(node.then ? shapeOf(node.then) : 'scalar', node.else ? shapeOf(node.else) : 'scalar');
    case 'block':
      return node.expressions?.[0] ? shapeOf(node.expressions[0]) : 'scalar';
    case 'function':
      return SYNC_FUNCTIONS.get(String(node.procedure?.value))?.scalar ? 'scalar' : 'built';
    default:
      return 'scalar';
  }
}

/** `$` and `$$` pass data on; `$omit` as a step would put it into a list. */
function passesData(step: SyntaxNode): boolean {
  return step.type === 'name' || (step.type === 'variable' ? step.value !== 'omit' : shapeOf(step) === 'scalar');
}

const ORDER: readonly Shape[] = ['scalar', 'data', 'built'];

function wider(a: Shape, b: Shape): Shape {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}
