import { shapeOfNode } from '../lint/shapes.js';
import type { SetStep } from '../model.js';
import type { YamlNode } from '../yaml/nodes.js';
import type { StepDraftCommon, Verb } from './verb.js';

export interface SetDraft extends StepDraftCommon {
  readonly verb: 'set';
  readonly value: YamlNode;
}

/** Computes a value. */
export const set: Verb<SetDraft, SetStep> = {
  keys: [],
  read: (value, { common }) => value && { ...common, verb: 'set', value },
  values: ({ value }) => [{ node: value, key: 'set' }],
  shape: ({ id, value }) => shapeOfNode(value, `step "${id}"`, true),
  schema: () => ({}),
  build: ({ value }, { common, templates }) => ({ ...common, verb: 'set', value: templates.template(value) }),
};
