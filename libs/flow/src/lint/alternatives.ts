import type { ExpressionPart, Reference } from '../expression/index.js';
import { childrenOf, coalesced, type SyntaxNode } from '../expression/syntax.js';

/**
 * Does a step stand on the right of `??` whose left is another step, as in `steps.a ?? steps.b`? That is how the results of a
 * switch's branches are put together: one of the two has run.
 */
export function isAlternative(part: ExpressionPart, reference: Reference): boolean {
  const end = reference.spans[1]?.end;
  return part.ast !== undefined && end !== undefined && alternativeEnds(part.ast).includes(end - part.sourceStart);
}

/** Ends of the names on the right of such operators. */
function alternativeEnds(node: SyntaxNode): number[] {
  const left = coalesced(node);
  const own = left && node.else && readsStep(left) ? nameEnds(node.else) : [];
  return [...own, ...childrenOf(node).flatMap(alternativeEnds)];
}

function readsStep(node: SyntaxNode): boolean {
  return node.steps?.[0]?.value === 'steps' || childrenOf(node).some(readsStep);
}

function nameEnds(node: SyntaxNode): number[] {
  const own = node.type === 'name' && node.position !== undefined ? [node.position] : [];
  return [...own, ...childrenOf(node).flatMap(nameEnds)];
}
