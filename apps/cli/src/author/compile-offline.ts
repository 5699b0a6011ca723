import type { Finding } from '@sluice/flow';
import { compileFiles, readWorkspaceEnv, type LoadedWorkspace, type WorkspaceFiles } from '@sluice/host/workspace';

/** The value of a variable that the environment does not have. No connection is opened, so nothing is sent to this address. */
const STAND_IN = 'http://127.0.0.1:9';

/**
 * Compiles files for runs without connections; a variable that the environment does not have gets a stand-in value.
 *
 * @param env variables that differ from those of the process
 */
export async function compileOffline(
  directory: string,
  files: WorkspaceFiles,
  env: Readonly<Record<string, string>> = {},
): Promise<LoadedWorkspace> {
  const given = { ...readWorkspaceEnv(), ...env };
  const loaded = await compileFiles(directory, files, given);
  const missing = loaded.findings.filter(({ code }) => code === 'ENV_MISSING').map(nameOf);
  if (missing.length === 0) return loaded;
  const standIns = Object.fromEntries(missing.map((name) => [name, STAND_IN]));
  return compileFiles(directory, files, { ...standIns, ...given });
}

/** The finding marks the name of the variable. */
function nameOf({ source = '', column, endColumn }: Finding): string {
  return source.slice(column - 1, endColumn - 1);
}
