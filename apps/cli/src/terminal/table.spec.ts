import { describe, expect, it } from '@jest/globals';
import { createColors } from 'picocolors';
import { table } from './table.js';

describe('table', () => {
  it('makes each column as wide as its widest cell', () => {
    expect(
      table([
        ['a', 'bbb', 'c'],
        ['aaaa', 'b', 'c'],
      ]),
    ).toBe('a      bbb   c\naaaa   b     c');
  });

  it('gives colours no room', () => {
    const { red } = createColors(true);
    expect(
      table([
        [red('ab'), 'x'],
        ['abc', 'y'],
      ]),
    ).toBe(`${red('ab')}    x\nabc   y`);
  });

  it('leaves no spaces at the end of a line', () => {
    expect(
      table([
        ['a', ''],
        ['bb', 'c'],
      ]),
    ).toBe('a\nbb   c');
  });
});
