import { readFields, type KeyTable } from '../grammar/fields.js';
import { readDuration } from '../grammar/values.js';
import { mapSchema } from '../json-schema.js';
import type { TryStep } from '../model.js';
import type { TryDraft } from './drafts.js';
import type { Verb } from './verb.js';

const TRY: KeyTable = {
  of: 'try',
  keys: ['steps', 'catch'],
  cures: {
    do: () => 'steps',
    body: () => 'steps',
    except: () => 'catch',
    rescue: () => 'catch',
    onError: () => 'catch',
    otherwise: () => 'catch',
  },
  advice: {
    finally: 'write its steps after the try: they run after "catch" as well, unless that raises an error',
    timeout: 'write it beside "try", in the step',
    retry: 'write it in the step that may fail',
  },
  adds: {
    steps: { do: 'add "steps:", and below it the steps that may fail' },
    catch: { write: 'catch: []  (go on after the failure, and do nothing about it)' },
  },
};

/** Runs its steps; a failure of one of them leads to `catch` in place of the end of the run. */
export const tryVerb: Verb<TryDraft, TryStep> = {
  keys: ['timeout'],
  read(value, { common, fields: step, report, readSteps }) {
    const fields = value && readFields(value, TRY, report);
    if (!fields) return undefined;
    const stepsNode = fields.need('steps');
    if (stepsNode?.kind === 'list' && stepsNode.items.length === 0)
      report.error(stepsNode, 'FLOW_VALUE', 'try has at least one step', { do: 'write the steps that may fail' });
    const steps = readSteps(stepsNode, 'steps');
    const handler = readSteps(fields.need('catch'), 'catch', { inCatch: true });
    const timeoutMs = readDuration(step.get('timeout'), 'timeout', report);
    return { ...common, verb: 'try', steps, catch: handler, ...(timeoutMs !== undefined && { timeoutMs }) };
  },
  values: () => [],
  inner: (draft) => [
    { steps: draft.steps, kind: 'body' },
    { steps: draft.catch, kind: 'handler' },
  ],
  shape: () => undefined,
  schema: ({ steps }) => mapSchema({ steps: { allOf: [steps], minItems: 1 }, catch: steps }, ['steps', 'catch']),
  build: (draft, { common, buildSteps }) => ({
    ...common,
    verb: 'try',
    steps: buildSteps(draft.steps),
    catch: buildSteps(draft.catch),
    ...(draft.timeoutMs !== undefined && { timeoutMs: draft.timeoutMs }),
  }),
};
