// npm run docs: writes the pages of docs/reference and the pictures of docs/images that are generated from the code and the sample flows, and
// lints the flows in the documentation.
// `--check` writes nothing and exits with 1 if a page is stale.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { adminApiPage } from './lib/admin-api-page.mjs';
import { lintSamples } from './lib/doc-samples.mjs';
import { errorsPage, findingsPage } from './lib/errors-page.mjs';
import { optionTables, replaceOptions } from './lib/option-tables.mjs';
import { prepare } from './lib/prepare.mjs';
import { ROOT } from './lib/run.mjs';

/** Pages, and the functions that return their text. */
const PAGES = {
  'docs/reference/admin-api.md': makeAdminApiPage,
  'docs/reference/codes.md': () => makeCodesPage('en'),
  'docs/reference/codes.ru.md': () => makeCodesPage('ru'),
  'docs/reference/errors.md': makeErrorsPage,
  'docs/reference/findings.md': makeFindingsPage,
  'docs/images/sample-flows.svg': drawSampleFlows,
  ...Object.fromEntries(pluginNames().map((name) => [`plugins/${name}/README.md`, () => makeReadme(name)])),
};

await prepare();
const checking = process.argv.includes('--check');
for (const [page, make] of Object.entries(PAGES)) {
  const file = new URL(page, ROOT);
  const text = await make();
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (checking) {
    console.error(`${page} is stale: run "npm run docs"`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.error(`${page} written`);
  }
}

const wrong = lintSamples(await importBuilt('libs/flow'), await loadPlugins());
if (wrong) {
  console.error(wrong);
  process.exitCode = 1;
}

async function makeAdminApiPage() {
  const contract = await importBuilt('libs/admin-contract');
  return adminApiPage(contract.ADMIN_ROUTES, contract);
}

async function makeErrorsPage() {
  const { BODY_CODES, ENGINE_CODES, SHARED_CODES } = await importBuilt('libs/plugin-api');
  const { PACER_CODES } = await importBuilt('libs/pacer');
  const { HOST_CODES } = await importBuilt('apps/host', 'failures');
  return errorsPage([
    { title: 'The engine', about: 'Connectors do not throw these.', codes: { ...ENGINE_CODES, ...PACER_CODES } },
    {
      title: 'All connectors',
      about: 'A connector adds codes of its own only where these are not precise enough.',
      codes: SHARED_CODES,
    },
    {
      title: 'HTTP requests',
      about: 'Reasons for refusing an HTTP request. They never reach a flow.',
      codes: { ...HOST_CODES, ...BODY_CODES },
    },
    ...(await pluginTables()),
  ]);
}

/** Returns the page of all codes, as `sluice explain` shows them. */
async function makeCodesPage(language) {
  const { Catalogue } = await importBuilt('apps/cli', 'explain/catalogue');
  const { pluginTables } = await importBuilt('apps/cli', 'explain/plugin-tables');
  const { codesPage } = await importBuilt('apps/cli', 'explain/codes-page');
  return codesPage(new Catalogue(await pluginTables(fileURLToPath(ROOT))), language);
}

async function makeFindingsPage() {
  const { FINDING_CODES } = await importBuilt('libs/flow');
  return findingsPage(FINDING_CODES);
}

/** Returns the graph of the sample workspace as a picture. */
async function drawSampleFlows() {
  const { describeGraph, parseWorkspaceFile } = await importBuilt('libs/flow');
  const { readWorkspaceFiles } = await importBuilt('apps/host', 'workspace');
  const { toSvg } = await importBuilt('libs/graph');
  const { settings, flows } = await readWorkspaceFiles(fileURLToPath(ROOT));
  const { file: workspace } = parseWorkspaceFile(settings);
  return toSvg(describeGraph({ workspace, flows, findings: [] }));
}

/** Returns the README of a plugin with its option tables. */
async function makeReadme(name) {
  const { plugin } = await importBuilt(`plugins/${name}`);
  return replaceOptions(readFileSync(new URL(`plugins/${name}/README.md`, ROOT), 'utf8'), optionTables(plugin));
}

/**
 * Returns the codes of the plugins. A plugin with codes of its own exports their functions from `src/failures.ts`; each knows its fate and
 * cure.
 */
async function pluginTables() {
  const names = pluginNames().filter((name) => existsSync(new URL(`plugins/${name}/dist/failures.js`, ROOT)));
  const tables = names.map(async (name) => {
    const made = Object.assign({}, ...Object.values(await importBuilt(`plugins/${name}`, 'failures')));
    const codes = Object.fromEntries(Object.entries(made).map(([code, make]) => [code, make('')]));
    return { title: `Connector ${name}`, about: `See [its page](../../plugins/${name}/README.md).`, codes };
  });
  return Promise.all(tables);
}

async function loadPlugins() {
  const loaded = await Promise.all(pluginNames().map((name) => importBuilt(`plugins/${name}`)));
  return new Map(loaded.map(({ plugin }) => [plugin.name, plugin]));
}

function pluginNames() {
  return readdirSync(new URL('plugins', ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function importBuilt(folder, file = 'index') {
  return import(new URL(`${folder}/dist/${file}.js`, ROOT).href);
}
