import { describe, expect, it } from '@jest/globals';
import { FINDING_PAGES, type CodeExample } from '../src/code-pages.js';
import { FINDING_CODES, type FindingCode } from '../src/codes.js';
import { checkRemotes, type Finding } from '../src/index.js';
import { sluiceYaml } from './support/lint.js';
import { compile, sourceFile, type WorkspaceFixture } from './support/workspace.js';
import { stubPlugins } from './support/stub-plugins.js';

/** Keys that every flow has, for the examples that leave them out. */
const FLOW: Readonly<Record<string, string>> = {
  sluice: 'sluice: 1',
  flow: 'flow: example',
  trigger: 'trigger: { use: event, with: { types: [order.created] } }',
  steps: 'steps: [{ id: end, stop: {} }]',
};
const WORKSPACE = Object.fromEntries(
  sluiceYaml.split(/\n(?=\w)/).map((section) => [section.slice(0, section.indexOf(':')), section.trimEnd()]),
);

/** Adds the keys of every file to each document of an example. */
function completed(text: string, keys: Readonly<Record<string, string>>): string {
  const documents = text.split(/^---$/m).map((document) => {
    if (/^#.*$/.test(document)) return document;
    const missing = Object.entries(keys).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(document));
    return [...missing.map(([, line]) => line), document.trim()].join('\n');
  });
  return `${documents.join('\n---\n')}\n`;
}

/** Returns the whole text of the wrong example: its last line may stand for many. */
function wrongText({ wrong, times }: CodeExample): string {
  const lines = wrong.split('\n');
  const last = lines.pop() ?? '';
  return [
    ...lines,
    ...Array.from({ length: times ?? 1 }, (_, index) => (times === undefined ? last : last.replace('1', String(index + 1)))),
  ].join('\n');
}

function fixture(code: FindingCode, { file }: CodeExample, text: string): WorkspaceFixture {
  if (file === 'sluice.yaml') return { workspace: completed(text, WORKSPACE), flows: {} };
  const flow = completed(text, FLOW);
  const bytes = code === 'FILE_NOT_UTF8' && text.includes('1251') ? Uint8Array.from(flow, inWindows1251) : flow;
  return { workspace: sluiceYaml, flows: { 'a.yaml': bytes } };
}

function inWindows1251(character: string): number {
  const code = character.charCodeAt(0);
  return code >= 0x410 && code <= 0x44f ? code - 0x350 : code;
}

/** Codes that a check does not find: a remote system objects, the value exists only in a run, or `sluice test` reports them. */
const ELSEWHERE: readonly string[] = ['REF_REMOTE', 'EXPR_NOT_BOOLEAN', 'TEST_FAILED', 'TEST_MOCK', 'TEST_ENDLESS'];

describe('pages of findings', () => {
  it.each(Object.entries(FINDING_PAGES))(
    '%s: the wrong example has the finding with a cure, and the right one has no error',
    (name, page) => {
      const code = name as FindingCode;
      const { example } = page;
      const found = (text: string): readonly Finding[] => compile(fixture(code, example, text)).findings;
      const right = found(example.right);
      expect(right.filter((finding) => finding.severity === 'error' || finding.code === code)).toEqual([]);
      const wrong = found(wrongText(example));
      if (!ELSEWHERE.includes(code)) expect(wrong.map((finding) => finding.code)).toContain(code);
      expect(wrong.filter((finding) => finding.write === undefined && finding.do === undefined)).toEqual([]);
    },
  );

  it.each(Object.entries(FINDING_PAGES))('%s is explained in Russian', (code, { ru }) => {
    for (const text of [ru.cause, ru.cure]) expect(text.length).toBeGreaterThan(4);
    expect(ru.cause).toMatch(/[а-яё]{3}/i);
    expect(ru.cause).not.toBe(FINDING_CODES[code as FindingCode].cause);
  });

  it('REF_REMOTE: the remote system objects to the wrong example only', async () => {
    const soap = stubPlugins.get('onec-soap');
    if (!soap) throw new Error('the stub of onec-soap is missing');
    const lint = async ({ input }: { readonly input: unknown }) =>
      (input as { readonly operation?: unknown }).operation === 'Save'
        ? []
        : [{ path: ['operation'], message: 'Orders has no operation Svae', write: 'Save' }];
    const plugins = new Map([...stubPlugins, ['onec-soap', { ...soap, lint }]]);
    const codesOf = async (text: string) => {
      const { workspace } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': completed(text, FLOW) }, plugins });
      if (!workspace) throw new Error('the example has errors');
      const input = { flows: [sourceFile('a.yaml', completed(text, FLOW))], plugins, connections: workspace.connections };
      return (await checkRemotes(input, AbortSignal.timeout(5_000))).map(({ code }) => code);
    };
    const { wrong, right } = FINDING_PAGES.REF_REMOTE.example;
    await expect(codesOf(wrong)).resolves.toEqual(['REF_REMOTE']);
    await expect(codesOf(right)).resolves.toEqual([]);
  });
});
