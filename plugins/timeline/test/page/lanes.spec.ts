import { describe, expect, it } from '@jest/globals';
import { lanes } from '../../page/lanes.js';

const inLanes = (...entries: (readonly [string, number, number])[]) =>
  Object.fromEntries(
    [...lanes(entries.map(([id, from, to]) => ({ id, from, to })))].map(([id, { lane, lanes: all }]) => [id, `${lane}/${all}`]),
  );

describe('lanes', () => {
  it('are one for adjacent entries', () => {
    expect(inLanes(['a', 0, 10], ['b', 10, 20])).toEqual({ a: '0/1', b: '0/1' });
  });

  it('are as many as overlapping entries, and are reused', () => {
    expect(inLanes(['a', 0, 30], ['b', 5, 10], ['c', 10, 20], ['d', 15, 40])).toEqual({ a: '0/3', b: '1/3', c: '1/3', d: '2/3' });
  });

  it('share the width only among entries that overlap one another', () => {
    expect(inLanes(['a', 0, 10], ['b', 5, 10], ['c', 20, 30])).toEqual({ a: '0/2', b: '1/2', c: '0/1' });
  });

  it('do not depend on the order of entries', () => {
    const entries = [
      ['b', 0, 10],
      ['a', 0, 10],
      ['c', 5, 20],
    ] as const;
    expect(inLanes(...entries)).toEqual({ a: '0/3', b: '1/3', c: '2/3' });
    expect(inLanes(...entries.toReversed())).toEqual({ a: '0/3', b: '1/3', c: '2/3' });
  });
});
