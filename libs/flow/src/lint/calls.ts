import type { FlowDraft } from '../grammar/drafts.js';
import { writing } from '../grammar/values.js';
import { nearest } from '../nearest.js';
import { stepsOf, type CallDraft } from '../verbs/index.js';

interface Call {
  readonly step: CallDraft;
  readonly from: FlowDraft;
  readonly to: FlowDraft;
}

/**
 * Checks the `call` steps of all flows: the called flow must exist and have the trigger `flow`, and flows with `deliver.key` or
 * `deliver.concurrency` must not call themselves by way of others, because such a run would wait for its own turn.
 *
 * @param complete false when some flows could not be read: a name that is not known may be theirs
 */
export function checkCalls(flows: readonly FlowDraft[], complete: boolean): void {
  const byName = new Map(flows.map((flow) => [flow.name, flow]));
  const calls: Call[] = [];
  for (const from of flows) {
    for (const step of stepsOf(from)) {
      if (step.verb !== 'call') continue;
      const to = byName.get(String(step.flow.value));
      if (to === undefined) {
        if (complete) reportUnknown(step, from, flows);
      } else if (checkCallable(step, from, to)) calls.push({ step, from, to });
    }
  }
  checkCircles(calls);
}

function reportUnknown(step: CallDraft, from: FlowDraft, flows: readonly FlowDraft[]): void {
  const name = String(step.flow.value);
  const callable = flows.filter(({ trigger }) => trigger.kind === 'flow').map((flow) => flow.name);
  const near = nearest(name, callable);
  const otherwise =
    callable.length === 0
      ? 'write a flow of this name with trigger: { use: flow }'
      : `flows that can be called: ${callable.slice(0, MAX_NAMES).join(', ')}${callable.length > MAX_NAMES ? ', …' : ''}`;
  const cure = near === undefined ? { do: otherwise } : writing(step.flow, 'flow', near);
  from.report.error(step.flow, 'REF_FLOW', `no flow is called "${name}"`, cure);
}

/** Maximum names that a cure lists. */
const MAX_NAMES = 30;

function checkCallable(step: CallDraft, from: FlowDraft, to: FlowDraft): boolean {
  // a trigger that could not be read has been reported
  if (to.trigger.kind === 'flow' || to.trigger.kind === 'unknown') return true;
  const trigger = to.trigger.kind === 'plugin' ? `${to.trigger.plugin}.${to.trigger.trigger}` : to.trigger.kind;
  from.report.error(step.flow, 'REF_FLOW', `flow "${to.name}" cannot be called: its trigger is ${trigger}`, {
    do:
      to.trigger.kind === 'event'
        ? 'write an emit of an event that it takes, or trigger: { use: flow } in it'
        : 'move its steps to a flow with trigger: { use: flow }, and call that one from both',
  });
  return false;
}

/** Reports each call of a flow with an order that leads back to the caller. */
function checkCircles(calls: readonly Call[]): void {
  const next = new Map<FlowDraft, Set<FlowDraft>>();
  for (const { from, to } of calls) next.set(from, (next.get(from) ?? new Set()).add(to));
  const circles = circlesOf(next);
  const reported = new Set<number>();
  for (const { step, from, to } of calls) {
    const key = to.deliver.key ? 'key' : to.deliver.concurrency === undefined ? undefined : 'concurrency';
    if (key === undefined || circles.get(from) !== circles.get(to)) continue;
    const way = from === to ? 'itself' : `"${from.name}" in a circle`;
    const message = `"${to.name}" has deliver.${key} and calls ${way}: a run could wait for its own turn`;
    from.report.error(step.flow, 'REF_FLOW', message, { do: `delete deliver.${key} of "${to.name}", or this call` });
    reported.add(circles.get(to) as number);
  }
  for (const { step, from, to } of calls) {
    const circle = circles.get(from) as number;
    if (circle !== circles.get(to) || reported.has(circle)) continue;
    reported.add(circle);
    const way = from === to ? 'calls itself' : `calls "${to.name}", which calls it again, directly or by way of others`;
    from.report.warning(step.flow, 'POLICY_CIRCLE', `"${from.name}" ${way}`, {
      do: 'put a call of the circle behind an "if" that ends it: otherwise each run ends at settings.limits.hops',
    });
  }
}

/**
 * Returns a number for each flow: two flows have the same number when each of them calls the other, directly or by way of others.
 * Tarjan's algorithm for strongly connected components, with a stack of its own, because calls may form long chains.
 */
function circlesOf(next: ReadonlyMap<FlowDraft, ReadonlySet<FlowDraft>>): ReadonlyMap<FlowDraft, number> {
  const order = new Map<FlowDraft, number>();
  const lowest = new Map<FlowDraft, number>();
  const circles = new Map<FlowDraft, number>();
  const open: FlowDraft[] = [];
  for (const start of next.keys()) {
    const path: { readonly flow: FlowDraft; readonly called: Iterator<FlowDraft> }[] = [];
    const enter = (flow: FlowDraft) => {
      order.set(flow, order.size);
      lowest.set(flow, order.size - 1);
      open.push(flow);
      path.push({ flow, called: (next.get(flow) ?? new Set<FlowDraft>()).values() });
    };
    if (!order.has(start)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { flow, called } = top;
      const step = called.next();
      if (!step.done) {
        if (!order.has(step.value)) enter(step.value);
        else if (!circles.has(step.value)) lower(lowest, flow, order.get(step.value));
        continue;
      }
      path.pop();
      const caller = path.at(-1)?.flow;
      if (caller) lower(lowest, caller, lowest.get(flow));
      if (lowest.get(flow) !== order.get(flow)) continue;
      for (const one of open.splice(open.indexOf(flow))) circles.set(one, order.get(flow) as number);
    }
  }
  return circles;
}

function lower(lowest: Map<FlowDraft, number>, flow: FlowDraft, value = Infinity): void {
  lowest.set(flow, Math.min(lowest.get(flow) as number, value));
}
