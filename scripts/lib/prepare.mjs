// Makes a checkout ready to run: the right Node, the packages of the lock file, a current build. Costs well under a second when all is there.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { npm, ROOT, run } from './run.mjs';

const OLDEST_NODE = [20, 19];
/** What takes less is not worth a line. */
const SILENT_MS = 2_000;
const TELL_MS = 15_000;
const LOCK = new URL('.sluice/prepare.lock', ROOT);

/** Ends the process with a line that says what to do when something cannot be made ready. Speaks on stderr only. */
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
 * Is what npm has put into node_modules what the lock file asks for? npm writes `.package-lock.json` as the last thing of an installation,
 * so an interrupted one counts as none. Addresses differ behind a mirror: versions are compared.
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
  // the compiler is a development dependency, and NODE_ENV=production would leave it out
  const { code, output } = await shown('installing packages (once; 1 to 6 minutes, by network and disk)', () =>
    npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true }),
  );
  if (code !== 0)
    giveUp(
      `${output}\n"npm ci" failed: see above. Behind a proxy set HTTPS_PROXY; a refused lock file is cured by "npm run lock"`,
    );
}

async function build() {
  const { code, output } = await shown('building', () =>
    run([process.execPath, 'node_modules/typescript/bin/tsc', '-b'], { quiet: true }),
  );
  if (code !== 0) giveUp(`${output}\nthe build failed: see above, and "npm run build"`);
}

/** Runs `work`; when it takes longer than two seconds, prints what it is, and every 15 s how long it has taken. */
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

/** Two scripts started at once must not install or build into each other: the second waits for the first. */
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
    return ''; // given up in this moment
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
