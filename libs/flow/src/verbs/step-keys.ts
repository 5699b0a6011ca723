import { CONDITION, DURATION, EXPRESSION, mapSchema, NAME, PRIORITY, retrySchema, VALUES } from '../json-schema.js';

/** The keys of a step that go with some verbs only, with their JSON Schemas. */
export const STEP_KEYS = {
  connection: { anyOf: [NAME, EXPRESSION] },
  with: VALUES,
  timeout: DURATION,
  priority: { ...PRIORITY, default: 'normal' },
  retry: retrySchema(),
  onError: { type: 'array', items: mapSchema({ when: CONDITION, output: {} }, ['output']) },
} as const;

export type StepKey = keyof typeof STEP_KEYS;
