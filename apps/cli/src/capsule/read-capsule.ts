import { readFile, stat } from 'node:fs/promises';
import { CAPSULE, CAPSULE_VERSION, type AdminClient, type Capsule } from '@sluice/admin-contract';
import { parkedRunLike } from '../admin/short-run.js';
import { CommandError } from '../exit.js';
import { oneLine } from '../terminal/paint.js';

/** Maximum bytes of a file. */
const MAX_FILE_BYTES = 64 * 1024 ** 2;
/** Maximum levels of nesting: what reads the values is recursive. */
const MAX_LEVELS = 500;
const FULL_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Returns whether an argument names a file and not a run. */
export function isCapsuleFile(argument: string): boolean {
  return argument.endsWith('.json');
}

/**
 * Returns the capsule of a run of the host.
 *
 * @param id id of the run; of a parked run a prefix is enough
 * @throws CommandError of the host for an unknown run, and for one of which nothing is recorded
 */
export async function fetchCapsule(admin: Pick<AdminClient, 'capsule' | 'parked'>, id: string): Promise<Capsule> {
  const run = FULL_ID.test(id) ? id.toLowerCase() : await parkedRunLike(admin, id);
  if (run !== undefined) return admin.capsule({ run });
  throw new CommandError(
    `no parked run has an id that begins with "${oneLine(id)}": write the whole id of a run that is not parked (sluice find shows it)`,
  );
}

/** Reads a capsule that "sluice export" has written. @throws CommandError for a file that is none */
export async function readCapsuleFile(file: string): Promise<Capsule> {
  return parseCapsule(await readBounded(file), file);
}

/** Reads the text of a capsule. @param name of the file, for messages. @throws CommandError */
function parseCapsule(text: string, name: string): Capsule {
  const value = parseJson(text, name);
  const version = typeof value === 'object' && value !== null && 'capsule' in value ? value.capsule : undefined;
  if (version === undefined) throw new CommandError(`${name} is no run: write one with "sluice export RUN > run.json"`);
  if (typeof version === 'number' && version > CAPSULE_VERSION)
    throw new CommandError(
      `${name} has version ${version} of the format, and this release reads ${CAPSULE_VERSION}: use a newer one`,
    );
  const read = CAPSULE.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.map(String).join('.')}` : '';
  throw new CommandError(
    `${name} is no run that this release can read${where}: ${issue?.message ?? 'another format'}: export it again`,
  );
}

function parseJson(text: string, name: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new CommandError(`${name} cannot be read as JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (isDeeper(value, MAX_LEVELS))
    throw new CommandError(`${name} nests more than ${MAX_LEVELS} levels: it is no run that Sluice has exported`);
  return value;
}

async function readBounded(name: string): Promise<string> {
  try {
    const { size } = await stat(name);
    if (size > MAX_FILE_BYTES) throw new CommandError(`it has ${size} bytes, and a run has at most ${MAX_FILE_BYTES}`);
    return await readFile(name, 'utf8');
  } catch (error) {
    throw new CommandError(`${name} cannot be read: ${(error as Error).message}`);
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}
