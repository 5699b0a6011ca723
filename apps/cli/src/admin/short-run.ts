import { MAX_PAGE_SIZE, type AdminClient, type ParkedItem } from '@sluice/admin-contract';
import { CommandError } from '../exit.js';

/** Returns the run whose id has this prefix. Throws when no run or several runs match. */
export function runOf(prefix: string, runs: readonly Pick<ParkedItem, 'run'>[]): string {
  const ids = [...new Set(runs.map(({ run }) => run))].filter((run) => run.startsWith(prefix.toLowerCase()));
  const [first, second] = ids;
  if (first === undefined) throw new CommandError(`no run ${prefix} is parked: "sluice parked ls" lists them`);
  if (second !== undefined) throw new CommandError(`${ids.length} runs begin with ${prefix}: write more of the id`);
  return first;
}

/** Returns the rows of the runs, in any state, whose ids have this prefix; the newest 1,000. */
export async function runsLike(admin: Pick<AdminClient, 'parked'>, prefix: string): Promise<readonly ParkedItem[]> {
  return (await admin.parked({ state: 'all', run: prefix, limit: MAX_PAGE_SIZE })).items;
}

/** Prefix of an id in the tables: at least 8 characters. */
const SHORT_ID = /^[\da-f]{8}[\da-f-]{0,27}$/i;

/**
 * Returns the parked run, in any state, whose id has this prefix; undefined when no run matches.
 *
 * @throws CommandError when several runs match
 */
export async function parkedRunLike(admin: Pick<AdminClient, 'parked'>, prefix: string): Promise<string | undefined> {
  if (!SHORT_ID.test(prefix)) return undefined;
  const runs = await runsLike(admin, prefix);
  return runs.length > 0 ? runOf(prefix, runs) : undefined;
}

const ENOUGH = 8;

/** Returns the shortest prefixes of the ids that are unique, by id. */
export function shortRuns(runs: readonly string[]): ReadonlyMap<string, string> {
  const distinct = [...new Set(runs)];
  const cut = (length: number) => new Set(distinct.map((run) => run.slice(0, length))).size === distinct.length;
  let length = ENOUGH;
  while (length < 36 && !cut(length)) length++;
  return new Map(distinct.map((run) => [run, run.slice(0, length)]));
}
