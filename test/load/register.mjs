// load register: organisations register themselves with a code by mail while the mixed load runs. Rounds with and without registrations alternate.
// Plain-chat has no registration: its mixed load runs beside the registrations of Sluice, which shows how much of the delay is processor time that any
// program on the same machine loses.
import { median } from '../bench/lib/frame.mjs';
import { gather, verified } from './mixed.mjs';
import { Registrar } from './lib/registrar.mjs';
import { judgeRatio, printFailed, rounded } from './lib/report.mjs';
import { withSides } from './lib/sides.mjs';
import { Operations } from './lib/statistics.mjs';

const ROUND_SECONDS = 15;
const WARM_SECONDS = 10;
/** The p99 of the mixed load with registrations, divided by the one without them, that the specification allows. */
const MAX_INFLUENCE = 1.1;
const SHARES = [0.5, 0.95, 0.99];
const VARIANTS = ['without', 'with'];

/** @param {{ durationMs: number, workers: number, scale: number, rate?: number, registrations: number, save: boolean }} options */
export async function run(options) {
  return withSides(async ({ mail, ...sides }) => {
    const crowds = await gather(sides, options);
    const registrar = new Registrar(sides.ours, mail);
    const measured = { ours: emptyResult(), plain: emptyResult() };

    const round = async (side, variant, seconds = ROUND_SECONDS) => {
      const stop = variant === 'with' ? registrar.start(options.registrations) : undefined;
      await crowds[side].mixed({ ...options, seconds });
      await stop?.();
      return crowds[side].forget();
    };
    for (const side of ['ours', 'plain']) await round(side, 'with', WARM_SECONDS);

    const rounds = Math.max(1, Math.round(options.durationMs / 1000 / (4 * ROUND_SECONDS)));
    for (let n = 0; n < rounds; n++) {
      // the order changes, so that a drifting machine affects all four alike
      for (const side of n % 2 === 0 ? ['ours', 'plain'] : ['plain', 'ours']) {
        const p99 = {};
        for (const variant of Math.floor(n / 2) % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
          const operations = await round(side, variant);
          p99[variant] = operations.all.percentile(0.99);
          measured[side][variant].merge(operations);
        }
        measured[side].influences.push(p99.with / p99.without);
      }
      const last = (side) => measured[side].influences.at(-1).toFixed(2);
      console.error(`round ${n + 1}: p99 of mixed with ÷ without registrations ${last('ours')}, plain ${last('plain')}`);
    }

    printInfluence(measured);
    printTimes(registrar.operations);
    const failed = { sluice: new Operations(), plain: new Operations(), registrations: registrar.operations };
    for (const variant of VARIANTS) {
      failed.sluice.merge(measured.ours[variant]);
      failed.plain.merge(measured.plain[variant]);
    }
    const isAnswered = printFailed(failed);
    const isClean = await verified(crowds);
    const [ours, plain] = [median(measured.ours.influences), median(measured.plain.influences)];
    const isSound = isAnswered && isClean && registrar.count > 0;
    const { isGood, line } = judgeRatio('register', 1 / ours, { save: options.save, isSound });
    const goal = ours <= MAX_INFLUENCE ? 'reached' : 'MISSED';
    console.log(
      `load: register ${line}; p99 of mixed with ÷ without registrations ${ours.toFixed(2)}, goal ${MAX_INFLUENCE} ${goal}, ` +
        `plain beside the same registrations ${plain.toFixed(2)}; ${registrar.count} registrations, ${rounds} rounds`,
    );
    return isSound && isGood;
  });
}

const emptyResult = () => ({ without: new Operations(), with: new Operations(), influences: [] });

/** Prints the times of the mixed load in milliseconds without and with registrations. `ratio`: p99 with ÷ without. */
function printInfluence({ ours, plain }) {
  const row = (of) => {
    const [p99, plainP99] = [ours, plain].map((side) => VARIANTS.map((variant) => of(side[variant]).percentile(0.99)));
    return {
      count: of(ours.without).count,
      ...times('', of(ours.without)),
      ...times('with ', of(ours.with)),
      ratio: rounded(p99[1] / p99[0]),
      'plain p99': rounded(plainP99[0]),
      'plain with p99': rounded(plainP99[1]),
      'plain ratio': rounded(plainP99[1] / plainP99[0]),
    };
  };
  const rows = ours.without.names.map((name) => [name, row((operations) => operations.of(name))]);
  console.table(Object.fromEntries([...rows, ['all', row((operations) => operations.all)]]));
}

function printTimes(operations) {
  console.table(
    Object.fromEntries(
      operations.names.map((name) => [name, { count: operations.of(name).count, ...times('', operations.of(name)) }]),
    ),
  );
}

const times = (prefix, histogram) =>
  Object.fromEntries(SHARES.map((share) => [`${prefix}p${share * 100}`, rounded(histogram.percentile(share))]));
