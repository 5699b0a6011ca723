// Lints the flows in the documentation, because readers copy them.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT } from './run.mjs';

/** The page with the workspace in which the samples of pages without a workspace of their own are checked. It is a sample itself. */
const WORKSPACE = 'docs/reference/workspace.md';
/** The guide whose flows use the connector that it writes. Its own test lints them: test/e2e/first-connector.e2e-spec.ts. */
const OWN_CONNECTOR = 'docs/guides/first-connector.md';
const ENV = {
  ERP_URL: 'http://server/base/hs/gate',
  ERP_USER: 'gate',
  ERP_PASSWORD: 'secret',
  ERP_TOKEN_SECRET: 'a text of at least thirty-two bytes',
  ACCOUNTING_URL: 'http://server/accounting/hs/gate',
  SITE_URL: 'http://site',
};

/** What a flow needs before its steps, for blocks that show only steps or a list of them. */
const HEAD = 'sluice: 1\nflow: sample\ntrigger: { use: event, with: { types: [sample.event] } }';
/** Findings about parts of the flow that a block of steps does not show. */
const ABOUT_OTHER_PARTS = [
  'REF_STEP',
  'REF_STEP_MAYBE',
  'REF_VAR',
  'EVENT_NOBODY_TAKES',
  'STEP_UNUSED',
  'EXPR_FIELD',
  'REF_CONNECTION',
  'REF_FLOW',
];

/**
 * Lints every YAML block that is a whole file or contains steps.
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
        const { findings } = flow.compileWorkspace({ workspace, flows, plugins, env: ENV });
        return sample.isPart ? findings.filter(({ code }) => !ABOUT_OTHER_PARTS.includes(code)) : findings;
      });
    });
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

/** Returns what stands before a block that shows only steps, in as many lines as there are before it; empty lines for any other block. */
function completed(block, lines) {
  const isList = /^\s*- id:/m.test(block.split('\n', 1)[0]);
  if (!isList && !block.startsWith('steps:\n')) return '\n'.repeat(lines);
  const head = isList ? `${HEAD}\nsteps:\n` : `${HEAD}\n`;
  return '\n'.repeat(lines - head.split('\n').length + 1) + head;
}

function pages() {
  const docs = readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' });
  const files = ['README.md', 'README.ru.md', ...docs.map((file) => `docs/${file.replaceAll('\\', '/')}`)];
  return files.filter((file) => file.endsWith('.md') && file !== OWN_CONNECTOR);
}

/**
 * Returns the blocks of a page, each after as many empty lines as there are lines before it, so that a finding has the line of the page.
 */
function samplesOf(page) {
  const text = readFileSync(fileURLToPath(new URL(page, ROOT)), 'utf8');
  return [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(({ index, 1: block }) => {
    const before = text.slice(0, index).split('\n').length;
    const isPart = !block.startsWith('sluice: 1\n');
    const sample = (isPart ? completed(block, before) : '\n'.repeat(before)) + block;
    return { file: page, text: sample, bytes: Buffer.from(sample), isPart };
  });
}
