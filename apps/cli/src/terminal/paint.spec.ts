import { describe, expect, it } from '@jest/globals';
import { oneLine, shown, shownJson } from './paint.js';

describe('text of remote systems on a terminal', () => {
  it.each([
    ['a colour', '\u001b[31mкрасное\u001b[0m', '\\u001b[31mкрасное\\u001b[0m'],
    ['a bell and a zero', 'a\u0007b\0', 'a\\u0007b\\u0000'],
    ['a command of C1', '\u009b2J', '\\u009b2J'],
    ['a line break', 'a\r\nb\u2028c', 'a\\r\\nb\\u2028c'],
    ['a tab', 'a\tb', 'a\\tb'],
    ['an override of direction', '\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066'],
    ['half of a pair', 'a\ud800', 'a\\ud800'],
  ])('shows %s as an escape', (_, text, visible) => expect(oneLine(text)).toBe(visible));

  it('keeps letters, emoji and spaces of any language', () => {
    const text = 'Ёж №5 👨‍👩‍👧 «日本» a\u00a0b';
    expect(oneLine(text)).toBe(text);
  });

  it('keeps line breaks and tabs of a text', () => expect(shown('a\u0007\n\tb\r')).toBe('a\\u0007\n\tb\\r'));

  it('does not change the value of JSON', () => {
    const value = { a: '\u009b\u202e\u007f\n\u001b', б: ['\u2028'] };
    const json = shownJson(JSON.stringify(value, undefined, 2));

    expect(json).not.toMatch(/[\u007f-\u009f\u202e\u2028]/);
    expect(JSON.parse(json)).toEqual(value);
  });
});
