import type { Flow, Step, SwitchStep } from '@sluice/flow';

/** A step with links to its successors, so that a run can continue at any step, also within a `switch`. */
export interface Node {
  readonly kind: 'step';
  readonly step: Step;
  readonly next: Next;
  /** For a `switch`: the first node of each case, then of `otherwise`. Without a matching case the flow continues at the last one. */
  readonly branches: readonly Next[];
}

/** The successor of a step: another step, or the end of the flow. */
export type Next = Node | typeof FLOW_END;

export const FLOW_END = { kind: 'flow-end' } as const;

export interface Program {
  readonly first: Next;
  readonly byId: ReadonlyMap<string, Node>;
}

/** Whether a run can continue at a step: `here`, or the part that no longer exists. */
export type StepPresence = 'here' | 'step-gone' | 'flow-gone';

/** Links the steps of a flow. */
export function linkProgram(flow: Flow): Program {
  const byId = new Map<string, Node>();
  const link = (steps: readonly Step[], after: Next): Next => {
    let next = after;
    for (const step of [...steps].reverse()) {
      const node: Node = { kind: 'step', step, next, branches: step.verb === 'switch' ? branchesOf(step, next) : [] };
      byId.set(step.id, node);
      next = node;
    }
    return next;
  };
  const branchesOf = (step: SwitchStep, after: Next) => [
    ...step.cases.map((one) => link(one.steps, after)),
    link(step.otherwise, after),
  ];
  return { first: link(flow.steps, FLOW_END), byId };
}
