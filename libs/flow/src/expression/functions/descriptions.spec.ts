import { describe, expect, it } from '@jest/globals';
import { FUNCTION_DESCRIPTIONS } from './descriptions.js';
import { FUNCTION_NAMES, LANGUAGE_FUNCTIONS } from './language.js';

describe('FUNCTION_DESCRIPTIONS', () => {
  it('describes each function that an expression can call, and no other', () => {
    expect([...FUNCTION_DESCRIPTIONS.keys()].toSorted()).toEqual([...FUNCTION_NAMES].toSorted());
  });

  it('lists the parameters that the functions of the language have', () => {
    const described = [...LANGUAGE_FUNCTIONS.keys()].map((name) => {
      const parameters = FUNCTION_DESCRIPTIONS.get(name)?.parameters ?? [];
      return [name, parameters.filter((one) => !one.endsWith('?')).length, parameters.length];
    });
    expect(described).toEqual([...LANGUAGE_FUNCTIONS].map(([name, { required, parameters }]) => [name, required, parameters]));
  });

  it('describes each in a line without a sentence of its own', () => {
    for (const { about } of FUNCTION_DESCRIPTIONS.values()) expect(about).toMatch(/^[^\n]{10,200}$/);
  });
});
