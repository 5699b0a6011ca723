/**
 * Second entry point of the package, for commands that read a workspace and start no host, such as lint. It loads neither the engine nor
 * a backend, which takes longer than to check a small workspace.
 */
export { readEnv, readWorkspaceEnv, type Env } from './env.js';
export {
  compileFiles,
  loadWorkspace,
  RepeatedLint,
  withSources,
  type LintResult,
  type LoadedWorkspace,
} from './load-workspace.js';
export { loadPlugins } from './plugin-loader.js';
export { readWorkspaceFiles, type WorkspaceFiles } from './workspace-files.js';
export { Secrets } from './secrets.js';
