import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Writable } from 'node:stream';
import { readWorkspaceEnv, readWorkspaceFiles, RepeatedLint } from '@sluice/host/workspace';
import { serveLanguage, type LanguageHost, type TestRun } from '@sluice/language-server';
import type { Command } from 'commander';
import { CommandError } from '../exit.js';
import { VERSION } from '../version.js';

/** Time without a change after which files are linted. */
const DEBOUNCE_MS = 150;
/** Maximum time of one test, with the start of its process. */
const MAX_TEST_MS = 60_000;
/** Maximum characters that a test prints. */
const MAX_OUTPUT_CHARACTERS = 4_000_000;
/** Maximum characters of the report of a test that the editor shows. */
const MAX_REPORT_CHARACTERS = 8_000;

export function addLsp(command: Command): void {
  command
    // editors pass it to each language server
    .option('--stdio', 'speak over stdin and stdout, which is the only way and the default')
    .action(async () => {
      const end = await serveLanguage({ host: createHost(), input: process.stdin, output: ownOutput(), debounceMs: DEBOUNCE_MS });
      if (end === 'closed') throw new CommandError('the editor has closed the streams without "shutdown" and "exit"');
      if (end !== 'shutdown')
        throw new CommandError(`lsp: ${end.broken}: start it from an editor, as docs/guides/editors.md describes`);
    });
}

function createHost(): LanguageHost {
  const env = readWorkspaceEnv();
  const lints = new Map<string, RepeatedLint>();
  return {
    version: VERSION,
    env,
    readFiles: (directory) => readWorkspaceFiles(directory, { tests: true }),
    check: (directory, files) => {
      const lint = lints.get(directory) ?? new RepeatedLint(directory, env);
      lints.set(directory, lint);
      return lint.check(files);
    },
    runTest,
  };
}

/** Returns the output of the process, and sends everything else that is printed, for instance by a plugin, to stderr. */
function ownOutput(): Writable {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  return new Writable({ write: (chunk: Uint8Array, _encoding, done) => void write(chunk, undefined, done) });
}

/** Runs one test with `sluice test` in a process of its own, because it loads the engine. */
async function runTest(
  directory: string,
  { file, flow, name }: { readonly file: string; readonly flow: string; readonly name: string },
  signal: AbortSignal,
): Promise<TestRun> {
  const args = ['test', path.join(directory, file), '--workspace', directory, '--filter', name, '--format', 'json'];
  const limit = AbortSignal.any([signal, AbortSignal.timeout(MAX_TEST_MS)]);
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal: limit });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > MAX_OUTPUT_CHARACTERS) child.kill();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (errors = (errors + text).slice(-MAX_REPORT_CHARACTERS)));
  try {
    await once(child, 'close');
  } catch (error) {
    if (!limit.aborted) throw error;
    return { passed: false, report: `the test did not end within ${MAX_TEST_MS / 1_000} s` };
  }
  const results = resultsIn(output)?.filter((one) => one.flow === flow && one.name === name);
  if (!results || results.length === 0)
    return {
      passed: false,
      report: (errors.trim() || `"sluice test" has run no test "${name}"`).slice(0, MAX_REPORT_CHARACTERS),
    };
  const lines = results.flatMap(({ mismatches }) =>
    mismatches.map(({ location, message }) => `${location.file}:${location.line} ${message}`),
  );
  return { passed: lines.length === 0, report: lines.join('\n').slice(0, MAX_REPORT_CHARACTERS) };
}

interface Result {
  readonly flow: string;
  readonly name: string;
  readonly mismatches: readonly {
    readonly location: { readonly file: string; readonly line: number };
    readonly message: string;
  }[];
}

function resultsIn(output: string): readonly Result[] | undefined {
  try {
    return JSON.parse(output) as readonly Result[];
  } catch {
    return undefined;
  }
}
