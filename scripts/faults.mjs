// npm run test:faults: kills, freezes and cuts off servers and hosts while thousands of events are in flight.
// SLUICE_FAULTS sets the extent: `quick` (as in npm test), `full` (default), `soak` (many rounds, for a night).
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';

const MINUTE = 60_000;
const LIMITS = { quick: 10 * MINUTE, full: 120 * MINUTE, soak: 12 * 60 * MINUTE };

const size = process.env.SLUICE_FAULTS ?? 'full';
if (!Object.hasOwn(LIMITS, size)) {
  console.error(`SLUICE_FAULTS=${size}: unknown value: use ${Object.keys(LIMITS).join(', ')}`);
  process.exit(2);
}

await prepare();
const { passed, failed } = await runJest(
  { project: 'faults', workers: 1, limitMs: LIMITS[size], env: { SLUICE_FAULTS: size } },
  process.argv.slice(2),
);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
