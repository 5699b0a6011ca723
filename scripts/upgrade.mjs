// npm run test:upgrade -- COMMIT: runs hosts of another commit and of this checkout side by side on the same servers, as during an upgrade
// without downtime. The other commit is built once in `.sluice/upgrade/`. Arguments after the commit go to Jest. Last line:
// `N passed, N failed`.
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';
import { ROOT, run } from './lib/run.mjs';

const LIMIT_MS = 30 * 60_000;
const BUILT = '.sluice-built';

const [commit, ...args] = process.argv.slice(2);
if (commit === undefined) {
  console.error('test:upgrade: the commit is missing: name the one that runs beside this checkout, such as HEAD~1 or a tag');
  process.exit(2);
}

await prepare();
const other = await buildOther(commit);
const { passed, failed } = await runJest(
  { project: 'upgrade', workers: 1, limitMs: LIMIT_MS, env: { SLUICE_OTHER_CHECKOUT: other } },
  args,
);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Builds a commit in a worktree of its own, unless it is there, and returns the folder. Ends the process when that fails. */
async function buildOther(name) {
  const { output } = await orEnd(['git', 'rev-parse', '--verify', '--quiet', `${name}^{commit}`], `no commit ${name}`);
  const sha = output.trim();
  const folder = fileURLToPath(new URL(`.sluice/upgrade/${sha}`, ROOT));
  if (existsSync(`${folder}/${BUILT}`)) return folder;
  if (!existsSync(folder)) {
    mkdirSync(new URL('.sluice/upgrade/', ROOT), { recursive: true });
    await orEnd(['git', 'worktree', 'prune'], 'old worktrees cannot be removed');
    await orEnd(['git', 'worktree', 'add', '--detach', folder, sha], `${name} cannot be checked out`);
  }
  console.error(`building ${name} in ${folder} (once, about two minutes)`);
  const steps = 'npm ci --include=dev --no-audit --no-fund --loglevel=error && npx tsc -b && touch ' + BUILT;
  await orEnd(['sh', '-c', `cd "$1" && ${steps}`, 'sh', folder], `${name} cannot be built`);
  return folder;
}

async function orEnd(command, problem) {
  const result = await run(command, { quiet: true });
  if (result.code === 0) return result;
  console.error(`${result.output}\ntest:upgrade: ${problem}: see the output above`);
  process.exit(1);
}
