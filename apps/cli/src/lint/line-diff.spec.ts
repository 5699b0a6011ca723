import { describe, expect, it } from '@jest/globals';
import { lineDiff } from './line-diff.js';

const numbers = (...changed: readonly [number, string][]) =>
  Array.from({ length: 20 }, (_, index) => changed.find(([at]) => at === index)?.[1] ?? `line ${index}`).join('\n');

describe('lineDiff', () => {
  it('shows each changed line with two lines around it, and near changes in one hunk', () => {
    expect(lineDiff('a.yaml', numbers(), numbers([1, 'one'], [4, 'four'], [15, 'x\ny']))).toBe(
      [
        '--- a.yaml',
        '+++ a.yaml',
        '@@ -1,7 +1,7 @@',
        ' line 0',
        '-line 1',
        '+one',
        ' line 2',
        ' line 3',
        '-line 4',
        '+four',
        ' line 5',
        ' line 6',
        '@@ -14,5 +14,6 @@',
        ' line 13',
        ' line 14',
        '-line 15',
        '+x',
        '+y',
        ' line 16',
        ' line 17',
      ].join('\n'),
    );
  });

  it('shows a change up to the end of the file', () => {
    expect(lineDiff('a', 'x\n', 'y\n').split('\n')).toEqual(['--- a', '+++ a', '@@ -1,1 +1,1 @@', '-x', '+y']);
  });
});
