import { describe, expect, it } from '@jest/globals';
import { documentTexts } from './flow-files.js';

const A = 'sluice: 1\nflow: a\n';
const B = 'sluice: 1\nflow: b\n';
const flowNames = (text: string) =>
  documentTexts({ file: 'flows/a.yaml', bytes: Buffer.from(text) }).map((document) => document.match(/flow: \w/g)?.join());

describe('documentTexts', () => {
  it.each([
    ['plain', `${A}---\n${B}`, ['flow: a', 'flow: b']],
    ['a comment before the first mark', `# orders\n---\n${A}`, ['flow: a']],
    ['a comment beside a mark', `${A}--- # the second\n${B}`, ['flow: a', 'flow: b']],
    ['a comment after the last mark', `${A}---\n# nothing\n`, ['flow: a']],
    ['a file that YAML cannot read', `${A}---\nflow: b [\n x: ]\n`, ['flow: a,flow: b']],
  ])('splits a file with %s as the lint reads it', (_what, text, expected) => {
    expect(flowNames(text)).toEqual(expected);
  });
});
