import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SluiceError } from '@sluice/plugin-api';
import { processIdentity } from './identity.js';

/** The process to which a home belongs, as the file `owner` in it says. */
interface Owner {
  readonly pid: number;
  readonly identity: string;
}

/** Holds a home for this process alone. */
export interface HomeClaim {
  /** Leaves the home to others. */
  release(): Promise<void>;
}

/**
 * Takes a home for this process, also from an owner that has died. A reused process number is told by the start time.
 *
 * @throws CONFIG_INVALID naming the owner's pid, while it lives
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

/** Creates the file with this content in one step; false when there is one. A file opened with `wx` could be seen while it is empty. */
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
  // another process may have taken the home between our reading and our renaming: then it gets its file back
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
    'stop that process, or give this one another home by SLUICE_HOME; for several hosts set SLUICE_DATABASE_URL',
  );
}

/** Undefined for a file that a power cut has left empty or cut off: whoever wrote it has died then. */
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
