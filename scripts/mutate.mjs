// npm run mutate: puts one small mistake after another into the sample flows and into those of the guides, and runs the tests of the flow.
// Each mistake has to be caught by a test, refused by the lint, or listed in test/mutation/survivors.yaml with a reason.
// `npm run mutate -- WORDS` tries only the flows whose name contains one of the words; the list of survivors is compared for these only.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { mutationSources } from './lib/mutation-sources.mjs';
import { prepare } from './lib/prepare.mjs';
import { ROOT } from './lib/run.mjs';

const SURVIVORS = 'test/mutation/survivors.yaml';
/** Addresses of the connections of the sources; no test opens a connection. */
const ENV = Object.fromEntries(['ERP_URL', 'ACCOUNTING_URL', 'SITE_URL'].map((name) => [name, 'http://127.0.0.1:9/hs/gate']));

await prepare();
const { compileFiles } = await import('@sluice/host/workspace');
const { runFlowTest } = await import('@sluice/flow-test');
const { compareSurvivors, mutantsOf, OPERATORS } = await import('@sluice/flow-test/mutation');

const words = process.argv.slice(2);
const known = parse(readFileSync(new URL(SURVIVORS, ROOT), 'utf8')) ?? {};
const verdicts = ['caught', 'refused', 'survived'];
const counts = Object.fromEntries(Object.keys(OPERATORS).map((name) => [name, { caught: 0, refused: 0, survived: 0 }]));
const problems = Object.keys(known)
  .filter((name) => !mutationSources().some((source) => source.name === name))
  .map((name) => `${SURVIVORS}: ${name} is no source of flows: remove it`);
const began = process.cpuUsage();

for (const source of mutationSources()) {
  const results = await tryAll(source);
  for (const { operator, verdict } of results) counts[operator][verdict]++;
  const listed = (known[source.name] ?? []).filter(({ mutant }) => isWanted(mutant.split('/')[0]));
  problems.push(...compareSurvivors(results, listed).map((problem) => `${source.name}: ${problem}`));
}

const rows = [...Object.entries(counts), ['all', sum(Object.values(counts))]];
console.log(['operator', ...verdicts].map(cell).join(''));
for (const [name, row] of rows) console.log([name, ...verdicts.map((verdict) => row[verdict])].map(cell).join(''));
for (const problem of problems) console.error(problem);
const { user, system } = process.cpuUsage(began);
console.error(`${Math.round((user + system) / 1e6)} s of processor time, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** Tries all mutants of a source: a workspace whose files may contain mutants. */
async function tryAll({ name, settings, flows }) {
  const sound = await compile({ settings, flows });
  if (!sound.workspace) throw new Error(`${name} has errors: run "npx sluice lint" or "npm run docs"`);
  for (const flow of sound.workspace.flows.filter((one) => isWanted(one.name))) {
    if (await failsATest(sound, flow.name))
      problems.push(`${name}: ${flow.name}: a test fails without a mistake: run "npx sluice test"`);
    if (flow.tests.length === 0) problems.push(`${name}: ${flow.name}: has no tests: write one`);
  }
  const results = [];
  for (const [index, file] of flows.entries()) {
    for (const mutant of mutantsOf(file.text).filter(({ flow }) => isWanted(flow))) {
      const mutated = await compile({ settings, flows: flows.with(index, { ...file, text: mutant.source }) });
      const verdict = !mutated.workspace ? 'refused' : (await failsATest(mutated, mutant.flow)) ? 'caught' : 'survived';
      results.push({ operator: mutant.operator, name: mutant.name, verdict });
    }
  }
  return results;
}

function compile({ settings, flows }) {
  const bytes = ({ file, text }) => ({ file, bytes: Buffer.from(text) });
  return compileFiles(fileURLToPath(ROOT), { settings: bytes(settings), flows: flows.map(bytes) }, ENV);
}

/** Runs the tests of a flow until one fails. */
async function failsATest({ workspace, plugins }, name) {
  const flow = workspace.flows.find((one) => one.name === name);
  for (const test of flow.tests) {
    if ((await runFlowTest({ workspace, plugins, flow, test })).mismatches.length > 0) return true;
  }
  return false;
}

function isWanted(flow) {
  return words.length === 0 || words.some((word) => flow.includes(word));
}

function sum(rows) {
  return Object.fromEntries(verdicts.map((verdict) => [verdict, rows.reduce((total, row) => total + row[verdict], 0)]));
}

function cell(text, index) {
  return index === 0 ? String(text).padEnd(22) : String(text).padStart(10);
}
