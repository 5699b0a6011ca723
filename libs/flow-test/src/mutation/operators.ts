/** The operators, each with the mistake that it makes. */
export const OPERATORS = {
  'condition-negate': 'a condition is true where it was false, and the other way round',
  'condition-drop': 'a condition is missing, so it is always true',
  'condition-boundary': 'a comparison includes its boundary or leaves it out: > and >=, < and <=',
  'mapping-drop': 'a key of a mapping is missing',
  'mapping-constant': 'a constant differs: a text, a number, true or false; also inside an expression',
  'mapping-swap': 'two neighbouring fields of a mapping have the value of each other',
  'handler-drop': 'a handler is missing: onError, or the catch of the flow; the catch of a try fails again',
  'handler-fate': 'another fate: in the condition of a handler, in raise, in onFailure, or in onExhausted',
  'key-drop': 'deliver.key is missing, so the runs of one key are in no order',
  'dedupe-drop': 'deliver.dedupe is missing, so a repeated event runs again',
} as const;

export type OperatorName = keyof typeof OPERATORS;
