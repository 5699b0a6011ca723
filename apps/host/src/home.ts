import { mkdir } from 'node:fs/promises';

/**
 * Creates `SLUICE_HOME` when it is missing. Only the user of the host may read it; where the host runs as root, the embedded database runs
 * as another user, who may enter the folder and not list it.
 */
export async function makeHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
}
