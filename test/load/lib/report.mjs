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
  const failed = Object.entries({ sluice: ours.failed, plain: plain.failed }).filter(([, each]) => Object.keys(each).length > 0);
  for (const [side, each] of failed) console.log(`failed operations, ${side}: ${JSON.stringify(each)}`);
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
 * Compares a ratio with the saved one. A sound run saves its ratio when there is none yet, or when asked to. Returns a sentence, and whether the ratio
 * is good enough.
 *
 * @param {string} name
 * @param {number} ratio higher is better
 * @param {{ save: boolean, isSound: boolean }} options `isSound`: whether everything else was right in this run
 */
export function judgeRatio(name, ratio, { save, isSound }) {
  const saved = readSaved();
  const known = saved[name];
  if (isSound && (known === undefined || save)) {
    writeFileSync(SAVED, `${JSON.stringify({ ...saved, [name]: Number(ratio.toFixed(3)) }, null, 2)}\n`);
    return { isGood: true, line: `ratio ${ratio.toFixed(2)}, saved` };
  }
  const isGood = known === undefined || ratio >= known * MIN_SHARE;
  return { isGood, line: `ratio ${ratio.toFixed(2)}, saved ${known ?? 'none'}${isGood ? '' : ': more than 10 % below it'}` };
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

function readSaved() {
  try {
    return JSON.parse(readFileSync(SAVED, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

const rounded = (value) => (value === undefined ? undefined : Number(value.toPrecision(3)));
