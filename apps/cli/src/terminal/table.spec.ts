import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { paint, shown } from './paint.js';
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

  it('ignores colours in the width of a cell', () => {
    const drawn = table([
      [paint.red('ab'), 'x'],
      ['abc', 'y'],
    ]);
    expect(stripVTControlCharacters(shown(drawn))).toBe('ab    x\nabc   y');
  });

  it('escapes control characters of remote systems, so that they cannot forge a row', () => {
    const drawn = table([
      ['\u001b[31mкрасное\u001b[0m\u0007', 'a\nfake   row'],
      ['b', 'c'],
    ]);
    expect(shown(drawn)).toBe('\\u001b[31mкрасное\\u001b[0m\\u0007   a\\nfake   row\nb                                  c');
  });

  it('removes trailing spaces', () => {
    expect(
      table([
        ['a', ''],
        ['bb', 'c'],
      ]),
    ).toBe('a\nbb   c');
  });
});
