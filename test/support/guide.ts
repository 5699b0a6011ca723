import { mkdtemp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Returns the YAML blocks of a page, in order. */
export async function yamlBlocks(page: string): Promise<string[]> {
  const text = await readFile(page, 'utf8');
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
}

/** Writes a workspace of `sluice.yaml` and one file per block of flows. Returns its folder, which links to the installed plugins. */
export async function writeWorkspace(settings: string, flows: readonly string[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-guide-'));
  await mkdir(path.join(folder, 'flows'));
  await writeFile(path.join(folder, 'sluice.yaml'), settings);
  for (const [index, flow] of flows.entries()) await writeFile(path.join(folder, 'flows', `${index}.yaml`), flow);
  return folder;
}
