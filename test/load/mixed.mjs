// load mixed: people log in, ask for the number of unread messages, read, write and open discussions; bots exchange data. Rounds of Sluice and of the
// rival alternate. Then all messages and unread numbers are compared with the ledger.
import { alternate, median } from '../bench/lib/frame.mjs';
import { Crowd } from './lib/crowd.mjs';
import { MemoryTrend } from './lib/memory.mjs';
import { multiply, OFFICE } from './lib/profile.mjs';
import { judgeRatio, printFailures, printOperations, printStatements } from './lib/report.mjs';
import { withSides } from './lib/sides.mjs';

const ROUND_SECONDS = 20;
const WARM_SECONDS = 10;

/** Fills both sides with the data of the profile. */
export async function gather({ ours, plain }, { scale }) {
  const profile = multiply(OFFICE, scale);
  console.error(`${profile.people} people, ${profile.bots} bots: preparing both sides`);
  return { ours: await Crowd.gather(ours, profile), plain: await Crowd.gather(plain, profile) };
}

/** Verifies both sides and prints what differs. Returns whether nothing does. */
export async function verified(crowds) {
  let isClean = true;
  for (const [side, crowd] of Object.entries(crowds)) {
    await crowd.verify();
    isClean = printFailures(side, crowd.ledger) && isClean;
  }
  return isClean;
}

/** @param {{ durationMs: number, workers: number, scale: number, rate?: number, save: boolean, profile?: string }} options */
export async function run(options) {
  return withSides(async ({ servers, ...sides }) => {
    const crowds = await gather(sides, options);
    const round = (side, seconds) => crowds[side].mixed({ ...options, seconds });
    for (const side of ['ours', 'plain']) {
      await round(side, WARM_SECONDS);
      crowds[side].forget();
    }
    await servers.forgetStatements();
    if (options.profile) await sides.ours.process.profile();
    const memory = { ours: new MemoryTrend(), plain: new MemoryTrend() };
    const cpu = { ours: [], plain: [] };
    const measured = async (side) => {
      const before = sides[side].process.cpuSeconds();
      const result = await round(side, ROUND_SECONDS);
      cpu[side].push(((sides[side].process.cpuSeconds() - before) / result.seconds) * 100);
      await memory[side].sample(sides[side].process);
      return result;
    };
    const rounds = Math.max(1, Math.round(options.durationMs / 1000 / (2 * ROUND_SECONDS)));
    const result = await alternate(
      () => measured('ours'),
      () => measured('plain'),
      rounds,
    );
    if (options.profile) await sides.ours.process.saveProfile(options.profile);
    const statements = await servers.topStatements();
    const isAnswered = printOperations(crowds.ours.forget(), crowds.plain.forget());
    printStatements(statements);
    for (const side of ['ours', 'plain']) printMemory(side, memory[side].summary(), median(cpu[side]));
    const isClean = await verified(crowds);
    const { isFlat } = memory.ours.summary();
    const isSound = isAnswered && isClean && isFlat !== false;
    // with a rate both sides do the same number of turns, so there is no ratio
    const judged =
      options.rate === undefined
        ? judgeRatio('mixed', result.ratio, { save: options.save, isSound: isSound && isFlat === true })
        : { isGood: true, line: `${options.rate} turns/s asked, so without a ratio` };
    console.log(
      `load: mixed ${judged.line} (ours ${result.ours.toFixed(0)} turns/s, plain ${result.plain.toFixed(0)}), ${rounds} rounds`,
    );
    return isSound && judged.isGood;
  });
}

function printMemory(side, { samples, heapMiB, heapMiBPerHour, residentMiB, residentMiBPerHour, isFlat }, cpu) {
  const verdict = isFlat === undefined ? 'too few to say whether it is flat' : isFlat ? 'flat' : 'GROWING';
  const slope = (value) => `${value < 0 ? '' : '+'}${value.toFixed(1)} MiB/h`;
  console.log(
    `${side}: heap ${heapMiB.toFixed(0)} MiB (${slope(heapMiBPerHour)}, ${samples} samples: ${verdict}), ` +
      `resident ${residentMiB.toFixed(0)} MiB (${slope(residentMiBPerHour)}), processor ${cpu.toFixed(0)} %`,
  );
}
