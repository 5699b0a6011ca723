import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Capsule } from '@sluice/admin-contract';
import {
  documentTexts,
  formatFindings,
  type Finding,
  type Flow,
  type FlowTest,
  type SourceFile,
  type Workspace,
} from '@sluice/flow';
import { runFlowTest, type FlowTestInput, type FlowTestResult } from '@sluice/flow-test';
import { readWorkspaceFiles, type LoadedWorkspace } from '@sluice/host/workspace';
import { CommandError } from '../exit.js';
import { oneLine } from '../terminal/paint.js';
import { nameHint } from '../unknown-name.js';
import { compileOffline } from '../author/compile-offline.js';

/** Returns a test file that is not written. */
export function newTestFile(text: string): SourceFile {
  return { file: 'flows/recorded.test.yaml', bytes: Buffer.from(text) };
}

/** The flows of a workspace on this machine, which repeat runs without any server. */
export class OfflineWorkspace {
  private constructor(
    private readonly directory: string,
    private readonly loaded: LoadedWorkspace,
    private readonly workspace: Workspace,
  ) {}

  /** @throws CommandError when the workspace has errors */
  static async open(directory: string): Promise<OfflineWorkspace> {
    const loaded = await compileOffline(directory, await readWorkspaceFiles(directory));
    if (loaded.workspace) return new OfflineWorkspace(directory, loaded, loaded.workspace);
    throw new CommandError(
      `the flows in ${path.resolve(directory)} have errors: correct them first\n${errorsText(loaded.findings)}`,
    );
  }

  /** Returns the flow of this name; undefined when the workspace has none. */
  find(name: string): Flow | undefined {
    return this.workspace.flows.find((flow) => flow.name === name);
  }

  /** @throws CommandError when the workspace has no flow of this name */
  flow(name: string): Flow {
    const flow = this.find(name);
    if (flow) return flow;
    const names = this.workspace.flows.map((one) => one.name);
    throw new CommandError(
      `the workspace ${path.resolve(this.directory)} has no flow "${oneLine(name)}": ${nameHint(name, names, 'flows')} (--workspace DIR names another workspace)`,
    );
  }

  /** Returns the flows of this name, which is one; without a name all. */
  flows(name?: string): readonly Flow[] {
    return name === undefined ? this.workspace.flows : [this.flow(name)];
  }

  /** Returns the flow of a run as it was then; undefined when it cannot be compiled any more. */
  async original({ flow }: Capsule): Promise<Flow | undefined> {
    const { name, revision, source, constants = '{}' } = flow;
    if (source === undefined) return undefined;
    const compiled = await this.loaded.compileRevision({ flow: name, revision, source, constants });
    return compiled.ok && compiled.flow.name === name ? compiled.flow : undefined;
  }

  /**
   * Returns the flows of a file, which need not belong to the workspace.
   *
   * @throws CommandError for a file that cannot be read, or a flow with errors
   */
  async flowsOf(file: string): Promise<readonly Flow[]> {
    const bytes = await readFile(file).catch((error: Error) => {
      throw new CommandError(`${file} cannot be read: ${error.message}`);
    });
    const { constants = '{}' } = this.workspace.flows[0]?.origin ?? {};
    const flows: Flow[] = [];
    for (const source of documentTexts({ file, bytes })) {
      const compiled = await this.loaded.compileRevision({ flow: file, revision: 'edited', source, constants });
      if (!compiled.ok) throw new CommandError(`${file} has errors: correct them first\n${errorsText(compiled.findings)}`);
      flows.push(compiled.flow);
    }
    return flows;
  }

  /** What the runner of tests needs beside a flow. */
  get parts(): { readonly workspace: Workspace; readonly plugins: LoadedWorkspace['plugins'] } {
    return { workspace: this.workspace, plugins: this.loaded.plugins };
  }

  /**
   * Runs the first test of the text of a test file.
   *
   * @throws CommandError when the flows do not compile with it
   */
  async runTestOf(name: string, text: string): Promise<FlowTestResult> {
    return runFlowTest(await this.testOf(name, newTestFile(text)));
  }

  /**
   * Returns the first test of a test file that need not be written, with what it needs to run.
   *
   * @throws CommandError when the flows do not compile with it
   */
  async testOf(name: string, source: SourceFile): Promise<FlowTestInput> {
    const flows = [...this.loaded.files.flows.filter(({ file }) => file !== source.file), source];
    const { workspace, plugins, findings } = await compileOffline(this.directory, { ...this.loaded.files, flows });
    const flow = workspace?.flows.find((one) => one.name === name);
    const test = flow?.tests.find(({ location }: FlowTest) => location.file === source.file);
    if (workspace && flow && test) return { workspace, plugins, flow, test };
    throw new CommandError(
      `the run cannot be written as a test of the flow in ${path.resolve(this.directory)}\n${errorsText(findings)}`,
    );
  }
}

function errorsText(findings: readonly Finding[]): string {
  return formatFindings(findings.filter(({ severity }) => severity === 'error'));
}
