import { describe, expect, it } from '@jest/globals';
import { formatFinding } from './format.js';
import type { Finding } from './model.js';

const finding: Finding = {
  file: 'flows/a.yaml',
  line: 12,
  column: 8,
  endColumn: 11,
  code: 'REF_STEP',
  severity: 'error',
  message: 'no step is called "abc"',
};

describe('formatFinding', () => {
  it('puts the caret under the word, also behind tabs and combining marks', () => {
    expect(formatFinding({ ...finding, source: '\tЖук: й abc'.replace('й', 'и\u0306'), column: 10, endColumn: 13 })).toBe(
      ['flows/a.yaml:12:10 REF_STEP no step is called "abc"', '   12 | \tЖук: и\u0306 abc', '      | \t       ^^^'].join('\n'),
    );
  });

  it('prints the cures and indents their further lines', () => {
    expect(formatFinding({ ...finding, write: 'one\ntwo', do: 'three' })).toBe(
      ['flows/a.yaml:12:8 REF_STEP no step is called "abc"', '      write: one', '             two', '      do: three'].join(
        '\n',
      ),
    );
  });
});
