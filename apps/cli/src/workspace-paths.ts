import { existsSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './exit.js';
import { nameHint } from './unknown-name.js';

/**
 * Returns a function that returns whether a file of the workspace is one of the paths or below one. The whole workspace is always read,
 * because a flow depends on it. Throws for a path without files of the workspace, which would otherwise look like a path without findings.
 */
export function within(workspace: string, paths: readonly string[], files: readonly string[]): (file: string) => boolean {
  if (paths.length === 0) return () => true;
  const isIn = (file: string, one: string) => {
    const full = path.resolve(workspace, file);
    const wanted = path.resolve(one);
    return full === wanted || full.startsWith(wanted.endsWith(path.sep) ? wanted : wanted + path.sep);
  };
  for (const one of paths) {
    if (files.some((file) => isIn(file, one))) continue;
    const shown = files.map((file) => path.join(path.relative('.', workspace), file));
    if (!existsSync(one)) throw new UsageError(`there is no file ${one}: ${nameHint(one, shown, 'files')}`);
    throw new UsageError(
      `${one} has no file of the workspace ${path.resolve(workspace)} (sluice.yaml, and flows/**/*.yaml): for another workspace use --workspace DIR`,
    );
  }
  return (file) => paths.some((one) => isIn(file, one));
}
