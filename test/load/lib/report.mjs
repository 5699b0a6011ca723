// Prints a run, and compares its ratios with the saved ones.
import { readFileSync, writeFileSync } from 'node:fs';

const SAVED = new URL('../ratios.json', import.meta.url);
/** A ratio below this share of the saved one is a failure. */
const MIN_SHARE = 0.9;

/**
 * Prints the times of all operations of both sides in milliseconds. `ratio`: the rival's p95 ÷ ours; higher is better, 1 means equal. Returns whether
 * no operation has failed.
 */
export function printOperations(ours, plain) {
  const rows = {};
  for (const name of ours.names) {
    const [one, other] = [ours.of(name), plain.of(name)];
    rows[name] = {
      count: one.count,
      ...Object.fromEntries([0.5, 0.95, 0.99].map((share) => [`p${share * 100}`, rounded(one.percentile(share))])),
      'plain p50': rounded(other.percentile(0.5)),
      'plain p95': rounded(other.percentile(0.95)),
      'plain p99': rounded(other.percentile(0.99)),
      ratio: other.count > 0 ? rounded(other.percentile(0.95) / one.percentile(0.95)) : undefined,
    };
  }
  console.table(rows);
  return printFailed({ sluice: ours, plain });
}

/** Prints the failed operations by who has tried them. Returns whether there were none. */
export function printFailed(operations) {
  const failed = Object.entries(operations).filter(([, { failed }]) => Object.keys(failed).length > 0);
  for (const [who, each] of failed) console.log(`failed operations, ${who}: ${JSON.stringify(each.failed)}`);
  return failed.length === 0;
}

export function printStatements(statements) {
  if (!statements) return console.log('pg_stat_statements is not installed: no list of statements');
  return console.table(
    statements.map(({ query, calls, totalMs, meanMs, rows }) => ({
      calls,
      'total ms': Math.round(totalMs),
      'mean ms': Number(meanMs.toFixed(3)),
      rows,
      query,
    })),
  );
}

/**
 * Compares a ratio with the saved one; `--save` replaces that by the ratio of a sound run. Without a saved ratio the sentence reports that nothing was
 * compared. Returns the sentence, and whether the ratio is good enough.
 *
 * @param {string} name
 * @param {number} ratio higher is better
 * @param {{ save: boolean, isSound: boolean }} options `isSound`: whether everything else was right in this run
 * @param {URL} file the saved ratios
 */
export function judgeRatio(name, ratio, { save, isSound }, file = SAVED) {
  const saved = readSaved(file);
  const known = saved[name];
  const found = `ratio ${ratio.toFixed(2)}`;
  if (save && isSound) {
    writeFileSync(file, `${JSON.stringify({ ...saved, [name]: Number(ratio.toFixed(3)) }, null, 2)}\n`);
    return { isGood: true, line: `${found}, saved (before: ${known ?? 'none'})` };
  }
  const unsaved = save ? ', NOT SAVED because the run was not sound' : '';
  if (known === undefined)
    return {
      isGood: true,
      line: `${found}${unsaved}, NOT COMPARED: test/load/ratios.json has no "${name}", save one on a quiet machine with --save`,
    };
  const isGood = ratio >= known * MIN_SHARE;
  return { isGood, line: `${found}${unsaved}, saved ${known}${isGood ? '' : ': more than 10 % below it'}` };
}

/** Prints the failures of a ledger with their ids. Returns whether there were none. */
export function printFailures(side, { failures, counts }) {
  const { posted, live, byReading, repeatedLive, gaps } = counts;
  const seen = `${posted} posted, ${live} seen live and ${byReading} by reading, ${gaps} gaps, ${repeatedLive} live events again`;
  const kinds = Object.entries(failures);
  if (kinds.length === 0) console.log(`${side}: ${seen}; 0 lost, 0 twice, order and unread right, nothing foreign`);
  else console.log(`${side}: ${seen}; DIFFERENCES`);
  for (const [kind, { count, ids }] of kinds) console.log(`  ${kind}: ${count}\n    ${ids.join('\n    ')}`);
  return kinds.length === 0;
}

/** Throws when the posted and seen messages of a side differ. */
export function requireClean({ failures }, side) {
  if (Object.keys(failures).length > 0) throw new Error(`${side}: posted and seen messages differ: ${JSON.stringify(failures)}`);
}

function readSaved(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

/** Returns a number with three significant digits. */
export const rounded = (value) => (value === undefined ? undefined : Number(value.toPrecision(3)));
