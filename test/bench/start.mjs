// bench start: how soon `sluice run` accepts events on the embedded default with an existing home, after a stop and after kill -9.
import { median, record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';

const ROUNDS = 3;
const host = new BenchHost('hop');
const rounds = [];

try {
  const first = await host.start();
  for (let round = 0; round < ROUNDS; round++) {
    await host.stop();
    const warm = await host.start();
    await host.kill();
    const killed = await host.start();
    rounds.push({ warm, killed });
  }
  const [warm, killed] = [median(rounds.map((each) => each.warm)), median(rounds.map((each) => each.killed))];
  record(
    'start',
    { first, warm, killed, rounds },
    `ready in ${warm.toFixed(1)} s, after kill -9 in ${killed.toFixed(1)} s, embedded`,
  );
} finally {
  await host.remove();
}
