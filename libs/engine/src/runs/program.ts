import type { Flow, ForEachStep, Step, SwitchStep, TryStep } from '@sluice/flow';
import { stepIdOf, type StepPath } from './step-path.js';

/** A step with links to its successors, so that a run can continue at any step, also within blocks. */
export interface Node<Of extends Step = Step> {
  readonly kind: 'step';
  readonly step: Of;
  readonly next: Next;
  /**
   * First nodes of the lists of steps within this one. `switch`: of each case, then of `otherwise`; without a matching case the flow
   * continues at the last one. `forEach`: of an item. `try`: of its steps, then of its handler.
   */
  readonly branches: readonly Next[];
}

/** The successor of a step: another step, the end of a block, or the end of the flow. */
export type Next =
  | Node
  /** The end of an item of a `forEach`. */
  | { readonly kind: 'item-end'; readonly loop: Node<ForEachStep> }
  /** The end of the steps, or of the handler, of a `try`. */
  | { readonly kind: 'block-end'; readonly block: Node<TryStep> }
  | typeof HANDLER_END
  | typeof FLOW_END;

const FLOW_END = { kind: 'flow-end' } as const;
/** The end of the flow's `catch`. */
const HANDLER_END = { kind: 'handler-end' } as const;

/** A flow whose steps are linked. */
export interface Program {
  readonly flow: Flow;
  readonly first: Next;
  /** The first node of the flow's `catch`; absent without one. */
  readonly handler?: Next;
  /** The node of a path; undefined when the flow does not have the step. */
  nodeAt(path: StepPath): Node | undefined;
}

/** Whether a run can continue at a step: `here`, or the part that no longer exists. */
export type StepPresence = 'here' | 'step-gone' | 'flow-gone';

/** Links the steps of a flow. */
export function linkProgram(flow: Flow): Program {
  const byId = new Map<string, Node>();
  const link = (steps: readonly Step[], after: Next): Next => {
    let next = after;
    for (const step of steps.toReversed()) {
      const branches: Next[] = [];
      const node: Node = { kind: 'step', step, next, branches };
      branches.push(...branchesOf(node));
      byId.set(step.id, node);
      next = node;
    }
    return next;
  };
  const branchesOf = (node: Node): readonly Next[] => {
    if (isVerb(node, 'switch'))
      return [...node.step.cases.map(({ steps }) => steps), node.step.otherwise].map((steps) => link(steps, node.next));
    if (isVerb(node, 'forEach')) return [link(node.step.steps, { kind: 'item-end', loop: node })];
    if (isVerb(node, 'try')) {
      const end = { kind: 'block-end', block: node } as const;
      return [link(node.step.steps, end), link(node.step.catch, end)];
    }
    return [];
  };
  const first = link(flow.steps, FLOW_END);
  return {
    flow,
    first,
    ...(flow.catch && { handler: link(flow.catch, HANDLER_END) }),
    nodeAt: (path) => byId.get(stepIdOf(path)),
  };
}

/** Returns whether the step of a node has this verb. */
export function isVerb<Verb extends Step['verb']>(
  node: Node | undefined,
  verb: Verb,
): node is Node<Extract<Step, { readonly verb: Verb }>> {
  return node?.step.verb === verb;
}

/** Returns the first node of a list of steps within the step. */
export function branchOf(node: Node<SwitchStep | ForEachStep | TryStep>, index: number): Next {
  const branch = node.branches[index];
  if (branch === undefined) throw new RangeError(`step ${node.step.id} has no branch ${index}`);
  return branch;
}
