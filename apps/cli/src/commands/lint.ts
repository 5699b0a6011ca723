import { checkRemotes, type Finding } from '@sluice/flow';
import { loadWorkspace, readEnv, readWorkspaceEnv, type LoadedWorkspace } from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { EXIT } from '../exit.js';
import { findingsText } from '../terminal/findings-text.js';
import { print, printJson, say } from '../terminal/print.js';
import { counted } from '../terminal/words.js';
import { within } from '../workspace-paths.js';

/** Time limit for checks against remote systems. Slower ones are skipped, so that flows can be written while 1C is down. */
const ASK_WITHIN_MS = 10_000;

export function addLint(command: Command): void {
  command
    .argument('[paths...]', 'files or folders; without them the whole workspace')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .addOption(new Option('--format <format>', 'format of the findings').choices(['text', 'json']).default('text'))
    .action(async (paths: string[], { workspace, format }: { workspace: string; format: 'text' | 'json' }) => {
      const loaded = await loadWorkspace(workspace, readWorkspaceEnv(), { tests: true });
      const wanted = within(workspace, paths, ['sluice.yaml', ...loaded.files.flows.map(({ file }) => file)]);
      const findings = [...loaded.findings, ...(await remoteFindings(loaded))].filter(({ file }) => wanted(file));
      if (format === 'json') printJson(findings.map(asJson));
      else if (findings.length > 0) print(findingsText(findings));
      const flows = loaded.workspace?.flows.filter(({ location }) => wanted(location.file)) ?? [];
      if (format === 'text') say(summary(findings, flows.length));
      if (findings.length > 0) process.exitCode = EXIT.failed;
    });
}

/** Returns findings of checks against remote systems, such as an unknown operation of 1C. Runs only for a workspace without errors. */
async function remoteFindings({ workspace, plugins, files }: LoadedWorkspace): Promise<readonly Finding[]> {
  if (!workspace) return [];
  const { SLUICE_HOME: folder } = readEnv();
  const input = { flows: files.flows, plugins, connections: workspace.connections, folder };
  return checkRemotes(input, AbortSignal.timeout(ASK_WITHIN_MS));
}

function asJson({ file, line, column, endColumn, code, severity, message, write, do: cure }: Finding): object {
  return { file, line, column, endColumn, code, severity, message, write: write ?? cure };
}

function summary(findings: readonly Finding[], flows: number): string {
  if (findings.length === 0) return `${counted(flows, 'flow')}, 0 findings`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return `\n${counted(findings.length, 'finding')}, ${counted(errors, 'error')} among them`;
}
