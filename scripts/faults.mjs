// npm run test:faults: the crash walk. Servers and hosts are killed, frozen and cut off while thousands of events are on their way.
// SLUICE_FAULTS says how much: `quick` (as in npm test), `full` (default), `soak` (many rounds, for a night).
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';

const MINUTE = 60_000;
const LIMITS = { quick: 10 * MINUTE, full: 60 * MINUTE, soak: 12 * 60 * MINUTE };

const size = process.env.SLUICE_FAULTS ?? 'full';
if (!Object.hasOwn(LIMITS, size)) {
  console.error(`SLUICE_FAULTS=${size} is not known: use ${Object.keys(LIMITS).join(', ')}`);
  process.exit(2);
}

await prepare();
const { passed, failed } = await runJest(
  { project: 'faults', workers: 1, limitMs: LIMITS[size], env: { SLUICE_FAULTS: size } },
  process.argv.slice(2),
);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
