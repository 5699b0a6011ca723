import type { Finding, Place, SourceFile, Workspace } from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';
import { loadPlugins, type PluginProblem } from './plugin-loader.js';
import { readWorkspaceFiles } from './workspace-files.js';

export interface LoadedWorkspace {
  /** Absent when a finding is an error. */
  readonly workspace: Workspace | undefined;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly findings: readonly Finding[];
  readonly flowFiles: readonly SourceFile[];
}

/** Reads a workspace, loads its plugins and compiles its flows: all that is wrong is found at once, and nothing is started. */
export async function loadWorkspace(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedWorkspace> {
  // not with this file: commands that read no workspace do without the language
  const { compileWorkspace, parseWorkspaceFile } = await import('@sluice/flow');
  const files = await readWorkspaceFiles(directory);
  const parsed = parseWorkspaceFile(files.settings);
  if (!parsed.file) return { workspace: undefined, plugins: new Map(), findings: parsed.findings, flowFiles: files.flows };
  const { plugins, problems } = await loadPlugins(
    directory,
    parsed.file.plugins.map((plugin) => plugin.name),
  );
  const compiled = compileWorkspace({
    workspace: parsed.file,
    flows: files.flows,
    plugins,
    env,
    failedPlugins: problems.map((one) => one.specifier),
  });
  const failed = problems.map((problem) => pluginFinding(problem, parsed.file?.plugins ?? [], files.settings));
  const workspace = failed.length === 0 ? compiled.workspace : undefined;
  return { workspace, plugins, findings: [...failed, ...compiled.findings], flowFiles: files.flows };
}

function pluginFinding(
  problem: PluginProblem,
  named: readonly { readonly name: string; readonly place: Place }[],
  file: SourceFile,
): Finding {
  const place = named.find((one) => one.name === problem.specifier)?.place ?? { file: file.file, line: 1, column: 1 };
  const source = Buffer.from(file.bytes).toString().split(/\r?\n/)[place.line - 1];
  return {
    ...place,
    endColumn: place.column + problem.specifier.length,
    code: 'REF_PLUGIN',
    severity: 'error',
    message: `the plugin ${problem.specifier} cannot be loaded`,
    do: problem.message,
    ...(source !== undefined && { source }),
  };
}
