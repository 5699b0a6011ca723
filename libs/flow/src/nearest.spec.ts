import { describe, expect, it } from '@jest/globals';
import { nearest } from './nearest.js';

describe('the nearest name', () => {
  it.each([
    ['patry', ['popup', 'party'], 'party'],
    ['CallerIdNumber', ['Linkedid', 'CallerIDNum'], 'CallerIDNum'],
    ['Наименвание', ['Номер', 'Наименование'], 'Наименование'],
    ['x', ['abc'], undefined],
    ['anything', [], undefined],
  ])('to %s of %j is %s', (name, names, expected) => {
    expect(nearest(name, names)).toBe(expected);
  });

  it('is looked for among the first 500 only', () => {
    const others = Array.from({ length: 500 }, (_, index) => `other${index}`);
    expect(nearest('patry', ['party', ...others])).toBe('party');
    expect(nearest('patry', [...others, 'party'])).toBeUndefined();
  });
});
