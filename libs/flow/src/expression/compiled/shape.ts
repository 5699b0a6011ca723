import type { SyntaxNode } from '../syntax.js';
import { SYNC_FUNCTIONS } from './functions.js';

/**
 * The kinds of results that a closure can return, determined by its expression: `scalar` is a text, a number, true or false; `data` is
 * unchanged data or a list of it; `built` is a new value, which may contain `$omit`.
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

/** Returns whether a step passes data on, as names, `$` and `$$` do. `$omit` as a step would be put into a list. */
function passesData(step: SyntaxNode): boolean {
  return step.type === 'name' || (step.type === 'variable' ? step.value !== 'omit' : shapeOf(step) === 'scalar');
}

const ORDER: readonly Shape[] = ['scalar', 'data', 'built'];

function wider(a: Shape, b: Shape): Shape {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b;
}
