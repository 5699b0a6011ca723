import { readFields, type KeyTable } from '../grammar/fields.js';
import { readCondition } from '../grammar/values.js';
import { CONDITION, mapSchema } from '../json-schema.js';
import type { SwitchStep } from '../model.js';
import { firstUnit } from '../yaml/source-text.js';
import type { SwitchDraft } from './drafts.js';
import type { Verb } from './verb.js';

const SWITCH: KeyTable = {
  of: 'switch',
  keys: ['cases', 'otherwise'],
  cures: { default: () => 'otherwise', else: () => 'otherwise', when: () => 'cases: [{ when: …, steps: […] }]' },
};
const CASE: KeyTable = {
  of: 'a case',
  keys: ['when', 'steps'],
  cures: { if: () => 'when', then: () => 'steps', do: () => 'steps' },
};

/** Runs the steps of the first case whose condition is true, or of `otherwise`. */
export const switchVerb: Verb<SwitchDraft, SwitchStep> = {
  keys: [],
  read(value, { common, report, readSteps }) {
    const fields = value && readFields(value, SWITCH, report);
    if (!fields) return undefined;
    const cases: SwitchDraft['cases'][number][] = [];
    const list = fields.need('cases');
    if (list !== undefined && (list.kind !== 'list' || list.items.length === 0)) {
      report.error(list, 'FLOW_VALUE', 'cases is a list with at least one case', {
        write: 'cases: [{ when: …, steps: […] }]',
      });
    }
    for (const item of list?.kind === 'list' ? list.items : []) {
      const one = readFields(item, CASE, report);
      if (!one) continue;
      const when = readCondition(one.need('when'), 'when', report);
      const steps = readSteps(one.need('steps'), 'steps');
      if (when) cases.push({ when, steps });
    }
    if (!fields.has('otherwise')) {
      report.error(firstUnit(fields.node), 'FLOW_VALUE', 'switch needs "otherwise"', {
        write: 'otherwise: []  (do nothing in all other cases)',
      });
    }
    return { ...common, verb: 'switch', cases, otherwise: readSteps(fields.get('otherwise'), 'otherwise') };
  },
  values: ({ cases }) => cases.map(({ when }) => ({ node: when, key: 'when', kind: 'condition' })),
  inner: ({ cases, otherwise }) => [
    ...cases.map(({ when, steps }) => ({ steps, kind: 'case', when }) as const),
    { steps: otherwise, kind: 'case' },
  ],
  shape: () => undefined,
  schema: ({ steps }) =>
    mapSchema(
      {
        cases: { type: 'array', minItems: 1, items: mapSchema({ when: CONDITION, steps }, ['when', 'steps']) },
        otherwise: steps,
      },
      ['cases', 'otherwise'],
    ),
  build: ({ cases, otherwise }, { common, templates, buildSteps }) => ({
    ...common,
    verb: 'switch',
    cases: cases.map(({ when, steps }) => ({ when: templates.condition(when), steps: buildSteps(steps) })),
    otherwise: buildSteps(otherwise),
  }),
};
