import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeFolder, type Folder } from '../support/workspace.js';

const EXTENSION = path.resolve('editors/vscode');
const LIMIT_MS = 12 * 60_000;

interface Manifest {
  readonly main: string;
  readonly engines: { readonly vscode: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly contributes: { readonly grammars: readonly { readonly path: string; readonly injectTo: readonly string[] }[] };
}

/** The part of yauzl that the test uses; it is one of the packages of the extension's tools. */
interface ZipFile {
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'entry', listener: (entry: { readonly fileName: string }) => void): void;
  readEntry(): void;
  openReadStream(entry: object, done: (error: Error | null, stream: NodeJS.ReadableStream) => void): void;
}

let folder: Folder;

function read<Json>(file: string): Json {
  return JSON.parse(readFileSync(path.join(folder.path, file), 'utf8')) as Json;
}

/** Packs the extension, and unpacks the archive into a folder. */
async function pack(): Promise<void> {
  folder = makeFolder('extension');
  await promisify(execFile)(process.execPath, ['scripts/vscode.mjs'], { timeout: LIMIT_MS });
  const { fromBuffer } = createRequire(path.join(EXTENSION, 'package.json'))('yauzl') as {
    fromBuffer: (bytes: Buffer, options: { lazyEntries: true }, done: (error: Error | null, zip: ZipFile) => void) => void;
  };
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    const bytes = readFileSync(path.join(EXTENSION, 'dist/sluice-flows.vsix'));
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  await new Promise<void>((resolve, reject) => {
    zip.on('end', () => resolve());
    zip.on('error', reject);
    zip.on('entry', (entry: { fileName: string }) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error);
        void buffer(stream).then((bytes) => {
          const target = path.join(folder.path, entry.fileName);
          mkdirSync(path.dirname(target), { recursive: true });
          writeFileSync(target, bytes);
          zip.readEntry();
        }, reject);
      });
    });
    zip.readEntry();
  });
}

beforeAll(pack, LIMIT_MS);
afterAll(() => folder?.remove());

describe('the archive of the extension for VS Code', () => {
  it('contains the program, the grammar and the licence that its manifest names, and no tools', () => {
    const manifest = read<Manifest>('extension/package.json');
    expect(manifest.engines.vscode).toMatch(/^\^1\.\d+\.0$/);
    const [grammar] = manifest.contributes.grammars;
    expect(grammar?.injectTo).toEqual(['source.yaml']);
    for (const file of [manifest.main, grammar?.path ?? '', 'LICENSE.txt', 'readme.md'])
      expect({ file, exists: existsSync(path.join(folder.path, 'extension', file)) }).toEqual({ file, exists: true });
    for (const file of ['stubs', 'dist', 'node_modules/@vscode', 'node_modules/keytar'])
      expect({ file, exists: existsSync(path.join(folder.path, 'extension', file)) }).toEqual({ file, exists: false });
  });

  it('contains each package that its program needs', () => {
    const seen = new Set<string>();
    const visit = (manifestFile: string) => {
      const { dependencies = {} } = JSON.parse(readFileSync(manifestFile, 'utf8')) as Partial<Manifest>;
      for (const name of Object.keys(dependencies)) {
        const found = createRequire(manifestFile)
          .resolve.paths(name)
          ?.map((place) => path.join(place, name, 'package.json'))
          .find((file) => file.startsWith(folder.path) && existsSync(file));
        expect({ name, of: manifestFile, isPacked: found !== undefined }).toEqual({ name, of: manifestFile, isPacked: true });
        if (found === undefined || seen.has(found)) continue;
        seen.add(found);
        visit(found);
      }
    };
    visit(path.join(folder.path, 'extension/package.json'));
    expect(seen.size).toBeGreaterThan(3);
  });

  it('has a grammar whose patterns are regular expressions that find the parts of an expression', () => {
    interface Rule {
      readonly name?: string;
      readonly match?: string;
      readonly begin?: string;
      readonly end?: string;
      readonly patterns?: readonly Rule[];
    }
    const grammar = read<{ patterns: Rule[]; repository: { expression: Rule } }>('extension/syntaxes/expression.tmLanguage.json');
    const rules = [...grammar.patterns, ...(grammar.repository.expression.patterns ?? [])];
    const found = (text: string) =>
      rules.filter(({ match, begin }) => new RegExp(`^(?:${match ?? begin})`).test(text)).map(({ name }) => name);
    for (const { end } of rules) expect(() => new RegExp(end ?? '')).not.toThrow();
    expect(found('${{ steps.save }}')).toContain('meta.embedded.expression.sluice');
    expect(found('$decimal(1)')).toContain('support.function.sluice');
    expect(found('steps.save')).toContain('variable.language.sluice');
    expect(found('"a \\" b"')).toContain('string.quoted.double.sluice');
    expect(found('?? 1')).toContain('keyword.operator.sluice');
  });
});
