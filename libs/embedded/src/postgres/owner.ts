import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SluiceError } from '@sluice/plugin-api';
import { processIdentity } from './identity.js';

/** The process that owns a home, as the file `owner` in the home describes it. */
interface Owner {
  readonly pid: number;
  readonly identity: string;
}

/** The exclusive use of a home by this process. */
export interface HomeClaim {
  /** Releases the home. */
  release(): Promise<void>;
}

/**
 * Claims a home for this process. A dead owner is replaced; the start time distinguishes it from a process that reuses its pid.
 *
 * @throws `CONFIG_INVALID` with the pid of the owner while it lives.
 */
export async function claimHome(home: string): Promise<HomeClaim> {
  const file = path.join(home, 'owner');
  const mine = JSON.stringify({ pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' } satisfies Owner);
  while (!(await createWith(file, mine))) await removeDead(file, home);
  return {
    release: async () => {
      if ((await readText(file)) === mine) await rm(file, { force: true });
    },
  };
}

/**
 * Creates the file with this content in one step; returns false if it exists. A file opened with `wx` would be visible while it is empty.
 */
async function createWith(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, content, { flag: 'wx' });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

async function removeDead(file: string, home: string): Promise<void> {
  const seen = await readText(file);
  if (seen === undefined) return;
  await refuseWhileAlive(seen, home);
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  // another process may have claimed the home between reading and renaming: restore its file
  if ((await readText(aside)) !== seen) await link(aside, file).catch(() => undefined);
  await rm(aside);
}

async function refuseWhileAlive(content: string, home: string): Promise<void> {
  const owner = parseOwner(content);
  if (!owner || (await processIdentity(owner.pid)) !== owner.identity) return;
  throw new SluiceError(
    'CONFIG_INVALID',
    'fatal',
    `${home} is in use by process ${owner.pid}`,
    'stop that process, or set another home for this one with SLUICE_HOME; for several hosts set SLUICE_DATABASE_URL',
  );
}

/** Returns undefined for a file that a power cut has left empty or truncated, because its writer died in that power cut. */
function parseOwner(content: string): Owner | undefined {
  try {
    return JSON.parse(content) as Owner;
  } catch {
    return undefined;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
