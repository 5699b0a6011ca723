import { describe, expect, it } from '@jest/globals';
import { nearest } from './nearest.js';

describe('nearest', () => {
  it.each([
    ['patry', ['popup', 'party'], 'party'],
    ['CallerIdNumber', ['Linkedid', 'CallerIDNum'], 'CallerIDNum'],
    ['Наименвание', ['Номер', 'Наименование'], 'Наименование'],
    ['x', ['abc'], undefined],
    ['anything', [], undefined],
  ])('for %s of %j returns %s', (name, names, expected) => {
    expect(nearest(name, names)).toBe(expected);
  });

  it('searches only the first 500 names', () => {
    const others = Array.from({ length: 500 }, (_, index) => `other${index}`);
    expect(nearest('patry', ['party', ...others])).toBe('party');
    expect(nearest('patry', [...others, 'party'])).toBeUndefined();
  });
});
