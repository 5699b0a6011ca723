import { describe, expect, it } from '@jest/globals';
import { DiscussionTally } from './discussion-tally.js';

describe('DiscussionTally', () => {
  function tallyOf(...seen: readonly (readonly [seq: number, text: string])[]): DiscussionTally {
    const tally = new DiscussionTally(1);
    for (const text of ['a1', 'a2']) tally.sent('anna', text);
    tally.sent('boris', 'b1');
    for (const [seq, text] of seen) tally.saw(0, { seq, text });
    return tally;
  }

  it('counts nothing when each message is seen under one number, in the order of its author', () => {
    const tally = tallyOf([3, 'a2'], [1, 'a1'], [2, 'b1'], [3, 'a2'], [4, 'of a bot']);
    expect(tally.counts()).toEqual({ sent: 3, lost: 0, twice: 0, disordered: 0 });
    expect(tally.seenByAll((text) => text === 'a2')).toBe(3);
  });

  it('counts lost, repeated and disordered messages of each client', () => {
    expect(tallyOf([1, 'a1']).counts()).toEqual({ sent: 3, lost: 2, twice: 0, disordered: 0 });
    expect(tallyOf([1, 'a1'], [2, 'b1'], [3, 'a2'], [4, 'b1']).counts()).toMatchObject({ lost: 0, twice: 1 });
    expect(tallyOf([1, 'a2'], [2, 'a1'], [3, 'b1']).counts()).toMatchObject({ lost: 0, disordered: 1 });
  });

  it('returns no number of a text that one of two clients has not seen', () => {
    const tally = new DiscussionTally(2);
    tally.saw(0, { seq: 1, text: 'hello' });
    const isHello = (text: string) => text === 'hello';
    expect(tally.seenByAll(isHello)).toBeUndefined();
    tally.saw(1, { seq: 1, text: 'hello' });
    expect(tally.seenByAll(isHello)).toBe(1);
  });
});
