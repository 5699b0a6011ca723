import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { completionAt } from '../src/completion.js';
import { hoverAt, signatureHelpAt } from '../src/hover.js';
import { definitionsAt, referencesAt } from '../src/symbols.js';
import { editing } from './editor.js';

const FLOWS = path.resolve('libs/flow/test/fixtures/twelve/flows');
/** Characters between two places: a prime, so that the places differ in each line. */
const STRIDE = 397;

/** Texts on which readers stumble. */
const ODD: Readonly<Record<string, string>> = {
  empty: '‸',
  'a lone colon': ':‸',
  'a thousand brackets': `a: ${'['.repeat(1000)}‸`,
  'deep indentation': `${Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}‸`,
  'an alias and an anchor': 'a: &x 1\nb: *x‸\n<<: *x\n',
  'a tag': 'a: !!binary ‸\n',
  'a key that is a list': '? [a, b]\n: ‸\n',
  'a number and null as keys': '1: a\n~: ‸\n',
  'a name of the prototype': 'constructor:\n  __proto__: { ‸ }\n',
  'Windows line ends': 'sluice: 1\r\nflow: a\r\n---\r\nsluice: 1\r\nflow: b\r\n‸',
  'thousands of expression marks': `a: ${'${{ '.repeat(3000)}‸`,
  'an expression without an end': `a: '\${{ ${'$sum('.repeat(500)}‸`,
};

async function answerAll(text: string): Promise<void> {
  const { at, rangeOf } = await editing(text);
  for (const item of completionAt(at, rangeOf)) expect(item.label).not.toContain('sluiceCursor');
  hoverAt(at, [], rangeOf);
  signatureHelpAt(at);
  for (const mention of [
    ...definitionsAt(at.workspace, at.file, at.offset),
    ...referencesAt(at.workspace, at.file, at.offset, true),
  ])
    expect(mention.end).toBeGreaterThanOrEqual(mention.start);
}

describe('each request', () => {
  it.each(readdirSync(FLOWS))('is answered anywhere in %s, also when the text ends there', async (file) => {
    const text = readFileSync(path.join(FLOWS, file), 'utf8');
    for (let offset = 0; offset < text.length; offset += STRIDE) {
      await answerAll(`${text.slice(0, offset)}‸${text.slice(offset)}`);
      await answerAll(`${text.slice(0, offset)}‸`);
    }
  });

  it.each(Object.keys(ODD))('is answered in a text with %s', async (name) => {
    await answerAll(ODD[name] ?? '');
  });
});
