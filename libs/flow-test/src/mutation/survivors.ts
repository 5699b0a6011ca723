import type { OperatorName } from './operators.js';

/** How a mutant ended: the lint refused it, a test failed on it, or all tests passed. */
export type Verdict = 'refused' | 'caught' | 'survived';

/** A mutant with its verdict. */
export interface MutantResult {
  readonly operator: OperatorName;
  readonly name: string;
  readonly verdict: Verdict;
}

/** A mutant that is known to survive. */
export interface KnownSurvivor {
  readonly mutant: string;
  /** Why no test can or should notice it. */
  readonly reason: string;
}

/**
 * Compares the survivors of a file with the known ones.
 *
 * @returns one line for each survivor that is not known, and for each known survivor that is caught, refused or gone, or has no reason; empty
 *   when the lists agree
 */
export function compareSurvivors(results: readonly MutantResult[], known: readonly KnownSurvivor[]): readonly string[] {
  const verdicts = new Map(results.map(({ name, verdict }) => [name, verdict]));
  const names = new Set(known.map(({ mutant }) => mutant));
  const fresh = results
    .filter(({ name, verdict }) => verdict === 'survived' && !names.has(name))
    .map(({ name }) => `${name}: no test notices it: strengthen a test of the flow, or list it with a reason`);
  const stale = known.flatMap(({ mutant, reason }) => {
    const verdict = verdicts.get(mutant);
    if (verdict === undefined) return [`${mutant}: is listed as a survivor and does not exist any more: remove it from the list`];
    if (verdict !== 'survived') return [`${mutant}: is listed as a survivor and is ${verdict} now: remove it from the list`];
    return reason.trim() === '' ? [`${mutant}: is listed without a reason: write why no test notices it`] : [];
  });
  return [...fresh, ...stale];
}
