import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileWorkspace, parseWorkspaceFile } from '../src/index.js';
import { stubPlugins } from './support/stub-plugins.js';
import { environment, sourceFile } from './support/workspace.js';

const FOLDER = fileURLToPath(new URL('fixtures/twelve/', import.meta.url));
const SAMPLES = readdirSync(`${FOLDER}flows`).map((name) => readFileSync(`${FOLDER}flows/${name}`, 'utf8'));
const WORKSPACE = readFileSync(`${FOLDER}sluice.yaml`, 'utf8');

/** Maximum findings of one file: 500 errors, 500 warnings, and one finding about the rest of each. */
const MAX_FINDINGS = 1_002;

/** Pieces that YAML, the grammar or the expressions treat in ways of their own. */
const PIECES = [
  '${{ ',
  ' }}',
  '${{ }}',
  '\n',
  '  ',
  '\t',
  '- ',
  ': ',
  ' #',
  '&a ',
  '*a',
  '!t ',
  '<<: ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '`',
  '|',
  '>-\n',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '\r',
  '\u0000',
  '\ud800',
  '\u00a0',
  '“',
  'й',
  '0101',
  'null',
  '~',
  '__proto__',
  'constructor',
  'steps.',
  'trigger.data.',
  ' ?? ',
  ' ?: ',
  '(',
  ')',
  '/',
  '$',
  '%',
  'raise: {}',
  'forEach:',
  'call: { flow: a }',
  'catch: []',
  'try:',
  'if: true',
  'key: ${{ trigger.subject }}',
];

/** Words of the language, to put in the place of other words and values. */
const WORDS =
  'forEach try catch raise call steps in as item loop error output onFailure concurrency timeout key where use schedule flow cron note [] {} 1 true ~ -'
    .split(' ')
    .concat("'${{ item.x }}'", "'${{ steps.a }}'");

type Edit = (text: string) => string;

const position = fc.double({ min: 0, max: 1, noNaN: true });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(position, fc.constantFrom(...PIECES)).map(([at, piece]) => insert(at, piece)),
  fc.tuple(position, position).map(([from, length]) => remove(from, length / 20)),
  fc.tuple(position, position, fc.integer({ min: 2, max: 40 })).map(([from, length, times]) => repeat(from, length / 40, times)),
  fc.tuple(position, position).map(([from, to]) => moveLine(from, to)),
  fc.tuple(position, fc.constantFrom(...WORDS)).map(([at, word]) => changeLine(at, (line) => line.replace(/:.*/, `: ${word}`))),
  fc.tuple(position, fc.constantFrom(...WORDS)).map(([at, word]) => changeLine(at, (line) => line.replace(/[\w-]+/, word))),
  fc.tuple(position, fc.integer({ min: -4, max: 12 })).map(([at, by]) => indentLine(at, by)),
  fc.tuple(position, fc.string({ maxLength: 12, unit: 'binary' })).map(([at, piece]) => insert(at, piece)),
);

function insert(at: number, piece: string): Edit {
  return (text) => text.slice(0, at * text.length) + piece + text.slice(at * text.length);
}

function remove(from: number, length: number): Edit {
  return (text) => text.slice(0, from * text.length) + text.slice((from + length) * text.length);
}

function repeat(from: number, length: number, times: number): Edit {
  return (text) => {
    const [start, end] = [from * text.length, (from + length) * text.length];
    return text.slice(0, start) + text.slice(start, end).repeat(times) + text.slice(end);
  };
}

function moveLine(from: number, to: number): Edit {
  return (text) => {
    const lines = text.split('\n');
    const [line = ''] = lines.splice(Math.floor(from * lines.length), 1);
    lines.splice(Math.floor(to * lines.length), 0, line);
    return lines.join('\n');
  };
}

function indentLine(at: number, by: number): Edit {
  return changeLine(at, (line) => (by < 0 ? line.slice(-by) : ' '.repeat(by) + line));
}

function changeLine(at: number, change: Edit): Edit {
  return (text) => {
    const lines = text.split('\n');
    const number = Math.min(lines.length - 1, Math.floor(at * lines.length));
    lines[number] = change(lines[number] ?? '');
    return lines.join('\n');
  };
}

const changed = fc
  .tuple(fc.constantFrom(...SAMPLES), fc.array(edit, { minLength: 1, maxLength: 6 }))
  .map(([sample, edits]) => edits.reduce((text, change) => change(text), sample));

describe('the linter and damaged files', () => {
  it('never throws, and its findings are bounded and lie inside of the file', () => {
    fc.assert(
      fc.property(changed, (text) => {
        const { file } = parseWorkspaceFile(sourceFile('sluice.yaml', WORKSPACE));
        if (!file) throw new Error('the sample workspace cannot be read');
        const flow = sourceFile('flows/a.yaml', text);
        const { findings } = compileWorkspace({ workspace: file, flows: [flow], plugins: stubPlugins, env: environment });
        expect(findings.length).toBeLessThanOrEqual(MAX_FINDINGS);
        const lines = text.split('\n').length;
        for (const { line, column, endColumn, message } of findings) {
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeLessThan(endColumn);
          expect(message).not.toBe('');
        }
      }),
      { numRuns: Number(process.env['SLUICE_FUZZ_RUNS'] ?? 150), seed: 4_711 },
    );
  });

  it('never throws for a damaged sluice.yaml', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const text = edits.reduce((value, change) => change(value), WORKSPACE);
        const { file, findings } = parseWorkspaceFile(sourceFile('sluice.yaml', text));
        if (!file) return findings.length > 0;
        const flows = SAMPLES.slice(0, 2).map((sample, index) => sourceFile(`flows/${index}.yaml`, sample));
        return Array.isArray(compileWorkspace({ workspace: file, flows, plugins: stubPlugins, env: environment }).findings);
      }),
      { numRuns: Number(process.env['SLUICE_FUZZ_RUNS'] ?? 50), seed: 4_712 },
    );
  });
});
