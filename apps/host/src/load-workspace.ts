import type {
  EarlierRevision,
  Finding,
  RevisionResult,
  SourceLocation,
  SourceFile,
  Workspace,
  WorkspaceChecker,
} from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';
import { loadPlugins, type LoadedPlugins, type PluginProblem } from './plugin-loader.js';
import { readLastGood } from './last-good.js';
import { readWorkspaceFiles, type ReadOptions, type WorkspaceFiles } from './workspace-files.js';

export interface LoadedWorkspace {
  /** Absent when the findings contain an error. */
  readonly workspace: Workspace | undefined;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly findings: readonly Finding[];
  readonly files: WorkspaceFiles;
  /** Compiles an earlier revision of a flow with these plugins and connections. */
  readonly compileRevision: (stored: EarlierRevision) => Promise<RevisionResult>;
}

/** Reads a workspace, loads its plugins and compiles its flows without starting them. Collects all findings. */
export async function loadWorkspace(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  options: ReadOptions = {},
): Promise<LoadedWorkspace> {
  return compileFiles(directory, await readWorkspaceFiles(directory, options), env);
}

export interface RunnableWorkspace {
  /** The workspace to run. Nothing can run when `workspace` is absent. */
  readonly loaded: LoadedWorkspace;
  /** Present when a copy replaces files with errors: those files, their findings and the age of the copy. */
  readonly replaced?: { readonly files: WorkspaceFiles; readonly findings: readonly Finding[]; readonly keptAt: Date };
}

/**
 * Loads a workspace for a host, or, when it has errors, the copy in `home` of the last good start. An unnoticed wrong edit must not
 * prevent a host from starting after a reboot.
 */
export async function loadRunnable(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<RunnableWorkspace> {
  const loaded = await loadWorkspace(directory, env);
  if (loaded.workspace) return { loaded };
  const lastGood = await readLastGood(home, directory);
  if (!lastGood) return { loaded };
  const copy = await compileFiles(directory, lastGood.files, env);
  if (!copy.workspace) return { loaded };
  return { loaded: copy, replaced: { files: loaded.files, findings: loaded.findings, keptAt: lastGood.keptAt } };
}

/** Compiles sources that are already read; plugins are resolved from `directory`. */
export async function compileFiles(
  directory: string,
  files: WorkspaceFiles,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedWorkspace> {
  // loaded here, because commands without a workspace do not need the language
  const { compileRevision, compileWorkspace, parseWorkspaceFile } = await import('@sluice/flow');
  const parsed = parseWorkspaceFile(files.settings);
  if (!parsed.file) {
    const { findings } = parsed;
    return { workspace: undefined, plugins: new Map(), findings, files, compileRevision: async () => ({ ok: false, findings }) };
  }
  const { plugins, problems } = await loadPlugins(
    directory,
    parsed.file.plugins.map((plugin) => plugin.name),
  );
  const input = { workspace: parsed.file, plugins, env, failedPlugins: problems.map((one) => one.specifier) };
  const compiled = compileWorkspace({ ...input, flows: files.flows });
  const failed = problems.map((problem) => pluginFinding(problem, parsed.file?.plugins ?? [], files.settings));
  const workspace = failed.length === 0 ? compiled.workspace : undefined;
  const findings = [...failed, ...compiled.findings];
  return { workspace, plugins, findings, files, compileRevision: async (stored) => compileRevision(input, stored) };
}

/** The result of a lint of a workspace. */
export interface LintResult extends Pick<LoadedWorkspace, 'findings' | 'plugins'> {
  /** The flows that could be read, with their files. */
  readonly flows: readonly { readonly name: string; readonly file: string }[];
}

/** Options of a lint that also queries remote systems. */
export interface RemoteLint {
  /** The folder of the host in which plugins keep copies. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Returns the sources of a workspace in which some files are replaced. */
export function withSources({ settings, flows }: WorkspaceFiles, sources: readonly SourceFile[]): WorkspaceFiles {
  const byName = new Map(sources.map((source) => [source.file, source]));
  return { settings: byName.get(settings.file) ?? settings, flows: flows.map((flow) => byName.get(flow.file) ?? flow) };
}

/**
 * Lints the files of one workspace again and again, for an editor and for `sluice lint`: plugins are loaded anew only when their list has changed, and only files
 * that have changed are read and checked anew. Nothing is compiled.
 */
export class RepeatedLint {
  #checker: WorkspaceChecker | undefined;
  #loaded: { readonly names: string; readonly result: LoadedPlugins } | undefined;

  constructor(
    private readonly directory: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  /**
   * Resolves with all findings. Never rejects because of the content of a file. Calls must not overlap.
   *
   * @param remote present: also queries the remote systems, until the signal is aborted, if the files have no error
   */
  async check(files: WorkspaceFiles, remote?: RemoteLint): Promise<LintResult> {
    const { checkRemotes, parseWorkspaceFile, WorkspaceChecker } = await import('@sluice/flow');
    const { file, findings } = parseWorkspaceFile(files.settings);
    if (!file) return { findings, plugins: this.#loaded?.result.plugins ?? new Map(), flows: [] };
    const { plugins, problems } = await this.#load(file.plugins.map(({ name }) => name));
    this.#checker ??= new WorkspaceChecker();
    const failedPlugins = problems.map(({ specifier }) => specifier);
    const checked = this.#checker.check({ workspace: file, plugins, env: this.env, failedPlugins, flows: files.flows });
    const failed = problems.map((problem) => pluginFinding(problem, file.plugins, files.settings));
    const connections = new Map(checked.connections.map((connection) => [connection.name, connection]));
    const objections =
      remote === undefined || checked.hasErrors
        ? []
        : await checkRemotes({ flows: files.flows, plugins, connections, folder: remote.folder }, remote.signal);
    const flows = checked.flows.map(({ draft }) => ({ name: draft.name, file: draft.report.source.file }));
    return { findings: [...failed, ...checked.findings, ...objections], plugins, flows };
  }

  async #load(names: readonly string[]): Promise<LoadedPlugins> {
    const key = names.join('\n');
    // a plugin that failed may have been installed or built meanwhile
    if (this.#loaded?.names !== key || this.#loaded.result.problems.length > 0)
      this.#loaded = { names: key, result: await loadPlugins(this.directory, names) };
    return this.#loaded.result;
  }
}

function pluginFinding(
  problem: PluginProblem,
  named: readonly { readonly name: string; readonly location: SourceLocation }[],
  file: SourceFile,
): Finding {
  const location = named.find((one) => one.name === problem.specifier)?.location ?? { file: file.file, line: 1, column: 1 };
  const source = Buffer.from(file.bytes).toString().split(/\r?\n/)[location.line - 1];
  return {
    ...location,
    endColumn: location.column + problem.specifier.length,
    code: 'REF_PLUGIN',
    severity: 'error',
    message: `the plugin ${problem.specifier} cannot be loaded`,
    do: problem.message,
    ...(source !== undefined && { source }),
  };
}
