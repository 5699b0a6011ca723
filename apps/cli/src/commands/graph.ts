import { writeFile } from 'node:fs/promises';
import { describeGraph, parseWorkspaceFile, type WorkspaceGraph } from '@sluice/flow';
import { loadWorkspace, readWorkspaceEnv } from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { CommandError } from '../exit.js';
import { shownJson } from '../terminal/paint.js';
import { print, printNotice } from '../terminal/print.js';
import { counted } from '../terminal/words.js';
import { within } from '../workspace-paths.js';

interface GraphOptions {
  readonly workspace: string;
  readonly format: 'mermaid' | 'svg' | 'json';
  readonly out?: string;
}

export function addGraph(command: Command): void {
  command
    .argument('[paths...]', 'files or folders; without them the whole workspace')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .addOption(new Option('--format <format>', 'format of the graph').choices(['mermaid', 'svg', 'json']).default('mermaid'))
    .option('--out <file>', 'file to write; without it standard output')
    .action(async (paths: string[], { workspace: directory, format, out }: GraphOptions) => {
      const { files, findings } = await loadWorkspace(directory, readWorkspaceEnv());
      const includes = within(directory, paths, ['sluice.yaml', ...files.flows.map(({ file }) => file)]);
      const { file: workspace } = parseWorkspaceFile(files.settings);
      const graph = describeGraph({ flows: files.flows, findings, includes, ...(workspace && { workspace }) });
      const text = await written(graph, format);
      if (out === undefined) print(text.trimEnd());
      else await writeFile(out, text);
      printNotice(summary(graph, out));
    });
}

async function written(graph: WorkspaceGraph, format: GraphOptions['format']): Promise<string> {
  if (format === 'json') return `${shownJson(JSON.stringify(graph, undefined, 2))}\n`;
  const { toMermaid, toSvg } = await import('@sluice/graph');
  if (format === 'mermaid') return toMermaid(graph);
  try {
    return toSvg(graph);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError(`${error.message}: name files or folders to draw a part, or use --format mermaid or json`);
  }
}

function summary({ nodes, findings }: WorkspaceGraph, out: string | undefined): string {
  const flows = nodes.filter(({ kind, unknown }) => kind === 'flow' && !unknown).length;
  const all = findings.length + nodes.reduce((sum, node) => sum + node.findings.length, 0);
  return `${out === undefined ? '' : `${out}: `}${counted(flows, 'flow')}, ${counted(all, 'finding')}`;
}
