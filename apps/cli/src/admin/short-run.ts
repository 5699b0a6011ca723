import type { ParkedSummary } from '@sluice/engine';
import { CommandError } from '../exit.js';

/** The one run whose id begins so. Throws when there is none, or several. */
export function runOf(prefix: string, runs: readonly Pick<ParkedSummary, 'run'>[]): string {
  const ids = [...new Set(runs.map(({ run }) => run))].filter((run) => run.startsWith(prefix.toLowerCase()));
  const [first, second] = ids;
  if (first === undefined) throw new CommandError(`no run ${prefix} is parked: "sluice parked ls" lists them`);
  if (second !== undefined) throw new CommandError(`${ids.length} runs begin with ${prefix}: write more of the id`);
  return first;
}

const ENOUGH = 8;

/** So much of each id as tells all of them apart. */
export function shortRuns(runs: readonly string[]): ReadonlyMap<string, string> {
  const distinct = [...new Set(runs)];
  const cut = (length: number) => new Set(distinct.map((run) => run.slice(0, length))).size === distinct.length;
  let length = ENOUGH;
  while (length < 36 && !cut(length)) length++;
  return new Map(distinct.map((run) => [run, run.slice(0, length)]));
}
