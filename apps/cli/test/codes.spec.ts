import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FINDING_CODES } from '@sluice/flow';
import { HOST_CODES } from '@sluice/host';
import { PACER_CODES } from '@sluice/pacer';
import { BODY_CODES, ENGINE_CODES, SHARED_CODES } from '@sluice/plugin-api';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name) && !/[\\/](dist|node_modules)([\\/]|$)/.test(entry.parentPath))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)));

const SOURCES = ['apps', 'libs', 'plugins']
  .flatMap((folder) => filesIn(folder, /\.ts$/))
  .filter((file) => /[\\/]src[\\/]/.test(file) && !/\.(spec|fixture)\.ts$/.test(file) && !file.startsWith('libs/testing'));
const TEXTS = new Map(SOURCES.map((file) => [file, read(file)]));
const PAGES = [...filesIn('docs', /\.md$/), ...filesIn('plugins', /\.md$/), 'README.md', 'README.ru.md', 'ARCHITECTURE.md'];

/** The codes that each plugin defines in its tables, by plugin. */
async function pluginCodes(): Promise<ReadonlyMap<string, readonly string[]>> {
  const codes = new Map<string, readonly string[]>();
  for (const name of readdirSync(path.join(ROOT, 'plugins'))) {
    if (!existsSync(path.join(ROOT, 'plugins', name, 'src/failures.ts'))) continue;
    const module = (await import(`../../../plugins/${name}/src/failures.ts`)) as Record<string, unknown>;
    const tables = Object.values(module).filter((value) => typeof value === 'object' && value !== null);
    codes.set(
      name,
      tables.flatMap((table) => Object.keys(table)),
    );
  }
  return codes;
}

const OURS = Object.keys({ ...ENGINE_CODES, ...SHARED_CODES, ...BODY_CODES, ...PACER_CODES, ...HOST_CODES });
const thrownCodes = async () => new Set([...OURS, ...[...(await pluginCodes()).values()].flat(), 'UNEXPECTED', 'INTERNAL']);

/** Returns whether a source outside of the tables contains the code as a text or as a function of a table. */
function isUsed(code: string): boolean {
  const use = new RegExp(`['"\`.]${code}\\b(?!:)|\\b${code}\\(`);
  return [...TEXTS].some(([file, text]) => file !== 'libs/flow/src/codes.ts' && use.test(text));
}

describe('register of codes', () => {
  it('contains no finding code that the lint never reports', () => {
    expect(Object.keys(FINDING_CODES).filter((code) => !isUsed(code))).toEqual([]);
  });

  it('contains no error code that is never thrown', async () => {
    expect([...(await thrownCodes())].filter((code) => !isUsed(code))).toEqual([]);
  });

  it('contains the code of each error that is created without a table', async () => {
    const known = await thrownCodes();
    const created = [...TEXTS.values()].flatMap((text) =>
      [...text.matchAll(/new SluiceError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code),
    );
    expect(created.length).toBeGreaterThan(0);
    expect(created.filter((code) => !known.has(String(code)))).toEqual([]);
  });

  it('has one meaning for each code', async () => {
    const codes = [
      ...OURS,
      ...[...(await pluginCodes())].flatMap(([name, own]) =>
        own.filter((code) => name !== 'onec-soap' || !code.startsWith('ONEC_')),
      ),
    ];
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    // an expression fails with the same code before the start and in a run
    const both = Object.keys(FINDING_CODES).filter((code) => codes.includes(code));
    expect(both.filter((code) => !code.startsWith('EXPR_'))).toEqual([]);
  });

  it('contains each code that a page of the documentation names', async () => {
    const known = new Set([...Object.keys(FINDING_CODES), ...(await thrownCodes())]);
    const families = new Set([...known].filter((code) => code.includes('_')).map((code) => code.slice(0, code.indexOf('_'))));
    // settings and headers that begin like a code
    const others = new Set(['AMI_HOST', 'HTTP_PROXY']);
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])`/g)].map(([, code]) => ({ page, code: String(code) })),
    );
    const unknown = named.filter(
      ({ code }) => families.has(code.slice(0, code.indexOf('_'))) && !known.has(code) && !others.has(code),
    );
    expect(unknown).toEqual([]);
  });
});

describe('messages in the register of findings', () => {
  const sources = [...TEXTS]
    .filter(([file]) => file !== 'libs/flow/src/codes.ts')
    .map(([, text]) => text.replaceAll("\\'", "'").replaceAll('\\$', '$'))
    .join('\n');

  // each `…` stands for a part that varies
  it.each(Object.entries(FINDING_CODES))('%s quotes a message of the lint', (_, { message }) => {
    const fragments = message.split(/…|; /).map((part) => part.trim());
    const invented = fragments.filter((part) => part.length > 3 && !sources.includes(part));
    expect(invented).toEqual([]);
  });
});
