import { describe, expect, it } from '@jest/globals';
import { WeightedChoice } from './weighted-choice.js';

const shares = { interactive: 60, normal: 30, bulk: 10 };
type Key = keyof typeof shares;

function choose(among: readonly Key[], times: number): Record<string, number> {
  const choice = new WeightedChoice<Key>(shares);
  const counts: Record<string, number> = {};
  for (let n = 0; n < times; n++) {
    const key = choice.next(among) ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('the choice among classes', () => {
  it('follows the shares while all wait', () => {
    expect(choose(['interactive', 'normal', 'bulk'], 100)).toEqual({ interactive: 60, normal: 30, bulk: 10 });
  });
  it('divides the share of an idle class among the others', () => {
    expect(choose(['normal', 'bulk'], 40)).toEqual({ normal: 30, bulk: 10 });
  });
  it('serves a class that waits alone, also one without a share', () => {
    expect(new WeightedChoice({ a: 0 }).next(['a'])).toBe('a');
  });
  it('serves each class after few calls of the others', () => {
    const choice = new WeightedChoice<Key>(shares);
    const first = Array.from({ length: 10 }, () => choice.next(['interactive', 'normal', 'bulk']));
    expect(first).toContain('bulk');
    expect(first.slice(0, 3)).toContain('normal');
  });
  it('returns undefined when no class waits', () => {
    expect(choose([], 1)).toEqual({ none: 1 });
  });
});
