import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { formatFindings } from '../src/index.js';
import { compile } from './support/workspace.js';

const folder = new URL('fixtures/twelve/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');

describe('twelve flows', () => {
  it('print', () => {
    const flows = Object.fromEntries(
      readdirSync(new URL('flows/', folder)).map((name) => [`flows/${name}`, read(`flows/${name}`)]),
    );
    const { findings } = compile({ workspace: read('sluice.yaml'), flows });
    expect(formatFindings(findings)).toBe('');
  });
});
