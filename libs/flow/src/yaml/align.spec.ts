import { describe, expect, it } from '@jest/globals';
import { Alignment } from './align.js';
import { readDocuments } from './read-documents.js';

/** Returns the position and the source text of a word of the value. */
function found(text: string, word: string): string | undefined {
  const { documents, source } = readDocuments({ file: 'a.yaml', bytes: Buffer.from(text) });
  const node = documents[0]?.root?.entries[0]?.value;
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const start = node.value.lastIndexOf(word);
  const span = new Alignment(node, source).span(start, start + word.length);
  return `${source.location(span.start).line}:${source.location(span.start).column} ${source.text.slice(span.start, span.end)}`;
}

describe('Alignment', () => {
  it.each([
    ['a plain text', 'a: one two', 'two', '1:8 two'],
    ['a plain text over two lines', 'a: one\n  two\n  three', 'three', '3:3 three'],
    ['single quotes, one of them doubled', "a: 'it''s two'", 'two', '1:11 two'],
    ['double quotes with escapes', 'a: "\\u0416\\n\\"two"', 'two', '1:15 two'],
    ['double quotes over two lines', 'a: "one \\\n   two"', 'two', '2:4 two'],
    ['a folded block', 'a: >-\n  one\n  two\n\n  three', 'three', '5:3 three'],
    ['a literal block with its own indentation', 'a: |\n    one\n      two\n', 'two', '3:7 two'],
    ['a block after Windows line ends', 'a: >-\r\n  one\r\n  two\r\n', 'two', '3:3 two'],
    ['a map in braces', "a: 'x Жук'", 'Жук', '1:7 Жук'],
    ['a text that ends with an escape', 'a: "x \\"two\\""', '"two"', '1:7 \\"two\\"'],
    ['a text that ends with a doubled quote', "a: 'x ''two'''", "'two'", "1:7 ''two''"],
    ['repeated letters', 'a: aa a aaa aab', 'aab', '1:13 aab'],
  ])('finds the source of a word in %s', (_, text, word, expected) => {
    expect(found(text, word)).toBe(expected);
  });
});
