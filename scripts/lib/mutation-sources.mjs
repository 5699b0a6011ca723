// The workspaces whose flows get mutants: the sample workspace, and the pages with a workspace of their own.
import { readdirSync, readFileSync } from 'node:fs';
import { ROOT } from './run.mjs';

const PAGES = ['docs/guides/patterns.md', 'docs/guides/coming-from.md', 'docs/guides/errors-and-retries.md'];

/** Returns the workspaces, each with its name, its `sluice.yaml` and the texts of its files of flows. */
export function mutationSources() {
  const files = readdirSync(new URL('flows', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `flows/${file.replaceAll('\\', '/')}`)
    .sort();
  const samples = { name: 'flows', settings: read('sluice.yaml'), flows: files.map(read) };
  return [samples, ...PAGES.map(sourceOf)];
}

function sourceOf(page) {
  const [settings, ...flows] = [...read(page).text.matchAll(/^```yaml\n(sluice: 1\n[^]*?)^```$/gm)].map(([, text], index) => ({
    file: `${page}#${index}`,
    text,
  }));
  return { name: page, settings, flows };
}

function read(file) {
  return { file, text: readFileSync(new URL(file, ROOT), 'utf8') };
}
