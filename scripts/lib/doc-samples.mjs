// Lints the flows in the documentation, because readers copy them.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT } from './run.mjs';

/** The page with the workspace in which the samples of pages without a workspace of their own are checked. It is a sample itself. */
const WORKSPACE = 'docs/reference/workspace.md';
const ENV = {
  ERP_URL: 'http://server/base/hs/gate',
  ERP_USER: 'gate',
  ERP_PASSWORD: 'secret',
  ERP_TOKEN_SECRET: 'a text of at least thirty-two bytes',
  ACCOUNTING_URL: 'http://server/accounting/hs/gate',
  SITE_URL: 'http://site',
};

/**
 * Lints every YAML block that is a whole file.
 *
 * @param {{ compileWorkspace: Function, parseWorkspaceFile: Function, formatFindings: Function }} flow the package of the language
 * @param {ReadonlyMap<string, object>} plugins
 * @returns {string} the findings in the format of `sluice lint`; empty if there are none
 */
export function lintSamples(flow, plugins) {
  const findings = pages()
    .map(samplesOf)
    .flatMap((samples) => {
      const own = samples.find(({ text }) => /^plugins:/m.test(text)) ?? samplesOf(WORKSPACE)[0];
      const { file: workspace, findings: unreadable } = flow.parseWorkspaceFile(own);
      if (!workspace) return unreadable;
      return samples.filter(isFlow).flatMap((sample) => {
        const flows = [sample, ...samples.filter((other) => isTestOf(other, sample)).map(asTestFile)];
        return flow.compileWorkspace({ workspace, flows, plugins, env: ENV }).findings;
      });
    })
    .filter((finding) => finding.severity === 'error');
  return findings.length > 0 ? flow.formatFindings(findings) : '';
}

function isFlow({ text }) {
  return /^flow:/m.test(text) && /^steps:/m.test(text);
}

function isTestOf({ text }, flow) {
  const name = /^flow: (.+)$/m.exec(text)?.[1];
  return name !== undefined && !/^steps:/m.test(text) && flow.text.includes(`\nflow: ${name}\n`);
}

/** Test files are told from flows by their names. */
function asTestFile({ file, ...sample }) {
  return { ...sample, file: `${file}.test.yaml` };
}

function pages() {
  const docs = readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' });
  return ['README.md', 'README.ru.md', ...docs.map((file) => `docs/${file.replaceAll('\\', '/')}`)].filter((file) =>
    file.endsWith('.md'),
  );
}

/**
 * Returns the blocks of a page, each after as many empty lines as there are lines before it, so that a finding has the line of the page.
 */
function samplesOf(page) {
  const text = readFileSync(fileURLToPath(new URL(page, ROOT)), 'utf8');
  return [...text.matchAll(/^```yaml\n(sluice: 1\n[^]*?)^```$/gm)].map((match) => {
    const before = text.slice(0, match.index).split('\n').length;
    const sample = '\n'.repeat(before) + match[1];
    return { file: page, text: sample, bytes: Buffer.from(sample) };
  });
}
