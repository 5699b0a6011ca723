import type { ExpressionPart, Reference } from '../expression/index.js';
import { childrenOf, coalesced, type SyntaxNode } from '../expression/syntax.js';

/**
 * Returns whether the step is the right operand of a `??` whose left operand is another step, as in `steps.a ?? steps.b`.
 * Flows combine the results of a switch's branches so, because one of the two steps has run.
 */
export function isAlternative(part: ExpressionPart, reference: Reference): boolean {
  const end = reference.spans[1]?.end;
  return part.ast !== undefined && end !== undefined && alternativeEnds(part.ast).includes(end - part.sourceStart);
}

/** Returns the ends of the names in the right operands of such operators. */
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
