import { runFlowTest, type FlowTestResult } from '@sluice/flow-test';
import type { Finding, Flow } from '@sluice/flow';
import { compileFiles, loadWorkspace, readWorkspaceEnv, type LoadedWorkspace } from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { CommandError, EXIT } from '../exit.js';
import { findingsText } from '../terminal/findings-text.js';
import { oneLine } from '../terminal/paint.js';
import { print, printJson, printLine, say } from '../terminal/print.js';
import { counted } from '../terminal/words.js';
import { within } from '../workspace-paths.js';

/** The value of a variable that the environment does not have. No connection is opened, so nothing is sent to this address. */
const STAND_IN = 'http://127.0.0.1:9';

interface TestOptions {
  readonly workspace: string;
  readonly filter?: string;
  readonly format: 'text' | 'json';
}

export function addTest(command: Command): void {
  command
    .argument('[paths...]', 'files or folders; without them the whole workspace')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .option('--filter <text>', 'run only the tests whose name or flow contains this text')
    .addOption(new Option('--format <format>', 'format of the results').choices(['text', 'json']).default('text'))
    .action(async (paths: string[], options: TestOptions) => {
      const loaded = await loadForTests(options.workspace, {});
      const wanted = within(options.workspace, paths, ['sluice.yaml', ...loaded.files.flows.map(({ file }) => file)]);
      if (!loaded.workspace) {
        print(findingsText(loaded.findings.filter(({ severity }) => severity === 'error')));
        throw new CommandError('the flows have errors, so their tests cannot run: correct them first');
      }
      const flows = loaded.workspace.flows.filter(({ location }) => wanted(location.file));
      const results: FlowTestResult[] = [];
      for (const flow of flows) {
        for (const result of await resultsOf(flow, loaded, options)) {
          results.push(result);
          if (options.format === 'text') report(result);
        }
      }
      const failed = results.filter(({ mismatches }) => mismatches.length > 0).length;
      if (options.format === 'json') printJson(results);
      else say(`${results.length - failed} passed, ${failed} failed, in ${counted(flows.length, 'flow')}`);
      if (results.length === 0)
        throw new CommandError('there are no tests: write "tests:" in a flow, as docs/reference/flow.md describes');
      if (failed > 0) process.exitCode = EXIT.failed;
    });
}

async function resultsOf(
  { name, tests }: Flow,
  loaded: LoadedWorkspace,
  { workspace: directory, filter = '' }: TestOptions,
): Promise<readonly FlowTestResult[]> {
  const results: FlowTestResult[] = [];
  for (const [index, test] of tests.entries()) {
    if (!name.includes(filter) && !test.name.includes(filter)) continue;
    // a test with variables of its own sees another workspace
    const own = Object.keys(test.env).length > 0 ? await loadForTests(directory, test.env) : loaded;
    const flow = own.workspace?.flows.find((one) => one.name === name);
    const same = flow?.tests[index];
    if (!own.workspace || !flow || !same)
      throw new CommandError(`${name}: the flows have errors with the variables of the test "${test.name}": correct its "env"`);
    results.push(await runFlowTest({ workspace: own.workspace, plugins: own.plugins, flow, test: same }));
  }
  return results;
}

/** Loads the workspace; a variable that the environment does not have gets a stand-in value. */
async function loadForTests(directory: string, env: Readonly<Record<string, string>>): Promise<LoadedWorkspace> {
  const given = { ...readWorkspaceEnv(), ...env };
  const loaded = await loadWorkspace(directory, given);
  const missing = loaded.findings.filter(({ code }) => code === 'ENV_MISSING').map(nameOf);
  if (missing.length === 0) return loaded;
  const standIns = Object.fromEntries(missing.map((name) => [name, STAND_IN]));
  return compileFiles(directory, loaded.files, { ...standIns, ...given });
}

/** The finding marks the name of the variable. */
function nameOf({ source = '', column, endColumn }: Finding): string {
  return source.slice(column - 1, endColumn - 1);
}

function report({ flow, name, mismatches, ms }: FlowTestResult): void {
  printLine(`${mismatches.length === 0 ? 'ok  ' : 'FAIL'} ${flow}: ${oneLine(name)} (${ms} ms)`);
  for (const { location, message } of mismatches)
    printLine(`     ${location.file}:${location.line}:${location.column} ${oneLine(message)}`);
}
