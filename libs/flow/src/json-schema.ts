import { PRIORITIES } from './model.js';

/** A JSON Schema of draft 7. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const EXPRESSION = { type: 'string', pattern: '\\$\\{\\{' };
export const NAME = { type: 'string', pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 63 };
export const IDENTIFIER = { type: 'string', pattern: '^[a-z][A-Za-z0-9]*$', maxLength: 63 };
export const DURATION = { type: 'string', pattern: '^\\d+(ms|s|m|h|d)$' };
export const SIZE = { type: 'string', pattern: '^\\d+(B|KiB|MiB|GiB)$' };
export const RATE = { type: 'string', pattern: '^[1-9]\\d{0,5}/(s|m|h)$' };
export const SHARE = { type: 'string', pattern: '^\\d{1,3}%$' };
export const TEXT = { type: 'string' };
export const TEXTS = { type: 'array', items: TEXT };
export const COUNT = { type: 'integer', minimum: 1 };
export const VALUES = { type: 'object' };
export const CONDITION = { anyOf: [EXPRESSION, { type: 'boolean' }] };
export const PRIORITY = { enum: PRIORITIES };

/** An action or a trigger of a plugin. */
export interface Member {
  readonly use: string;
  readonly title: string;
}

export function mapSchema(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
}

/** Returns the schema of `use`: one of these members, each with its title. */
export function useSchema(members: readonly Member[]): JsonSchema {
  return { anyOf: members.map(({ use, title }) => ({ const: use, description: title })) };
}

/** Returns the schema of `retry`, under `deliver` and in a step. */
export function retrySchema(): JsonSchema {
  return mapSchema({
    attempts: { ...COUNT, maximum: 1000, default: 10 },
    backoff: { enum: ['exponential', 'fixed'], default: 'exponential' },
    initial: DURATION,
    max: DURATION,
  });
}
