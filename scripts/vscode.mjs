// npm run vscode: packs the extension for VS Code into editors/vscode/dist/sluice-flows.vsix. Its packages are those of its own lock file:
// installed on the first run, and after a change of that file; afterwards nothing is fetched.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npm, ROOT, run } from './lib/run.mjs';

const FOLDER = fileURLToPath(new URL('editors/vscode/', ROOT));
const ARCHIVE = 'dist/sluice-flows.vsix';
const LIMIT_MS = 10 * 60_000;

if (!isInstalled()) {
  console.error('installing the packages of editors/vscode …');
  // no script of a package is run; --prefix, because npm passes the folder of this command on to the npm that it starts
  const flags = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  check('npm ci', await npm(['--prefix', FOLDER, 'ci', ...flags], { quiet: true, limitMs: LIMIT_MS }));
}
mkdirSync(`${FOLDER}dist`, { recursive: true });
rmSync(`${FOLDER}${ARCHIVE}`, { force: true });
const vsce = [process.execPath, 'node_modules/@vscode/vsce/vsce', 'package', '--allow-missing-repository', '--out', ARCHIVE];
check('vsce package', await run(vsce, { quiet: true, cwd: FOLDER, limitMs: LIMIT_MS }));
console.log(`editors/vscode/${ARCHIVE}`);

/** Returns whether node_modules contains the packages of the lock file. npm writes `.package-lock.json` at the end of an installation. */
function isInstalled() {
  const present = packagesIn('node_modules/.package-lock.json');
  const wanted = Object.entries(packagesIn('package-lock.json')).filter(([where]) => where !== '');
  return (
    present !== undefined &&
    wanted.every(([where, one]) => (present[where] ? present[where].version === one.version : one.optional === true))
  );
}

function packagesIn(file) {
  return existsSync(`${FOLDER}${file}`) ? JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')).packages : undefined;
}

function check(what, { code, output }) {
  if (code === 0) return;
  console.error(`${output}\n"${what}" in editors/vscode failed with exit code ${code}: see the output above`);
  process.exit(1);
}
