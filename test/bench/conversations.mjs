// bench conversations: 1,000 connected people in discussions of five, beside a plain chat server with the same durability: the time from a post to the
// live events of the others at 200 posts/s, the ceiling of both, and the memory of an idle person. Clients and clock run in this process, which shares
// the processors with both servers.
import { setTimeout as pause } from 'node:timers/promises';
import { connectAll, describeMemory } from '../load/connect.mjs';
import { Crowd, inParallel } from '../load/lib/crowd.mjs';
import { requireClean } from '../load/lib/report.mjs';
import { withSides } from '../load/lib/sides.mjs';
import { alternate, record, report } from './lib/frame.mjs';

/** `node test/bench/conversations.mjs 100` runs a smaller copy, for a look whether it runs. */
const PEOPLE = Number(process.argv[2] ?? 1_000);
const MEMBERS = 5;
const RATE = PEOPLE / 5;
const PACED_SECONDS = 20;
const TICK_MS = 2;
const SETTLED_MS = 30_000;
const ROUND_SECONDS = 8;
const POSTING = 48;
const IDLE_PEOPLE = 2 * PEOPLE;
const CONNECT_MS = 20_000;
const GUARANTEE = 'answered after the commit, a repeat is recognised';

/** Connects the people and opens their discussions. */
async function gather(side) {
  const crowd = await Crowd.gather(side, { people: PEOPLE, bots: 0, discussions: [], messages: 0 });
  const circles = Array.from({ length: PEOPLE / MEMBERS }, (_, n) => crowd.people.slice(n * MEMBERS, (n + 1) * MEMBERS));
  const rooms = [];
  await inParallel(circles, POSTING, async (circle) => {
    const [first, ...others] = circle;
    rooms.push({ discussion: await first.open('group', others, { keep: true }), circle });
  });
  return { side, crowd, rooms };
}

/** Waits until all who may see a message have seen it. */
async function allShown({ crowd: { ledger, side } }) {
  const missing = () => ledger.counts.views - ledger.counts.live - ledger.counts.byReading;
  const end = performance.now() + SETTLED_MS;
  while (missing() > 0 && performance.now() < end) await pause(TICK_MS);
  if (missing() > 0) throw new Error(`${side.name}: ${missing()} live events have not arrived`);
  requireClean(ledger, side.name);
}

/** Posts at a steady rate, each message at its due time, by all people in turn. */
async function paced(bench, seconds) {
  const { crowd, rooms } = bench;
  crowd.forget();
  const posts = [];
  const from = performance.now();
  for (let n = 0; n < RATE * seconds; n++) {
    const wait = from + (n * 1000) / RATE - performance.now();
    if (wait > 0) await pause(wait);
    const { discussion, circle } = rooms[n % rooms.length];
    posts.push(circle[Math.floor(n / rooms.length) % MEMBERS].post(discussion));
  }
  await Promise.all(posts);
  await allShown(bench);
  const { operations } = crowd;
  const [shown, answered] = [operations.of('post to shown'), operations.of('post')];
  const times = (histogram) => [0.5, 0.95, 0.99].map((share) => Number(histogram.percentile(share).toFixed(1)));
  return { posts: posts.length, shown: times(shown), answered: times(answered) };
}

/** Posts as fast as the server answers, from many people at once. */
async function flood(bench) {
  const { side, crowd, rooms } = bench;
  const cpuBefore = side.process.cpuSeconds();
  const from = performance.now();
  const end = from + ROUND_SECONDS * 1000;
  let count = 0;
  let next = 0;
  const worker = async () => {
    while (performance.now() < end) {
      const turn = next++;
      const { discussion, circle } = rooms[turn % rooms.length];
      if (await circle[Math.floor(turn / rooms.length) % MEMBERS].post(discussion)) count++;
    }
  };
  await Promise.all(Array.from({ length: POSTING }, worker));
  await allShown(bench);
  const seconds = (performance.now() - from) / 1000;
  const cpu = side.process.cpuSeconds();
  crowd.forget();
  return { count, seconds, ...(cpu !== undefined && { cpuMicros: ((cpu - cpuBefore) * 1e6) / count }) };
}

await withSides(async ({ ours, plain }) => {
  const [one, other] = [await gather(ours), await gather(plain)];
  for (const bench of [one, other]) await paced(bench, PACED_SECONDS / 4); // warm-up
  const latency = { ours: await paced(one, PACED_SECONDS), plain: await paced(other, PACED_SECONDS) };
  const [mine, theirs] = [latency.ours.shown, latency.plain.shown].map((times) => times.join(' / '));
  record(
    'conversations-latency',
    { people: PEOPLE, rate: RATE, ...latency },
    `post to shown p50 / p95 / p99 ${mine} ms, plain ${theirs} ms, at ${RATE}/s with ${PEOPLE} people, ${GUARANTEE}`,
  );
  const ceiling = await alternate(
    () => flood(one),
    () => flood(other),
  );
  report('conversations', ceiling, `posts into discussions of ${MEMBERS}, ${POSTING} at once, ${GUARANTEE}`);
  await Promise.all([one, other].map(({ crowd }) => crowd.leave()));
  const idle = {};
  for (const side of [ours, plain]) {
    const { crowd, kib, kernel } = await connectAll(side, IDLE_PEOPLE, CONNECT_MS);
    await crowd.leave();
    idle[side.name] = { kib, kernel };
  }
  record(
    'conversations-memory',
    { people: IDLE_PEOPLE, ...idle },
    `${describeMemory(idle.sluice)} for each of ${IDLE_PEOPLE} idle people, plain ${describeMemory(idle.plain)}, ` +
      `ratio ${(idle.plain.kib / idle.sluice.kib).toFixed(2)}`,
  );
});
process.exit();
