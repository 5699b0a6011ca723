import type { Finding, SourceFile } from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';

/** The files of a workspace. */
export interface WorkspaceSources {
  /** sluice.yaml. */
  readonly settings: SourceFile;
  readonly flows: readonly SourceFile[];
}

/** The result of a lint. */
export interface Checked {
  readonly findings: readonly Finding[];
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
}

/** The result of one test of a flow. */
export interface TestRun {
  readonly passed: boolean;
  /** The differences, or the reason why the test could not run; one line when it has passed. At most a few hundred lines. */
  readonly report: string;
}

/** The services of the program that contains the language server. */
export interface LanguageHost {
  /** The version of the program, for the client. */
  readonly version: string;
  /** The environment that expressions read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads sluice.yaml and the flows of a folder. Rejects when there is no workspace. */
  readFiles(directory: string): Promise<WorkspaceSources>;
  /** Lints files; plugins are resolved from the folder. Calls for one folder do not overlap. Never rejects because of their content. */
  check(directory: string, files: WorkspaceSources): Promise<Checked>;
  /** Runs one test as it is on the disk. Resolves within a bounded time, or soon after the signal is aborted. */
  runTest(directory: string, test: { file: string; flow: string; name: string }, signal: AbortSignal): Promise<TestRun>;
}
