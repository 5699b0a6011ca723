// npm run test:slow: tests of half an hour for a release: the add-in under valgrind, against RabbitMQ and under ten minutes of fuzzing, the
// same fuzzing of the gateway's parser, the mutants of the sample flows, the connector to Asterisk against real ones, and ten minutes of the mixed
// load of conversations. `npm run test:slow -- --load 3d` runs that load for days.
import { parseArgs } from 'node:util';
import { prepare } from './lib/prepare.mjs';
import { run } from './lib/run.mjs';

const FUZZ_MINUTES = '10';
const { load } = parseArgs({ options: { load: { type: 'string', default: '10m' } } }).values;

await prepare();
const ends = [
  await run([process.execPath, 'scripts/addin.mjs', 'slow']),
  await run([process.execPath, 'plugins/tcp-gateway/test/fuzz/run.mjs', FUZZ_MINUTES]),
  await run([process.execPath, 'scripts/mutate.mjs']),
  await run([process.execPath, 'scripts/real.mjs']),
  await run([process.execPath, 'scripts/load.mjs', 'mixed', '--for', load]),
];
process.exitCode = ends.every(({ code }) => code === 0) ? 0 : 1;
