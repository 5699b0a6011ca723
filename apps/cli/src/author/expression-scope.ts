import { dryRun } from '@sluice/flow-test';
import { nearest, stepsIn, type Flow, type Scope, type StepMock, type Workspace } from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';
import { randomUUID } from 'node:crypto';
import { CommandError, UsageError } from '../exit.js';
import type { ReadEvent } from './read-event.js';

/** Maximum real time until the step begins, in milliseconds. */
const MAX_RUN_MS = 30_000;
/** The country of `$phone` without a workspace. */
const COUNTRY = 'RU';

/** Returns the scope of an expression before the first step of a flow, or without any flow. */
export function scopeOfEvent(event: ReadEvent | undefined, workspace: Workspace | undefined, flow: Flow | undefined): Scope {
  const now = Date.now();
  const settings = workspace?.settings;
  const filled = { id: 'e1', source: '/test', type: 'sluice.test', time: new Date(now).toISOString() };
  return {
    ...(event && { trigger: { ...filled, ...event.trigger } }),
    steps: {},
    vars: flow?.vars ?? workspace?.vars ?? {},
    env: flow?.env ?? workspace?.env ?? {},
    run: { id: randomUUID(), flow: flow?.name ?? 'none', startedAt: new Date(now).toISOString() },
    context: {
      now,
      uuid: () => randomUUID(),
      country: settings?.country ?? COUNTRY,
      ...(settings?.timezone !== undefined && { timezone: settings.timezone }),
    },
  };
}

/** The step of a flow whose scope is wanted. */
export interface StepScopeInput {
  readonly workspace: Workspace;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly flow: Flow;
  readonly step: string;
  readonly event: ReadEvent;
  readonly mocks: ReadonlyMap<string, readonly StepMock[]>;
}

/**
 * Runs a flow with mocks until a step begins for the first time.
 *
 * @returns the scope of the expressions of that step
 * @throws UsageError for a step that the flow does not have; CommandError when the run does not reach the step
 */
export async function scopeOfStep({ step, event, ...input }: StepScopeInput): Promise<Scope> {
  const { steps, catch: handler = [] } = input.flow;
  const ids = [...stepsIn([...steps, ...handler])].map(({ id }) => id);
  if (!ids.includes(step)) {
    const near = nearest(step, ids);
    const cure = near === undefined ? `its steps are ${ids.join(', ')}` : `did you mean ${near}?`;
    throw new UsageError(`--step: ${input.flow.name} has no step "${step}": ${cure}`);
  }
  const reached = new AbortController();
  let scope: Scope | undefined;
  const result = await dryRun(
    { ...input, event: event.trigger },
    {
      signal: AbortSignal.any([reached.signal, AbortSignal.timeout(MAX_RUN_MS)]),
      step: (report) => {
        if (scope || report.kind !== 'begun' || report.flow !== input.flow.name || report.path.split('/')[0] !== step) return;
        // the context is not an own property
        scope = { ...report.scope, steps: { ...report.scope.steps }, context: report.scope.context };
        reached.abort();
      },
    },
  );
  if (scope) return scope;
  const why = result.error ? `: ${result.error.code} ${result.error.message}` : '';
  throw new CommandError(
    `the run does not reach step ${step}: it was ${result.outcome}${why}: mock the steps before it with --mock`,
  );
}
