import v8 from 'node:v8';
import type { Finding } from '@sluice/flow';
import {
  readEnv,
  readWorkspaceEnv,
  readWorkspaceFiles,
  withSources,
  RepeatedLint,
  type LintResult,
  type WorkspaceFiles,
} from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { CommandError, describeError, EXIT, UsageError } from '../exit.js';
import { stopRequest } from '../host/stop-request.js';
import { fixSources, textOf, writeFixed, type FixedFile } from '../lint/fix-files.js';
import { lineDiff } from '../lint/line-diff.js';
import { ChangeWait } from '../lint/change-wait.js';
import { findingsText } from '../terminal/findings-text.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { counted } from '../terminal/words.js';
import { within } from '../workspace-paths.js';

/** Time limit for checks against remote systems. Slower ones are skipped, so that flows can be written while 1C is down. */
const QUERY_TIMEOUT_MS = 10_000;

const FORMATS = ['text', 'json', 'sarif', 'github'] as const;

interface Flags {
  readonly workspace: string;
  readonly format: (typeof FORMATS)[number];
  readonly watch?: boolean;
  readonly fix?: boolean;
  readonly yes?: boolean;
}

/** The findings and the flows of the files that are wanted. */
type LintReport = Pick<LintResult, 'findings' | 'flows'>;

/** What the user has requested, and the lint of the workspace. */
interface LintRequest {
  readonly flags: Flags;
  readonly paths: readonly string[];
  readonly lint: RepeatedLint;
}

/**
 * Bytes of bytecode that a function runs before V8 optimizes it; V8's default is 132 KiB. A lint ends after seconds, so most of the functions
 * that V8 optimizes by default would run too seldom afterwards: it saves a seventh of the processor time.
 */
const INTERRUPT_BUDGET = 500_000;

export function addLint(command: Command): void {
  v8.setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
  command
    .argument('[paths...]', 'files or folders; without them the whole workspace')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .addOption(new Option('--format <format>', 'format of the findings').choices([...FORMATS]).default('text'))
    .option('--watch', 'check again whenever a file changes, until Ctrl+C')
    .option('--fix', 'correct what can be corrected without guessing: shows the difference and asks')
    .option('--yes', 'with --fix: do not ask')
    .action(async (paths: string[], flags: Flags) => {
      if (flags.watch && (flags.fix || flags.format !== 'text'))
        throw new UsageError('--watch shows findings as text and corrects nothing: leave --fix and --format out');
      if (flags.yes && !flags.fix) throw new UsageError('--yes belongs to --fix');
      const request: LintRequest = { flags, paths, lint: new RepeatedLint(flags.workspace, readWorkspaceEnv()) };
      if (flags.watch) return watchFiles(request);
      const files = await readWorkspaceFiles(flags.workspace, { tests: true });
      const result = flags.fix ? await fixFiles(files, request) : await lintFiles(files, request);
      await printReport(result, flags);
      if (result.findings.length > 0) process.exitCode = EXIT.failed;
    });
}

/** Returns the findings of the files that are wanted. Also queries the remote systems, such as 1C for the operations that it has. */
async function lintFiles(files: WorkspaceFiles, { flags, paths, lint }: LintRequest): Promise<LintReport> {
  const isWanted = fileFilter(files, flags, paths);
  const remote = { folder: readEnv().SLUICE_HOME, signal: AbortSignal.timeout(QUERY_TIMEOUT_MS) };
  const { findings, flows } = await lint.check(files, remote);
  return { findings: findings.filter(({ file }) => isWanted(file)), flows: flows.filter(({ file }) => isWanted(file)) };
}

function fileFilter({ flows }: WorkspaceFiles, { workspace }: Flags, paths: readonly string[]): (file: string) => boolean {
  return within(workspace, paths, ['sluice.yaml', ...flows.map(({ file }) => file)]);
}

async function printReport({ findings, flows }: LintReport, { workspace, format }: Flags): Promise<void> {
  const place = { workspace, base: process.cwd() };
  switch (format) {
    case 'text':
      if (findings.length > 0) print(findingsText(findings));
      return printNotice(summary(findings, flows.length));
    case 'json':
      return printJson(findings.map(asJson));
    case 'sarif':
      return printJson((await import('../lint/report-formats.js')).sarifLog(findings, place));
    case 'github':
      if (findings.length > 0) print((await import('../lint/report-formats.js')).githubAnnotations(findings, place));
  }
}

function asJson({ file, line, column, endColumn, code, severity, message, write, do: cure, fix }: Finding): object {
  return { file, line, column, endColumn, code, severity, message, write: write ?? cure, fix };
}

function summary(findings: readonly Finding[], flows: number): string {
  if (findings.length === 0) return `${counted(flows, 'flow')}, 0 findings`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const fixable = findings.filter(({ fix }) => fix !== undefined).length;
  const hint = fixable > 0 ? `; "sluice lint --fix" corrects ${fixable}` : '';
  return `\n${counted(findings.length, 'finding')}, ${counted(errors, 'error')} among them${hint}`;
}

/** Corrects files, if the user agrees, and returns the findings that are left. */
async function fixFiles(files: WorkspaceFiles, request: LintRequest): Promise<LintReport> {
  const { flags, lint, paths } = request;
  const isWanted = fileFilter(files, flags, paths);
  const { files: corrected } = await fixSources(
    [files.settings, ...files.flows],
    async (sources) => (await lint.check(withSources(files, sources))).findings,
    ({ file }) => isWanted(file),
  );
  if (corrected.length === 0) {
    printNotice('nothing to correct');
    return lintFiles(files, request);
  }
  const diff = corrected.map(({ file, before, after }) => lineDiff(file, textOf(before.bytes).text, textOf(after.bytes).text));
  // the findings alone are the result of the other formats
  if (flags.format === 'text') print(`${diff.join('\n')}\n`);
  else printNotice(diff.join('\n'));
  if (flags.yes !== true && !(await confirmWrite(corrected))) {
    printNotice('nothing was written');
    return lintFiles(files, request);
  }
  const left: string[] = [];
  for (const file of corrected) if (!(await writeFixed(flags.workspace, file))) left.push(file.file);
  const written = corrected.filter(({ file }) => !left.includes(file));
  printNotice(
    `${counted(
      written.reduce((sum, file) => sum + file.fixed.length, 0),
      'correction',
    )} in ${counted(written.length, 'file')}`,
  );
  if (left.length > 0)
    throw new CommandError(`${left.join(', ')} changed while this command ran and was left as it is: run it again`);
  return lintFiles(
    withSources(
      files,
      corrected.map(({ after }) => after),
    ),
    request,
  );
}

async function confirmWrite(corrected: readonly FixedFile[]): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError('there is no terminal to confirm at, so nothing was written: add --yes to write');
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`Write ${counted(corrected.length, 'file')}? [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}

/** Shows the findings, and again whenever they change. */
async function watchFiles({ flags, paths, lint }: LintRequest): Promise<void> {
  const stop = stopRequest();
  const changes = new ChangeWait(flags.workspace, stop);
  let shown: string | undefined;
  for (; !stop.aborted; await changes.next()) {
    const text = await findingsNow({ flags, paths, lint });
    if (text === shown) continue;
    printNotice(`${shown === undefined ? '' : '\n'}${new Date().toLocaleTimeString('en-GB')}`);
    print(text);
    shown = text;
  }
  process.exitCode = EXIT.interrupted;
}

/** Returns the findings as text, or why the files cannot be read: an editor may be writing them. */
async function findingsNow({ flags, paths, lint }: LintRequest): Promise<string> {
  try {
    const files = await readWorkspaceFiles(flags.workspace, { tests: true });
    const isWanted = fileFilter(files, flags, paths);
    const { findings, flows } = await lint.check(files);
    const own = findings.filter(({ file }) => isWanted(file));
    const wantedFlows = flows.filter(({ file }) => isWanted(file));
    return [...(own.length > 0 ? [findingsText(own)] : []), summary(own, wantedFlows.length)].join('\n');
  } catch (error) {
    return describeError(error);
  }
}
