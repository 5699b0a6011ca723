// npm test: everything that must hold before a change goes in, set-up included. The last line is `N passed, N failed`.
// `npm test -- <paths or other arguments of Jest>` runs only the tests that fit, without the checks.
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';
import { npm, run } from './lib/run.mjs';
import { canInstall, missingServices } from './lib/services.mjs';

const MINUTE = 60_000;

/** Servers are heavy, and tests of faults freeze and kill them: those stages run one file at a time. */
const UNIT = { project: 'unit', workers: 2, limitMs: 12 * MINUTE };
const SERVICES = { project: 'services', workers: 1, limitMs: 20 * MINUTE, needsServices: true };
const E2E = { project: 'e2e', workers: 1, limitMs: 20 * MINUTE };
const FAULTS = { project: 'faults', workers: 1, limitMs: 15 * MINUTE, needsServices: true, env: { SLUICE_FAULTS: 'quick' } };
const ADDIN_LIMIT_MS = 15 * MINUTE;

const filters = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

await prepare();
const servicesReady = await setUpServices();
if (filters.length === 0) add('checks', await check());
await runStages(UNIT);
// whoever tests servers waits more than it computes, so two can do it beside each other; the add-in has a build and no servers
await runStages(SERVICES, E2E);
await Promise.all([runStages(FAULTS), ...(filters.length === 0 ? [testAddin()] : [])]);

console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** Are the servers' programs here? Installs them where we may. */
async function setUpServices() {
  const missing = () => missingServices().filter((service) => !service.optional);
  if (missingServices().length > 0 && canInstall()) await run([process.execPath, 'scripts/setup-services.mjs']);
  const names = missing().map((service) => service.name);
  if (names.length === 0) return true;
  console.error(
    `\n*** ${names.join(' and ')} not found: tests of real servers are LEFT OUT; "npm run setup:services" says what to install ***\n`,
  );
  return false;
}

/** The lock file, format, lint, the import rule, types and the generated pages: one check. Goes on after a failure, to show all at once. */
async function check() {
  const ends = [
    await run([process.execPath, 'scripts/fix-lock.mjs', '--check']),
    await npm(['run', 'check']),
    await run([process.execPath, 'scripts/docs.mjs', '--check']),
  ];
  return ends.every(({ code }) => code === 0) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** The add-in is C++ with a build and a runner of its own, which says what it needs. */
async function testAddin() {
  const { output } = await run([process.execPath, 'scripts/addin.mjs', 'test'], { quiet: true, limitMs: ADDIN_LIMIT_MS });
  console.error(output);
  const counts = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(output.trim().split('\n').at(-1));
  const [passed, failed, skipped = 0] = (counts?.slice(1) ?? []).map((count) => Number(count ?? 0));
  add('addin', counts ? { passed, failed, skipped } : leftOut());
}

/** Stages beside each other. */
async function runStages(...stages) {
  const run = async (stage) => add(stage.project, await runStage(stage));
  await Promise.all(stages.map(run));
}

function runStage(stage) {
  return !stage.needsServices || servicesReady ? runJest(stage, filters) : leftOut();
}

/** A CI that quietly tests less than it says is worse than a red one. */
function leftOut() {
  return process.env.CI ? { passed: 0, failed: 1, skipped: 0 } : { passed: 0, failed: 0, skipped: 1 };
}

function add(name, result) {
  for (const kind of Object.keys(total)) total[kind] += result[kind];
  console.error(`${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped\n`);
}
