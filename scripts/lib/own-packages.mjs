// Folders that have packages of their own, apart from those of the root: installed on the first run, and after a change of their lock file.
import { existsSync, readFileSync } from 'node:fs';
import { npm } from './run.mjs';

const LIMIT_MS = 10 * 60_000;

/**
 * Installs the packages of the lock file of a folder if they are not there. Afterwards nothing is fetched. No script of a package is run.
 *
 * @param {string} folder with a slash at its end
 * @returns {Promise<{ code: number, output: string }>} code 0 if the packages are there
 */
export async function installOwn(folder) {
  if (isInstalled(folder)) return { code: 0, output: '' };
  console.error(`installing the packages of ${folder} …`);
  // --prefix, because npm passes the folder of this command on to the npm that it starts
  const flags = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  return npm(['--prefix', folder, 'ci', ...flags], { quiet: true, limitMs: LIMIT_MS });
}

/** Returns whether node_modules contains the packages of the lock file. npm writes `.package-lock.json` at the end of an installation. */
function isInstalled(folder) {
  const present = packagesIn(`${folder}node_modules/.package-lock.json`);
  const wanted = Object.entries(packagesIn(`${folder}package-lock.json`)).filter(([where]) => where !== '');
  return (
    present !== undefined &&
    wanted.every(([where, one]) => (present[where] ? present[where].version === one.version : one.optional === true))
  );
}

function packagesIn(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}
