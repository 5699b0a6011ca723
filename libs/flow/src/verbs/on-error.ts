import { readFields, type KeyTable } from '../grammar/fields.js';
import { readCondition } from '../grammar/values.js';
import type { OnError } from '../model.js';
import type { OnErrorDraft } from './drafts.js';
import type { StepBuilding, StepReading, StepValue } from './verb.js';

const ON_ERROR: KeyTable = { of: 'an entry of onError', keys: ['when', 'output'] };

/** Reads `onError` of a step: the outputs that stand for its result after a failure. */
export function readOnError({ fields: step, report }: StepReading): OnErrorDraft[] {
  const node = step.get('onError');
  if (node === undefined) return [];
  if (node.kind !== 'list') {
    report.error(node, 'FLOW_VALUE', 'onError is a list of entries with output and, if needed, when', {
      write: 'onError: [{ output: … }]',
    });
    return [];
  }
  const entries: OnErrorDraft[] = [];
  for (const item of node.items) {
    const fields = readFields(item, ON_ERROR, report);
    if (!fields) continue;
    const when = readCondition(fields.get('when'), 'when', report);
    const output = fields.need('output');
    if (output) entries.push({ ...(when && { when }), output });
  }
  return entries;
}

export function valuesOfOnError(entries: readonly OnErrorDraft[]): StepValue[] {
  return entries.flatMap(({ when, output }): StepValue[] => [
    ...(when ? [{ node: when, key: 'when', kind: 'condition', seesError: true } as const] : []),
    { node: output, key: 'output', seesError: true },
  ]);
}

export function buildOnError(entries: readonly OnErrorDraft[], { templates }: StepBuilding): OnError[] {
  return entries.map(({ when, output }) => ({
    ...(when && { when: templates.condition(when) }),
    output: templates.template(output),
  }));
}
