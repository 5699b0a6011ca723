import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toValue } from './nodes.js';
import { readDocuments } from './read-documents.js';
import { writeYaml } from './write-yaml.js';

function readBack(value: unknown) {
  const text = writeYaml(value);
  const { documents, report } = readDocuments({ file: 'a.yaml', bytes: Buffer.from(text) });
  return {
    text,
    findings: report.findings.map(({ code, message }) => `${code} ${message}`),
    value: toValue(documents[0]!.root!),
  };
}

const TRAPS = [
  '',
  ' ',
  'yes',
  'True',
  'null',
  '~',
  '0101',
  '1e3',
  '10.10',
  '02:00',
  '.inf',
  '- a',
  'a: b',
  'a #b',
  '#b',
  '&a',
  '*a',
  '!a',
  '%YAML',
  '“a”',
  'ООО «Ромашка»',
  'a\u00a0b',
  'й',
  "it's",
  '"',
  'a\nb\n',
  '\tx',
  '---',
  '...',
  '${{ a }}',
  '{}',
  '[a',
];

describe('writeYaml', () => {
  it.each(TRAPS)('writes the text %j so that the reader reads it back without a finding', (text) => {
    const value = { text, list: [text], nested: { [text === '' ? 'empty' : text]: text } };
    expect(readBack(value)).toMatchObject({ findings: [], value });
  });

  it('writes equal lists and maps without aliases', () => {
    const same = { a: [1] };
    expect(readBack({ one: same, two: same })).toMatchObject({ findings: [], value: { one: same, two: same } });
  });

  it('writes any JSON of texts and whole numbers so that it is read back', () => {
    const leaf = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null));
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie('node'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree.node, (node) => {
        const { findings, value } = readBack({ node });
        expect(findings).toEqual([]);
        expect(value).toEqual({ node });
      }),
      { numRuns: 300 },
    );
  });
});
