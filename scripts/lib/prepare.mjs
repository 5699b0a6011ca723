// Prepares a checkout: checks Node, installs the packages of the lock file, builds. Takes well under a second if all is up to date.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { npm, ROOT, run } from './run.mjs';

const OLDEST_NODE = [20, 19];
/** Work that takes less time is not reported. */
const SILENT_MS = 2_000;
const TELL_MS = 15_000;
const LOCK = new URL('.sluice/prepare.lock', ROOT);

/** Prepares the checkout, or ends the process with a message that contains the remedy. Writes to stderr only. */
export async function prepare() {
  checkNode();
  await alone(async () => {
    if (!installed()) await install();
    await build();
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  giveUp(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE.join('.')} or newer (https://nodejs.org)`);
}

/**
 * Returns whether node_modules contains the packages of the lock file. npm writes `.package-lock.json` at the end of an installation, so an
 * interrupted one counts as missing. Versions are compared and not addresses, which differ behind a mirror.
 */
function installed() {
  const present = readPackages('node_modules/.package-lock.json');
  if (!present) return false;
  return Object.entries(readPackages('package-lock.json')).every(([where, wanted]) => {
    if (!where.startsWith('node_modules/')) return true;
    const found = present[where];
    return found ? found.version === wanted.version : wanted.optional === true;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, ROOT), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function install() {
  // NODE_ENV=production would leave out the compiler, which is a development dependency
  const { code, output } = await shown('installing packages (once; 1 to 6 minutes, by network and disk)', () =>
    npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true }),
  );
  if (code !== 0)
    giveUp(
      `${output}\n"npm ci" failed: see the output above. Behind a proxy set HTTPS_PROXY; if the lock file is refused, run "npm run lock"`,
    );
}

async function build() {
  const { code, output } = await shown('building', () =>
    run([process.execPath, 'node_modules/typescript/bin/tsc', '-b'], { quiet: true }),
  );
  if (code !== 0) giveUp(`${output}\nthe build failed: see the output above, and run "npm run build"`);
  // in a process of its own, which ends: Vite is loaded only if a page has changed
  const pages = await shown('building the web pages', () => run([process.execPath, 'scripts/pages.mjs'], { quiet: true }));
  if (pages.code !== 0)
    giveUp(`${pages.output}\nthe build of the web pages failed: see the output above, and run "npm run pages"`);
}

/** Runs `work`. If it takes longer than two seconds, reports it, and then every 15 s the time so far. */
async function shown(what, work) {
  const from = Date.now();
  let written = false;
  const tell = () => {
    const seconds = Math.round((Date.now() - from) / 1_000);
    const line = `${what} … ${seconds} s`;
    console.error(line);
    written = true;
  };
  const first = setTimeout(tell, SILENT_MS);
  const each = setInterval(tell, TELL_MS);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(each);
    if (written) console.error(`${what}: done in ${Math.round((Date.now() - from) / 1_000)} s`);
  }
}

/** Runs `work` under a lock, so that two scripts do not install or build at the same time. */
async function alone(work) {
  mkdirSync(new URL('.', LOCK), { recursive: true });
  while (!takeLock()) await pause(200);
  const release = () => rmSync(LOCK, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

function takeLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = Number(readHolder());
  if (holder > 0 && !isRunning(holder)) rmSync(LOCK, { force: true });
  return false;
}

function readHolder() {
  try {
    return readFileSync(LOCK, 'utf8');
  } catch {
    return ''; // the holder has just released it
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function giveUp(message) {
  console.error(message);
  process.exit(1);
}
