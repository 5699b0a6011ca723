import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A temporary folder of a test. */
export interface Folder {
  readonly path: string;
  remove(): void;
}

/** Creates a folder that other users can enter, because under root the embedded database runs as the user `postgres`. */
export function makeFolder(purpose: string): Folder {
  const folder = mkdtempSync(path.join(tmpdir(), `sluice-${purpose}-`));
  chmodSync(folder, 0o755);
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Creates a folder with the given files by path, such as `sluice.yaml` and `flows/orders.yaml`. */
export function makeWorkspace(files: Readonly<Record<string, string>>): Folder {
  const folder = makeFolder('workspace');
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder.path, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}
