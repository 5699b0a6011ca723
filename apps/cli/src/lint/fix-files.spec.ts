import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Finding, SourceFile } from '@sluice/flow';
import { fixSources, writeFixed } from './fix-files.js';

const source = (text: string): SourceFile => ({ file: 'a.yaml', bytes: Buffer.from(text) });

/** Finds each word of one letter and writes another letter for it. */
function finder(replacements: Readonly<Record<string, string>>): (sources: readonly SourceFile[]) => Promise<readonly Finding[]> {
  return async (sources) =>
    sources.flatMap(({ file, bytes }) =>
      [
        ...Buffer.from(bytes)
          .toString()
          .replace(/^\uFEFF/, '')
          .matchAll(/\w/g),
      ].flatMap(({ index, 0: letter }): Finding[] => {
        const text = replacements[letter];
        if (text === undefined) return [];
        const range = { line: 1, column: index + 1, endLine: 1, endColumn: index + 2 };
        return [
          {
            file,
            line: 1,
            column: index + 1,
            endColumn: index + 2,
            code: 'FLOW_VALUE',
            severity: 'error',
            message: letter,
            fix: [{ range, text }],
          },
        ];
      }),
    );
}

const textsOf = (files: readonly { readonly after: SourceFile }[]) =>
  files.map(({ after }) => Buffer.from(after.bytes).toString());

describe('fixSources', () => {
  it('corrects in rounds, because a correction may show another mistake', async () => {
    const { files, findings } = await fixSources([source('a x')], finder({ a: 'b', b: 'c' }), () => true);
    expect(textsOf(files)).toEqual(['c x']);
    expect(findings).toEqual([]);
  });

  it('keeps a byte order mark', async () => {
    const { files } = await fixSources([source('\uFEFFa')], finder({ a: 'b' }), () => true);
    expect(textsOf(files)).toEqual(['\uFEFFb']);
  });

  it('leaves out a correction after which its finding is still there, and makes the others', async () => {
    const { files, findings } = await fixSources([source('a x')], finder({ a: 'a', x: 'y' }), () => true);
    expect(textsOf(files)).toEqual(['a y']);
    expect(findings.map(({ message }) => message)).toEqual(['a']);
  });

  it('corrects equal mistakes of a file with more of them than the lint reports', async () => {
    const text = Array.from({ length: 1_300 }, () => 'a').join('\n');
    const check = async ([first]: readonly SourceFile[]): Promise<readonly Finding[]> => {
      const lines = Buffer.from(first?.bytes ?? [])
        .toString()
        .split('\n');
      const found = lines.flatMap((line, n): Finding[] => {
        const at = {
          file: 'a.yaml',
          line: n + 1,
          column: 1,
          endColumn: 2,
          code: 'FLOW_VALUE',
          severity: 'error',
          message: 'a',
        } as const;
        const range = { line: n + 1, column: 1, endLine: n + 1, endColumn: 2 };
        return line === 'a' ? [{ ...at, fix: [{ range, text: 'b' }] }] : [];
      });
      const more = {
        file: 'a.yaml',
        line: 1,
        column: 1,
        endColumn: 2,
        code: 'FLOW_ERRORS',
        severity: 'error',
        message: 'more',
      } as const;
      return found.length > 500 ? [...found.slice(0, 500), more] : found;
    };
    const { files, findings } = await fixSources([source(text)], check, () => true);
    expect(textsOf(files)).toEqual([text.replaceAll('a', 'b')]);
    expect(findings).toEqual([]);
  });

  it('ends when two corrections undo each other', async () => {
    const { files } = await fixSources([source('a')], finder({ a: 'b', b: 'a' }), () => true);
    expect(files.length).toBeLessThanOrEqual(1);
  });

  it('corrects only what is wanted', async () => {
    const { files } = await fixSources([source('a x')], finder({ a: 'b', x: 'y' }), ({ message }) => message === 'x');
    expect(textsOf(files)).toEqual(['a y']);
  });
});

describe('writeFixed', () => {
  let folder: string;
  const corrected = { file: 'a.yaml', before: source('old'), after: source('new'), fixed: [] };

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'sluice-fix-')));
    writeFileSync(path.join(folder, 'a.yaml'), 'old');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('replaces the file, keeps its mode and leaves no other file', async () => {
    chmodSync(path.join(folder, 'a.yaml'), 0o640);
    await expect(writeFixed(folder, corrected)).resolves.toBe(true);
    expect(readFileSync(path.join(folder, 'a.yaml'), 'utf8')).toBe('new');
    expect(statSync(path.join(folder, 'a.yaml')).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });

  it('leaves a file alone that somebody changed meanwhile', async () => {
    writeFileSync(path.join(folder, 'a.yaml'), 'theirs');
    await expect(writeFixed(folder, corrected)).resolves.toBe(false);
    expect(readFileSync(path.join(folder, 'a.yaml'), 'utf8')).toBe('theirs');
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });

  it('writes through a link', async () => {
    mkdirSync(path.join(folder, 'flows'));
    symlinkSync('../a.yaml', path.join(folder, 'flows', 'a.yaml'));
    await writeFixed(path.join(folder, 'flows'), corrected);
    expect(readFileSync(path.join(folder, 'a.yaml'), 'utf8')).toBe('new');
  });
});
