import { readFields, type KeyTable } from '../grammar/fields.js';
import { readTemplateText } from '../grammar/values.js';
import { mapSchema, TEXT } from '../json-schema.js';
import type { StopStep } from '../model.js';
import type { StopDraft } from './drafts.js';
import type { Verb } from './verb.js';

const STOP: KeyTable = { of: 'stop', keys: ['reason'] };

/** Ends the run with the outcome `stopped`, from any depth. */
export const stop: Verb<StopDraft, StopStep> = {
  keys: [],
  ends: 'ends the run',
  read(value, { common, report }) {
    const fields = value && readFields(value, STOP, report);
    const reason = readTemplateText(fields?.get('reason'), 'reason', report);
    return { ...common, verb: 'stop', ...(reason && { reason }) };
  },
  values: ({ reason }) => (reason ? [{ node: reason, key: 'reason' }] : []),
  shape: () => undefined,
  schema: () => mapSchema({ reason: TEXT }),
  build: ({ reason }, { common, templates }) => ({
    ...common,
    verb: 'stop',
    ...(reason && { reason: templates.text(reason) }),
  }),
};
