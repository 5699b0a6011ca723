import { compileWorkspace, parseWorkspaceFile, type SourceFile } from '@sluice/flow';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { sluiceYaml } from '../../flow/test/support/lint.js';
import { stubPlugins } from '../../flow/test/support/stub-plugins.js';
import type { LanguageHost, WorkspaceSources } from '../src/ports.js';
import { LanguageWorkspace } from '../src/workspace.js';

/** Stands for the cursor in the texts of tests. */
const CURSOR = '‸';

const env = { ERP_PASSWORD: 'secret', PBX_SECRET: 'secret', SHOP: 'centre' };

function source(file: string, text: string): SourceFile {
  return { file, bytes: Buffer.from(text) };
}

/** A host whose files are in memory. */
export function memoryHost(files: Readonly<Record<string, string>>): LanguageHost {
  const sources: WorkspaceSources = {
    settings: source('sluice.yaml', files['sluice.yaml'] ?? sluiceYaml),
    flows: Object.entries(files).flatMap(([file, text]) => (file === 'sluice.yaml' ? [] : [source(file, text)])),
  };
  return {
    version: '0.0.0',
    env,
    readFiles: async () => sources,
    check: async (_directory, { settings, flows }) => {
      const { file, findings } = parseWorkspaceFile(settings);
      if (!file) return { findings, plugins: new Map() };
      return { plugins: stubPlugins, findings: compileWorkspace({ workspace: file, flows, plugins: stubPlugins, env }).findings };
    },
    runTest: async () => ({ passed: true, report: '' }),
  };
}

/** A text with the cursor in it, in a workspace with further files. */
export async function editing(text: string, others: Readonly<Record<string, string>> = {}, file = 'flows/a.yaml') {
  const offset = text.indexOf(CURSOR);
  const clean = text.replace(CURSOR, '');
  const workspace = new LanguageWorkspace({
    directory: '/workspace',
    host: memoryHost({ ...others, [file]: clean }),
    debounceMs: 1,
    onLint: () => undefined,
    onError: (message) => {
      throw new Error(message);
    },
  });
  await workspace.ready();
  workspace.dispose();
  const document = TextDocument.create(`file:///workspace/${file}`, 'yaml', 1, clean);
  workspace.open(file, document);
  const at = { workspace, file, text: clean, offset };
  const rangeOf = (start: number, end: number) => ({ start: document.positionAt(start), end: document.positionAt(end) });
  return { workspace, document, at, rangeOf };
}

/** A flow whose steps are the given lines. */
export function flowOf(steps: string, rest = ''): string {
  return `sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n${steps}\n${rest}`;
}
