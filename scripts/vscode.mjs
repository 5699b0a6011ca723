// npm run vscode: packs the extension for VS Code into editors/vscode/dist/sluice-flows.vsix. Its packages are those of its own lock file:
// installed on the first run, and after a change of that file; afterwards nothing is fetched.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installOwn } from './lib/own-packages.mjs';
import { ROOT, run } from './lib/run.mjs';

const FOLDER = fileURLToPath(new URL('editors/vscode/', ROOT));
const ARCHIVE = 'dist/sluice-flows.vsix';
const LIMIT_MS = 10 * 60_000;

check('npm ci', await installOwn(FOLDER));
mkdirSync(`${FOLDER}dist`, { recursive: true });
rmSync(`${FOLDER}${ARCHIVE}`, { force: true });
const vsce = [process.execPath, 'node_modules/@vscode/vsce/vsce', 'package', '--allow-missing-repository', '--out', ARCHIVE];
check('vsce package', await run(vsce, { quiet: true, cwd: FOLDER, limitMs: LIMIT_MS }));
console.log(`editors/vscode/${ARCHIVE}`);

function check(what, { code, output }) {
  if (code === 0) return;
  console.error(`${output}\n"${what}" in editors/vscode failed with exit code ${code}: see the output above`);
  process.exit(1);
}
