import { readFields, type KeyTable } from '../grammar/fields.js';
import { readName } from '../grammar/read-names.js';
import { readDuration, writing } from '../grammar/values.js';
import { mapSchema, NAME } from '../json-schema.js';
import type { CallStep } from '../model.js';
import { scalarText } from '../yaml/spell.js';
import { valuesGiven } from './given.js';
import { buildOnError, readOnError, valuesOfOnError } from './on-error.js';
import type { CallDraft } from './drafts.js';
import { learnShape } from './learn-shape.js';
import type { Verb } from './verb.js';

const CALL: KeyTable = {
  of: 'call',
  keys: ['flow', 'data'],
  cures: {
    name: () => 'flow',
    use: () => 'flow',
    with: () => 'data',
    input: () => 'data',
    payload: () => 'data',
    body: () => 'data',
  },
  advice: { timeout: 'write it beside "call", in the step', onError: 'write it beside "call", in the step' },
  adds: { flow: { do: 'add the name of a flow with the trigger flow, for instance "flow: reserve-line"' } },
};

/** Runs another flow, and waits for its first reply or its end. */
export const call: Verb<CallDraft, CallStep> = {
  keys: ['timeout', 'onError'],
  read(value, reading) {
    const { common, report } = reading;
    const onError = readOnError(reading);
    const timeoutMs = readDuration(reading.fields.get('timeout'), 'timeout', report);
    if (value?.kind === 'scalar' && typeof value.value === 'string' && !value.empty) {
      const map = `{ flow: ${scalarText(value.value)} }`;
      report.error(value, 'FLOW_VALUE', 'call is a map', writing(value, 'call', map, map));
      return undefined;
    }
    const fields = value && readFields(value, CALL, report);
    if (!fields) return undefined;
    const node = fields.need('flow');
    const name = readName(node, 'flow', report);
    const data = fields.get('data');
    if (name === undefined || node?.kind !== 'scalar') return undefined;
    return {
      ...common,
      verb: 'call',
      flow: node,
      ...(data && { data }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      onError,
    };
  },
  values: ({ data, onError }) => [...valuesGiven({ data }), ...valuesOfOnError(onError)],
  shape: learnShape,
  schema: () => mapSchema({ flow: NAME, data: {} }, ['flow']),
  build: (draft, building) => ({
    ...building.common,
    verb: 'call',
    flow: String(draft.flow.value),
    ...(draft.data && { data: building.templates.template(draft.data) }),
    ...(draft.timeoutMs !== undefined && { timeoutMs: draft.timeoutMs }),
    onError: buildOnError(draft.onError, building),
  }),
};
