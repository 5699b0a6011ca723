import type { CodeLens, Range } from 'vscode-languageserver/node';
import type { LanguageHost, TestRun } from './ports.js';
import type { LanguageWorkspace } from './workspace.js';

/** The command of the code lens over a test. Its argument is a `TestReference`. */
export const RUN_TEST = 'sluice.runTest';

/** Maximum tests that run at once. */
const MAX_RUNS = 4;

/** A test of a flow, as the code lens names it. */
export interface TestReference {
  /** Address of the file. */
  readonly uri: string;
  readonly flow: string;
  readonly name: string;
}

/** Returns a code lens for each test of a file. */
export function testLenses(
  workspace: LanguageWorkspace,
  file: string,
  uri: string,
  rangeOf: (start: number, end: number) => Range,
): CodeLens[] {
  const own = workspace.flowFiles().find(({ source }) => source.file === file);
  return (own?.tests ?? []).map(({ flow, name, start, end }) => ({
    range: rangeOf(start, end),
    command: { title: 'run this test', command: RUN_TEST, arguments: [{ uri, flow, name } satisfies TestReference] },
  }));
}

/** Reads the argument of the command; undefined for anything else. */
export function readTestReference(value: unknown): TestReference | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { uri, flow, name } = value as Partial<Record<keyof TestReference, unknown>>;
  return typeof uri === 'string' && typeof flow === 'string' && typeof name === 'string' ? { uri, flow, name } : undefined;
}

/** Runs tests, at most four at once; a test that runs already is not started again. */
export class TestRuns {
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly host: LanguageHost) {}

  /** Runs the test and resolves with its result. Rejects only when the program cannot be started. */
  async run(directory: string, file: string, { flow, name }: TestReference): Promise<TestRun> {
    const key = JSON.stringify([directory, flow, name]);
    if (this.running.has(key)) return { passed: false, report: 'this test is running already' };
    if (this.running.size >= MAX_RUNS) return { passed: false, report: `${MAX_RUNS} tests are running already: wait for one` };
    const controller = new AbortController();
    this.running.set(key, controller);
    try {
      return await this.host.runTest(directory, { file, flow, name }, controller.signal);
    } finally {
      this.running.delete(key);
    }
  }

  /** Ends the tests that run. */
  stop(): void {
    for (const controller of this.running.values()) controller.abort();
  }
}
