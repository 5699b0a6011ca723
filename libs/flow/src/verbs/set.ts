import { shapeOfNode } from '../lint/shapes.js';
import type { SetStep } from '../model.js';
import type { SetDraft } from './drafts.js';
import type { Verb } from './verb.js';

/** Computes a value. */
export const set: Verb<SetDraft, SetStep> = {
  keys: [],
  read: (value, { common }) => value && { ...common, verb: 'set', value },
  values: ({ value }) => [{ node: value, key: 'set' }],
  shape: ({ id, value }) => shapeOfNode(value, `step "${id}"`, true),
  schema: () => ({}),
  build: ({ value }, { common, templates }) => ({ ...common, verb: 'set', value: templates.template(value) }),
};
