import { describe, expect, it } from '@jest/globals';
import { typeMatches } from '@sluice/plugin-api';
import { regexOf } from './patterns.js';

const PATTERNS = [
  'call.started',
  'call.*',
  '*.started',
  'call.#',
  '#.late',
  '#',
  '*',
  'call.#.late',
  '*.*',
  'my-app.a_b',
  'call.?',
  '#.#',
];
const TYPES = [
  'call',
  'call.started',
  'call.started.late',
  'late',
  'order',
  'my-app.a_b',
  'my-app.a_bc',
  'callx.started',
  'call.late',
];

describe('regexOf', () => {
  it.each(PATTERNS)('matches the same types as the pattern %s', (pattern) => {
    const regex = new RegExp(regexOf(pattern));
    expect(TYPES.filter((type) => regex.test(`.${type}`))).toEqual(TYPES.filter((type) => typeMatches(pattern, type)));
  });
});
