import type { Flow, Step, SwitchStep } from '@sluice/flow';

/** A step with links to its successors, so that a run can continue at any step, also within a `switch`. */
export interface Node {
  readonly step: Step;
  /** Absent: the flow ends after this step. */
  readonly next: Node | undefined;
  /** For a `switch`: the first node of each case, then of `otherwise`. */
  readonly branches: readonly (Node | undefined)[];
}

export interface Program {
  readonly first: Node | undefined;
  readonly byId: ReadonlyMap<string, Node>;
}

export function linkProgram(flow: Flow): Program {
  const byId = new Map<string, Node>();
  const link = (steps: readonly Step[], after: Node | undefined): Node | undefined => {
    let next = after;
    for (const step of [...steps].reverse()) {
      const node: Node = { step, next, branches: step.verb === 'switch' ? branchesOf(step, next) : [] };
      byId.set(step.id, node);
      next = node;
    }
    return next;
  };
  const branchesOf = (step: SwitchStep, after: Node | undefined) => [
    ...step.cases.map((one) => link(one.steps, after)),
    link(step.otherwise, after),
  ];
  return { first: link(flow.steps, undefined), byId };
}
