// The common part of all benches: alternating rounds against the rival, the median of their ratios, and a record with the machine and the
// date.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';

const RESULTS = new URL('../results/', import.meta.url);
const ROUNDS = 5;

/**
 * Measurement of one program in one round. `cpuMicros`: processor time per message in microseconds, if the system provides it.
 *
 * @typedef {{ count: number, seconds: number, cpuMicros?: number }} Measured
 */

/**
 * Runs both programs in turn, so that a drifting machine affects both. Both must do the same work; the one that begins changes every round.
 * The ratio is plain time ÷ our time for the same work: higher is better, 1 means equal.
 *
 * @param {() => Promise<Measured>} ours
 * @param {() => Promise<Measured>} plain
 * @param {number} rounds
 * @param {Record<string, () => Promise<Measured>>} others further programs, by name, that each round measures after these two
 */
export async function alternate(ours, plain, rounds = ROUNDS, others = {}) {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0 ? 'ours' : 'plain';
    const one = await (first === 'ours' ? ours() : plain());
    const other = await (first === 'ours' ? plain() : ours());
    const [our, their] = first === 'ours' ? [one, other] : [other, one];
    const further = {};
    for (const [name, run] of Object.entries(others)) Object.assign(further, named(name, await run()));
    measured.push({ ours: rate(our), plain: rate(their), ratio: rate(our) / rate(their), ...cpu(our, their), ...further });
    console.error(`round ${round + 1}: ${describe(measured.at(-1))}`);
  }
  return {
    ratio: median(measured.map((each) => each.ratio)),
    ours: median(measured.map((each) => each.ours)),
    plain: median(measured.map((each) => each.plain)),
    rounds: measured,
  };
}

/** Returns the median of a value of the rounds; undefined if a round does not have it. */
export function medianOf(rounds, name) {
  const values = rounds.map((round) => round[name]);
  return values.includes(undefined) ? undefined : median(values);
}

/**
 * Records a comparison, and prints its line.
 *
 * @param {string} name
 * @param {{ ratio: number, ours: number, plain: number, rounds: readonly object[] }} result
 * @param {string} conditions the features that were switched on, such as `journal changes, 1 process`
 */
export function report(name, result, conditions) {
  record(name, { conditions, ...result }, `ratio ${describe(result)} ${conditions}`);
}

/**
 * Records a comparison with several rivals by {@link alternate}, and prints a line for each program with its guarantee and a line with the ratios:
 * the time of the rival ÷ our time, and its processor time ÷ ours.
 *
 * @param {string} name
 * @param {{ rounds: readonly object[] }} result
 * @param {Record<string, string>} guarantees by name of the program, ours first; a program that was not measured is left out
 * @param {string} conditions
 */
export function reportRivals(name, result, guarantees, conditions) {
  const { rounds } = result;
  const [ours, ...rivals] = Object.keys(guarantees).filter((program) => program in rounds[0]);
  for (const program of [ours, ...rivals]) {
    const figures = `${Math.round(medianOf(rounds, program))}/s, ${medianOf(rounds, cpuColumn(program))?.toFixed(1)} us of processor time each`;
    console.log(`${name}: ${program.padEnd(9)} ${figures}: ${guarantees[program]}`);
  }
  const ratios = rivals.map((rival) => {
    const time = median(rounds.map((round) => round[ours] / round[rival]));
    const cpuTime = median(rounds.map((round) => round[cpuColumn(rival)] / round[cpuColumn(ours)]));
    return { rival, time, cpuTime };
  });
  const text = ratios.map(({ rival, time, cpuTime }) => `${rival} ${time.toFixed(2)} (processor time ${cpuTime.toFixed(2)})`);
  record(name, { conditions, guarantees, ratios, ...result }, `ratio to ${text.join(', ')}: ${conditions}`);
}

const cpuColumn = (program) => `${program === 'ours' ? 'our' : program}CpuMicros`;

/**
 * Writes `results/<name>-<time>.json`, and prints the rounds as a table and the line that ends a bench.
 *
 * @param {string} name
 * @param {{ rounds?: readonly object[] }} result
 * @param {string} line
 */
export function record(name, result, line) {
  const date = new Date().toISOString();
  mkdirSync(RESULTS, { recursive: true });
  const file = new URL(`${name}-${date.replaceAll(':', '').slice(0, 17)}.json`, RESULTS);
  writeFileSync(file, `${JSON.stringify({ bench: name, date, machine: machine(), ...result }, null, 2)}\n`);
  if (result.rounds) console.table(result.rounds.map(rounded));
  console.log(`bench: ${name} ${line}`);
}

/** Returns the median: of an odd number of values the middle one, of an even number the mean of the two middle ones. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function named(name, measured) {
  return { [name]: rate(measured), ...(measured.cpuMicros !== undefined && { [`${name}CpuMicros`]: measured.cpuMicros }) };
}

/** Returns the processor times of both programs under separate names. */
function cpu(our, their) {
  if (our.cpuMicros === undefined || their.cpuMicros === undefined) return {};
  return { ourCpuMicros: our.cpuMicros, plainCpuMicros: their.cpuMicros };
}

const rounded = (round) =>
  Object.fromEntries(
    Object.entries(round).map(([name, value]) => [name, typeof value === 'number' ? Number(value.toPrecision(3)) : value]),
  );

const rate = ({ count, seconds }) => count / seconds;

const describe = ({ ratio, ours, plain }) => `${ratio.toFixed(2)} (ours ${Math.round(ours)}/s, plain ${Math.round(plain)}/s)`;

function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    revision: revision(),
  };
}

/** Returns the commit that was measured. A tree with changes is marked, because the measurement cannot be repeated. */
function revision() {
  try {
    const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? ' with changes' : '');
  } catch {
    return 'unknown'; // not a checkout
  }
}
