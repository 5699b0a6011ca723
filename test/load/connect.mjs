// load connect: everybody connects within a minute, as in the morning, and then is silent. Measures the logins and the memory of a connected person;
// then one message to each of them shows that the connections work.
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd, inParallel } from './lib/crowd.mjs';
import { idleKiB } from './lib/memory.mjs';
import { judgeRatio, printFailures, printOperations } from './lib/report.mjs';
import { withSides } from './lib/sides.mjs';

const WITHIN_MS = 60_000;
const MAX_KIB = 20;
const MEMBERS = 5;
const POSTING = 8;
const WARM = 50;
const LIVE_MS = 10_000;

/**
 * Connects people evenly over the time to a server that knows them and has just started. Resolves with the resident memory of each connected person.
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
  crowd.forget();
  const from = performance.now();
  await Promise.all(
    crowd.people.map(async (person, n) => {
      await pause((n * withinMs) / people);
      await person.login();
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  const kib = ((await idleKiB(side.process)) - before) / people;
  const closed = crowd.people.filter(({ isOpen }) => !isOpen).length;
  console.log(
    `${side.name}: ${people} connected within ${seconds.toFixed(0)} s, ${closed} lost since, ${kib.toFixed(1)} KiB each`,
  );
  return { crowd, kib, closed };
}

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
    const isSound = isClean && sides.plain.kib > 0 && sides.sluice.kib > 0 && sides.sluice.kib <= MAX_KIB;
    const { isGood, line } = judgeRatio('connect', sides.plain.kib / sides.sluice.kib, { save, isSound });
    console.log(
      `load: connect ${line} (ours ${sides.sluice.kib.toFixed(1)} KiB, plain ${sides.plain.kib.toFixed(1)}, at most ${MAX_KIB})`,
    );
    return isSound && isGood;
  });
}
