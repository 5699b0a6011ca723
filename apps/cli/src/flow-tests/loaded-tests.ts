import { createHash } from 'node:crypto';
import { isTestFile, type Finding, type Flow, type FlowTest } from '@sluice/flow';
import { runFlowTest, withCallees, type FlowTestInput, type FlowTestResult } from '@sluice/flow-test';
import type { LoadedWorkspace, WorkspaceFiles } from '@sluice/host/workspace';
import { compileOffline } from '../author/compile-offline.js';
import { CommandError } from '../exit.js';
import { findingsText } from '../terminal/findings-text.js';
import { oneLine } from '../terminal/paint.js';

/** A test that can be run. */
export interface LoadedTest {
  readonly flow: Flow;
  readonly test: FlowTest;
  /** Changes with everything that the result depends on. */
  readonly fingerprint: string;
  run(): Promise<FlowTestResult>;
}

/** The findings that keep the tests of a workspace from running. */
export class BrokenFlowsError extends CommandError {
  constructor(readonly findings: readonly Finding[]) {
    super('the flows have errors, so their tests cannot run: correct them first');
  }
}

/** The flows of a workspace and their tests. */
export interface LoadedTests {
  readonly flows: readonly Flow[];
  readonly tests: readonly LoadedTest[];
}

/**
 * Compiles the files, also for each environment that a test has.
 *
 * @throws BrokenFlowsError when the files have errors
 */
export async function loadTests(directory: string, files: WorkspaceFiles): Promise<LoadedTests> {
  const workspaces = new Workspaces(directory, files);
  const loaded = await workspaces.of({});
  const { workspace } = loaded;
  if (!workspace) throw new BrokenFlowsError(loaded.findings.filter(({ severity }) => severity === 'error'));
  const fingerprints = new Fingerprints(files, workspace.flows);
  const tests = workspace.flows.flatMap((flow) =>
    flow.tests.map((test, index): LoadedTest => ({
      flow,
      test,
      fingerprint: fingerprints.of(flow, test),
      run: async () => runFlowTest(await workspaces.inputOf(flow, test, index)),
    })),
  );
  return { flows: workspace.flows, tests };
}

/** The workspace as it is for each environment. */
class Workspaces {
  readonly #byEnv = new Map<string, Promise<LoadedWorkspace>>();

  constructor(
    private readonly directory: string,
    private readonly files: WorkspaceFiles,
  ) {}

  /** @param env variables that differ from those of the process */
  of(env: Readonly<Record<string, string>>): Promise<LoadedWorkspace> {
    const key = JSON.stringify(Object.entries(env).toSorted());
    const known = this.#byEnv.get(key) ?? compileOffline(this.directory, this.files, env);
    this.#byEnv.set(key, known);
    return known;
  }

  /** Returns the input of a test, which is in the workspace of its own environment. */
  async inputOf({ name }: Flow, { env, name: title }: FlowTest, index: number): Promise<FlowTestInput> {
    const { workspace, plugins, findings } = await this.of(env);
    const flow = workspace?.flows.find((one) => one.name === name);
    const test = flow?.tests[index];
    if (workspace && flow && test) return { workspace, plugins, flow, test };
    const errors = findingsText(findings.filter(({ severity }) => severity === 'error'));
    throw new CommandError(
      `${name}: the flows have errors with the variables of the test "${oneLine(title)}": correct its "env"\n${errors}`,
    );
  }
}

/** Computes what the results of tests depend on: the settings, the flow with those that it calls, and the file of the test. */
class Fingerprints {
  readonly #files: ReadonlyMap<string, string>;

  constructor(
    { settings, flows: files }: WorkspaceFiles,
    private readonly flows: readonly Flow[],
  ) {
    this.#files = new Map([settings, ...files].map(({ file, bytes }) => [file, digest(bytes)]));
  }

  of(flow: Flow, { location: { file }, mocks }: FlowTest): string {
    const revisions = withCallees(flow, this.flows, mocks).map(({ name, revision }) => `${name} ${revision}`);
    // the revision of a flow contains the tests beside it
    const ofTest = isTestFile({ file }) ? this.#files.get(file) : '';
    return [this.#files.get('sluice.yaml'), ofTest, ...revisions].join('\n');
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
