import { stepsIn, type CallStep, type Flow, type FlowTest, type Step, type Workspace } from '@sluice/flow';

/**
 * Returns the flow with the flows that it calls, directly and indirectly, except by mocked steps. Flows that take the events that it emits are
 * left out: they do not run in a test.
 */
export function withCallees(flow: Flow, flows: readonly Flow[], mocked: FlowTest['mocks']): readonly Flow[] {
  const byName = new Map(flows.map((one) => [one.name, one]));
  const found = new Map<string, Flow>();
  const add = (one: Flow | undefined, skips: (step: string) => boolean): void => {
    if (!one || found.has(one.name)) return;
    found.set(one.name, one);
    for (const step of stepsOf(one)) if (isCall(step) && !skips(step.id)) add(byName.get(step.flow), () => false);
  };
  add(flow, (step) => mocked.has(step));
  return [...found.values()];
}

/** Returns the connections that the flows may use; all of the workspace when a flow computes a name. */
export function connectionsOf(flows: readonly Flow[], { connections }: Workspace): Workspace['connections'] {
  const used = new Set<string>();
  for (const flow of flows) {
    const { trigger } = flow;
    if (trigger.kind === 'plugin' && trigger.connection !== undefined) used.add(trigger.connection);
    for (const step of stepsOf(flow)) {
      if (step.verb !== 'use' || !step.connection) continue;
      const name = step.connection.constant ? step.connection.text(NO_SCOPE) : undefined;
      if (typeof name !== 'string') return connections;
      used.add(name);
    }
  }
  return new Map([...connections].filter(([name]) => used.has(name)));
}

const NO_SCOPE = { vars: {}, env: {}, context: { now: 0, uuid: () => '', country: '' } };

function isCall(step: Step): step is CallStep {
  return step.verb === 'call';
}

function stepsOf({ steps, catch: handler = [] }: Flow): Iterable<Step> {
  return stepsIn([...steps, ...handler]);
}
