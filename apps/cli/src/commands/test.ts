import { writeFile } from 'node:fs/promises';
import type { Flow } from '@sluice/flow';
import { Coverage, lcovOf, type FlowTestResult } from '@sluice/flow-test';
import { readWorkspaceFiles, type WorkspaceFiles } from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { isCapsuleFile } from '../capsule/read-capsule.js';
import { loadExported } from '../capsule/recorded-file.js';
import { CommandError, EXIT, UsageError } from '../exit.js';
import { coverageTable } from '../flow-tests/coverage-table.js';
import { BrokenFlowsError, loadTests, type LoadedTests } from '../flow-tests/loaded-tests.js';
import { jsonReport, junitReport } from '../flow-tests/machine-reports.js';
import { linesOf, resultText } from '../flow-tests/text-report.js';
import { changedFiles } from '../flow-tests/changed-files.js';
import { stopRequest } from '../host/stop-request.js';
import { findingsText } from '../terminal/findings-text.js';
import { print, printNotice } from '../terminal/print.js';
import { shownJson } from '../terminal/paint.js';
import { counted } from '../terminal/words.js';
import { nameHint } from '../unknown-name.js';
import { within } from '../workspace-paths.js';

interface TestOptions {
  readonly workspace: string;
  readonly filter?: string;
  readonly format: 'text' | 'json' | 'junit';
  readonly output?: string;
  readonly coverage?: true;
  readonly lcov?: string;
  readonly watch?: true;
}

export function addTest(command: Command): void {
  command
    .argument('[paths...]', 'files or folders with flows or tests, or files of "sluice export"; without them the whole workspace')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .option('--filter <text>', 'run only the tests whose name or flow contains this text')
    .addOption(new Option('--format <format>', 'format of the results').choices(['text', 'json', 'junit']).default('text'))
    .option('--output <file>', 'write the results of --format to this file, and the text to the terminal')
    .option('--coverage', 'print which steps, branches and handlers the tests have reached')
    .option('--lcov <file>', 'write the coverage as lcov to this file')
    .option('--watch', 'stay, and run what a change of the files concerns')
    .action(async (paths: string[], options: TestOptions) => {
      if (options.watch && options.format !== 'text' && options.output === undefined)
        throw new UsageError('--watch prints text: name a file for the other format with --output FILE');
      const files = await readWorkspaceFiles(options.workspace, { tests: true });
      const exported = paths.filter(isCapsuleFile);
      if (exported.length > 0) return testExported(exported, paths, options, files);
      if (options.watch) return watch(paths, options, files);
      const loaded = await loadedOrReported(options.workspace, files);
      const failed = await runTests(select(paths, options, loaded, files), options, files);
      process.exitCode = failed > 0 ? EXIT.failed : EXIT.done;
    });
}

/** Runs the tests of exported runs. */
async function testExported(
  exported: readonly string[],
  paths: readonly string[],
  options: TestOptions,
  files: WorkspaceFiles,
): Promise<void> {
  if (exported.length < paths.length || options.watch)
    throw new UsageError('exported runs are tested on their own: name no other files, and leave out --watch');
  const loaded = await Promise.all(exported.map((file) => loadExported(options.workspace, file)));
  const tests = loaded.map(({ test }) => test);
  const sources = { ...files, flows: [...files.flows, ...loaded.map(({ source }) => source)] };
  const failed = await runTests({ tests, flows: tests.map(({ flow }) => flow) }, options, sources);
  process.exitCode = failed > 0 ? EXIT.failed : EXIT.done;
}

/** Runs the tests that each change of the files concerns, at first all of them, until Ctrl+C. */
async function watch(paths: readonly string[], options: TestOptions, files: WorkspaceFiles): Promise<void> {
  let known: ReadonlySet<string> = new Set();
  for await (const now of changedFiles(options.workspace, files, stopRequest())) {
    try {
      const loaded = await loadedOrReported(options.workspace, now);
      const { tests, flows } = select(paths, options, loaded, now);
      const due = tests.filter(({ fingerprint }) => !known.has(fingerprint));
      known = new Set(tests.map(({ fingerprint }) => fingerprint));
      if (due.length > 0) await runTests({ tests: due, flows }, options, now);
      else printNotice('the change concerns no test');
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      printNotice(`sluice: ${error.message}`);
    }
    printNotice('waiting for changes, Ctrl+C ends');
  }
}

/** Compiles the files; prints the findings when they have errors. */
async function loadedOrReported(directory: string, files: WorkspaceFiles): Promise<LoadedTests> {
  try {
    return await loadTests(directory, files);
  } catch (error) {
    if (error instanceof BrokenFlowsError) print(findingsText(error.findings));
    throw error;
  }
}

/**
 * Returns the tests to run, and the flows whose coverage counts.
 *
 * @throws CommandError when there is no such test; UsageError for a path without files of the workspace
 */
function select(
  paths: readonly string[],
  { workspace, filter = '' }: TestOptions,
  { tests, flows }: LoadedTests,
  files: WorkspaceFiles,
): LoadedTests {
  const wanted = within(workspace, paths, ['sluice.yaml', ...files.flows.map(({ file }) => file)]);
  const inPaths = tests.filter(({ flow, test }) => wanted(test.location.file) || wanted(flow.location.file));
  const selected = inPaths.filter(({ flow, test }) => flow.name.includes(filter) || test.name.includes(filter));
  if (selected.length === 0)
    throw new CommandError(
      inPaths.length > 0
        ? `no test and no flow has "${filter}" in its name: change --filter: ${nameHint(filter, [...new Set(inPaths.map(({ flow }) => flow.name))], 'flows')}`
        : 'there are no tests: write "tests:" in a flow, or a file flows/NAME.test.yaml, as docs/guides/testing-flows.md describes',
    );
  const tested = new Set(selected.map(({ flow }) => flow.name));
  // a flow without a test lowers the coverage, unless the user looks at some tests only
  const counts = ({ name, location }: Flow) => tested.has(name) || (filter === '' && wanted(location.file));
  return { tests: selected, flows: flows.filter(counts) };
}

/** Runs tests one after another and reports them. Returns the number of failed tests. */
async function runTests({ tests, flows }: LoadedTests, options: TestOptions, files: WorkspaceFiles): Promise<number> {
  const isText = options.format === 'text' || options.output !== undefined;
  const lineOf = linesOf([files.settings, ...files.flows]);
  const coverage = new Coverage();
  const results: FlowTestResult[] = [];
  for (const test of tests) {
    const result = await test.run();
    coverage.add(result.hits);
    results.push(result);
    if (isText) print(resultText(result, lineOf));
  }
  if (options.coverage && isText) print(`\n${coverageTable(flows, coverage)}`);
  if (options.lcov !== undefined) await writeFile(options.lcov, lcovOf(flows, coverage));
  await writeResults(results, options);
  const failed = results.filter(({ mismatches }) => mismatches.length > 0).length;
  printNotice(
    `${results.length - failed} passed, ${failed} failed, in ${counted(new Set(tests.map(({ flow }) => flow.name)).size, 'flow')}`,
  );
  return failed;
}

async function writeResults(results: readonly FlowTestResult[], { format, output }: TestOptions): Promise<void> {
  if (format === 'text') return;
  const report = format === 'json' ? `${shownJson(jsonReport(results))}\n` : junitReport(results);
  if (output === undefined) process.stdout.write(report);
  else await writeFile(output, report);
}
