import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { explainIssue } from './explain-issue.js';

function explained(schema: z.ZodType, value: unknown): string {
  const { error } = schema.safeParse(value);
  if (!error?.issues[0]) throw new Error('the schema accepts this value');
  const { says, cure } = explainIssue(error.issues[0], value);
  return [says, ...Object.entries(cure).map((entry) => entry.join(': '))].join(' → ');
}

describe('explainIssue', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.string(), 5, 'must be a text, not a number → do: put it in quotes'],
    [z.string(), true, 'must be a text, not true or false → do: put it in quotes'],
    [z.string(), ['Save'], 'must be a text, not a list → do: write a text'],
    [z.string(), null, 'must be a text, not null → do: write a text'],
    [z.number(), '5', 'must be a number, not a text → do: write it without quotes'],
    [z.number(), 'five', 'must be a number, not a text → do: write a number'],
    [z.int(), 1.5, 'must be a whole number, not a number → do: write a whole number'],
    [z.boolean(), 'yes', 'must be true or false, not a text → do: write true or false, without quotes'],
    [z.array(z.string()), 'Save', 'must be a list, not a text → do: write a list: [ … ], or a line with "- " for each item'],
    [z.object({}), 'Save', 'must be a map, not a text → do: write its keys, each with a value'],
    [z.record(z.string(), z.string()), [], 'must be a map, not a list → do: write its keys, each with a value'],
    [z.enum(['yes', 'by-key', 'no']), 'by_key', 'must be one of yes, by-key, no → write: by-key'],
    [z.enum(['yes', 'by-key', 'no']), 'perhaps', 'must be one of yes, by-key, no → do: write one of them'],
    [z.string().min(1), '', 'must not be empty → do: write a text of at least one character'],
    [z.string({ error: 'a name, please' }), 5, 'a name, please → do: write a value that the message describes'],
  ])('explains issue %# in the words of the flow language', (schema, value, words) => {
    expect(explained(schema, value)).toBe(words);
  });
});
