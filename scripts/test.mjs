// npm test: all checks and tests that a change has to pass, set-up included. The last line is `N passed, N failed`.
// `npm test -- <paths or other arguments of Jest>` runs only the matching tests, without the checks.
import { readFile } from 'node:fs/promises';
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';
import { npm, ROOT, run } from './lib/run.mjs';
import { canInstall, missingServices } from './lib/services.mjs';

const MINUTE = 60_000;

/** Stages with servers run one file at a time: servers are heavy, and tests of faults freeze and kill them. */
const UNIT = { project: 'unit', workers: 2, limitMs: 12 * MINUTE };
const SERVICES = { project: 'services', workers: 1, limitMs: 20 * MINUTE };
const E2E = { project: 'e2e', workers: 1, limitMs: 25 * MINUTE };
const FAULTS = { project: 'faults', workers: 1, limitMs: 25 * MINUTE, env: { SLUICE_FAULTS: 'quick' } };
/** Parts of the fault tests. Whichever lane of the last stages is free takes the next one. */
const FAULT_SHARDS = ['1/4', '2/4', '3/4', '4/4'];
const ADDIN_LIMIT_MS = 15 * MINUTE;
const CURE = 'install them, on Debian with "npm run setup:services" as root, or name the paths to test: npm test -- libs/flow';

const filters = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

await prepare();
await setUpServices();
if (filters.length === 0) add('checks', await check());
await runStage(UNIT);
// tests with servers mostly wait, so two stages can run at once; the add-in has a build and no servers
const faults = { passed: 0, failed: 0, skipped: 0 };
await Promise.all([
  runStage(SERVICES).then(runFaults),
  runStage(E2E)
    .then(() => (filters.length === 0 ? testAddin() : undefined))
    .then(runFaults),
]);
add('faults', faults);

console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** Installs missing programs if possible. Otherwise it names them, and the tests that need them fail. */
async function setUpServices() {
  if (missingServices().length > 0 && canInstall()) await run([process.execPath, 'scripts/setup-services.mjs']);
  const names = missingServices().map((service) => service.name);
  if (names.length > 0) console.error(`\n*** ${names.join(', ')} not found: tests that need them will fail: ${CURE} ***\n`);
}

/**
 * Checks the lock file, format, lint, the import rule, types, the generated pages and the mutants of the sample flows as one test. Continues
 * after a failure, to show all at once.
 */
async function check() {
  const { scripts } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8'));
  const checks = [...scripts.check.matchAll(/npm run (\S+)/g)].map(([, name]) => name).filter((name) => name !== 'lint');
  const others = async () => {
    const ends = [await run([process.execPath, 'scripts/fix-lock.mjs', '--check'])];
    for (const name of checks) ends.push(await npm(['run', name]));
    ends.push(await run([process.execPath, 'scripts/docs.mjs', '--check']));
    ends.push(await run([process.execPath, 'scripts/mutate.mjs']));
    return ends;
  };
  // the lint takes about as long as everything else together, and each of them uses one core
  const ends = (await Promise.all([npm(['run', 'lint']), others()])).flat();
  return ends.every(({ code }) => code === 0) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** Runs the tests of the add-in, which is C++ with its own build and runner. */
async function testAddin() {
  const { output } = await run([process.execPath, 'scripts/addin.mjs', 'test'], { quiet: true, limitMs: ADDIN_LIMIT_MS });
  console.error(output);
  const counts = /^(\d+) passed, (\d+) failed$/.exec(output.trim().split('\n').at(-1));
  const [passed, failed] = counts?.slice(1).map(Number) ?? [0, 1];
  add('addin', { passed, failed, skipped: 0 });
}

async function runStage(stage) {
  add(stage.project, await runJest(stage, filters));
}

/** Runs the parts of the fault tests that are left. */
async function runFaults() {
  for (let shard = FAULT_SHARDS.shift(); shard !== undefined; shard = FAULT_SHARDS.shift())
    addTo(faults, await runJest(FAULTS, [...filters, `--shard=${shard}`]));
}

function addTo(sum, result) {
  for (const kind of Object.keys(sum)) sum[kind] += result[kind];
}

function add(name, result) {
  addTo(total, result);
  console.error(`${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped\n`);
}
