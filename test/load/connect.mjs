// load connect: everybody connects within a minute, as in the morning, and then is silent. Measures the logins and the memory of a connected person;
// then one message to each of them shows that the connections work.
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd, inParallel } from './lib/crowd.mjs';
import { idleKiB, kernelKiB } from './lib/memory.mjs';
import { judgeRatio, printFailures, printOperations } from './lib/report.mjs';
import { withSides } from './lib/sides.mjs';

const WITHIN_MS = 60_000;
const MAX_KIB = 20;
const MEMBERS = 5;
const POSTING = 8;
const WARM = 50;
const LIVE_MS = 10_000;

/**
 * Connects people evenly over the time to a server that knows them and has just started. Resolves with the memory of each connected person: `kib` in the
 * process, `kernel` for the connection, undefined where the system does not report it.
 */
export async function connectAll(side, people, withinMs = WITHIN_MS) {
  const crowd = await Crowd.gather(side, { people, bots: 0, discussions: [], messages: 0 });
  await crowd.leave();
  await side.restart();
  // the code of a login is compiled before the measurement
  await inParallel(crowd.people.slice(0, WARM), POSTING, async (person) => {
    await person.login();
    await person.leave();
  });
  const before = await idleKiB(side.process);
  const kernelBefore = kernelKiB();
  crowd.forget();
  const from = performance.now();
  await Promise.all(
    crowd.people.map(async (person, n) => {
      await pause((n * withinMs) / people);
      // counted as failed; errors of the kit have no code
      await person.login().catch((error) => {
        if (error.code === undefined) throw error;
      });
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  const kib = ((await idleKiB(side.process)) - before) / people;
  // half of it is that of the clients, which run on the same machine
  const kernel = kernelBefore === undefined ? undefined : (kernelKiB() - kernelBefore) / people / 2;
  const closed = crowd.people.filter(({ isOpen }) => !isOpen).length;
  console.log(
    `${side.name}: ${people - closed} of ${people} are connected after ${seconds.toFixed(0)} s, ` +
      `${describeMemory({ kib, kernel })} each`,
  );
  return { crowd, kib, kernel, closed };
}

/** Describes the memory of a connected person. */
export const describeMemory = ({ kib, kernel }) =>
  `${kib.toFixed(1)} KiB in the process and ${kernel === undefined ? 'an unknown number of' : kernel.toFixed(1)} KiB in the kernel`;

/** Posts one message to everybody, in discussions of five. Resolves when each has seen it live. */
async function greetAll({ people, ledger }) {
  const groups = Array.from({ length: Math.ceil(people.length / MEMBERS) }, (_, n) =>
    people.slice(n * MEMBERS, (n + 1) * MEMBERS),
  );
  await inParallel(groups, POSTING, async ([first, ...others]) => {
    const discussion = await first.open('group', others, { keep: true });
    await first.post(discussion);
  });
  const end = performance.now() + LIVE_MS;
  while (ledger.counts.live < people.length && performance.now() < end) await pause(20);
  const unseen = people.length - ledger.counts.live;
  if (unseen > 0)
    ledger.fail('not live', `${unseen} of ${people.length} people have not seen their message within ${LIVE_MS} ms`);
}

/** @param {{ people: number, save: boolean }} options */
export async function run({ people, save }) {
  return withSides(async ({ ours, plain }) => {
    const sides = {};
    let isClean = true;
    for (const side of [plain, ours]) {
      const connected = await connectAll(side, people);
      const { crowd, closed } = connected;
      await greetAll(crowd);
      isClean = printFailures(side.name, crowd.ledger) && closed === 0 && isClean;
      await crowd.leave();
      sides[side.name] = connected;
    }
    isClean = printOperations(sides.sluice.crowd.operations, sides.plain.crowd.operations) && isClean;
    // with few people the memory of the process varies more than that of the connections
    const total = sides.sluice.kib + (sides.sluice.kernel ?? 0);
    const isSound = isClean && sides.plain.kib > 0 && sides.sluice.kib > 0 && total <= MAX_KIB;
    const { isGood, line } = judgeRatio('connect', sides.plain.kib / sides.sluice.kib, { save, isSound });
    console.log(
      `load: connect ${line} (ours ${describeMemory(sides.sluice)}, plain ${describeMemory(sides.plain)}, together at most ${MAX_KIB})`,
    );
    return isSound && isGood;
  });
}
