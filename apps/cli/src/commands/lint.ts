import path from 'node:path';
import { askOtherSides, formatFindings, type Finding } from '@sluice/flow';
import { loadWorkspace, readWorkspaceEnv, type LoadedWorkspace } from '@sluice/host';
import { Option, type Command } from 'commander';
import { EXIT } from '../exit.js';
import { print, printJson, say } from '../terminal/print.js';
import { counted } from '../terminal/words.js';

/** Other sides that do not answer so soon are not asked: a flow can be written while 1C is down. */
const ASK_WITHIN_MS = 10_000;

export function addLint(command: Command): void {
  command
    .argument('[paths...]', 'files or folders; without them the whole workspace')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .addOption(new Option('--format <format>', 'how findings are written').choices(['text', 'json']).default('text'))
    .action(async (paths: string[], { workspace, format }: { workspace: string; format: 'text' | 'json' }) => {
      const loaded = await loadWorkspace(workspace, readWorkspaceEnv());
      const findings = findingsIn([...loaded.findings, ...(await remoteFindings(loaded))], paths, workspace);
      if (format === 'json') printJson(findings.map(asJson));
      else if (findings.length > 0) print(formatFindings(findings));
      if (format === 'text') say(summary(findings, loaded.workspace?.flows.length ?? 0));
      if (findings.length > 0) process.exitCode = EXIT.failed;
    });
}

/** What the other sides say of a workspace in which nothing else is wrong: that 1C has no such operation, for instance. */
async function remoteFindings({ workspace, plugins, flowFiles }: LoadedWorkspace): Promise<readonly Finding[]> {
  if (!workspace) return [];
  return askOtherSides({ flows: flowFiles, plugins, connections: workspace.connections }, AbortSignal.timeout(ASK_WITHIN_MS));
}

/** Those that stand in one of the paths, or in a file under it. A flow is understood only within its workspace: all of it is read anyway. */
function findingsIn(findings: readonly Finding[], paths: readonly string[], workspace: string): readonly Finding[] {
  if (paths.length === 0) return findings;
  const wanted = paths.map((one) => path.resolve(one));
  return findings.filter(({ file }) => {
    const full = path.resolve(workspace, file);
    return wanted.some((one) => full === one || full.startsWith(one.endsWith(path.sep) ? one : one + path.sep));
  });
}

function asJson({ file, line, column, endColumn, code, severity, message, write, do: cure }: Finding): object {
  return { file, line, column, endColumn, code, severity, message, write: write ?? cure };
}

function summary(findings: readonly Finding[], flows: number): string {
  if (findings.length === 0) return `${counted(flows, 'flow')}, 0 findings`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return `\n${counted(findings.length, 'finding')}, ${counted(errors, 'error')} among them`;
}
