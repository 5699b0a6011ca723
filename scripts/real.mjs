// npm run test:real: tests connectors against servers and clients of other people, each part in a separate Debian in a folder.
// onec-soap: servers of spyne and PHP, the client zeep, and xmllint, which validates what is sent; `npm run test:real -- --soap` runs only this part.
// tcp-gateway: STOMP clients stomp.py, ruby-stomp, Net::Stomp and php-stomp of Debian, stompit and webstomp-client of npm; `-- --stomp` runs only these.
// asterisk-ami: two Asterisks, joined by SIP on loopback: one is the exchange under test, the other plays the telephones and the callers. The
// verdict comes from Asterisk's call records and from a second reader. `npm run test:real -- --asterisk=22` uses Asterisk 22 instead of 16; other
// arguments go to Jest. Last line: `N passed, N failed`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installNpm, makeRoot } from './lib/chroot.mjs';
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';
import { canInstall } from './lib/services.mjs';

const LIMIT_MS = 30 * 60_000;
/** Debian releases that have an Asterisk, by its major version. */
const RELEASES = { 16: 'bullseye', 22: 'sid' };
const VERSION = /^--asterisk=(\d+)$/;
/** Files of tests that an argument runs alone. */
const PARTS = { '--soap': 'soap.real', '--stomp': 'stomp-clients.real' };

const args = process.argv.slice(2);
const version = VERSION.exec(args.find((arg) => VERSION.test(arg)) ?? '')?.[1] ?? '16';
if (!Object.hasOwn(RELEASES, version)) {
  console.error(`--asterisk=${version}: unknown version: use ${Object.keys(RELEASES).join(' or ')}`);
  process.exit(2);
}
if (!canInstall()) {
  console.error(
    'test:real: needs Debian and root, because it installs real servers in a separate folder and starts them with chroot',
  );
  process.exit(2);
}

await prepare();
/** The part that is run alone; undefined: all of them. */
const only = Object.keys(PARTS).find((flag) => args.includes(flag));
const env = {};
if (only !== '--stomp') {
  env.SLUICE_REAL_SOAP_ROOT = await makeRoot({
    name: 'soap',
    release: 'bookworm',
    packages: ['python3-spyne', 'python3-zeep', 'php-cli', 'php-soap', 'libxml2-utils'],
    size: 'about 130 MB',
  });
}
if (only !== '--soap') {
  env.SLUICE_REAL_CLIENTS = await makeRoot({
    name: 'stomp-clients',
    release: 'bookworm',
    packages: ['python3-stomp', 'ruby-stomp', 'libnet-stomp-perl', 'php-cli', 'php-stomp'],
    size: 'about 120 MB',
  });
  env.SLUICE_REAL_NPM = await installNpm('stomp-clients-npm', ['stompit@1.0.0', 'webstomp-client@1.2.6']);
}
if (only === undefined) {
  env.SLUICE_REAL_ROOT = await makeRoot({
    name: `asterisk-${version}`,
    release: RELEASES[version],
    packages: ['asterisk', 'asterisk-modules'],
    size: 'about 150 MB',
  });
}
const forJest = args.filter((arg) => !VERSION.test(arg) && arg !== only);
let result;
try {
  result = await runJest(
    { project: 'real', workers: 1, limitMs: LIMIT_MS, env },
    only === undefined ? forJest : [PARTS[only], ...forJest],
  );
} finally {
  if (env.SLUICE_REAL_ROOT) endLeftOver(env.SLUICE_REAL_ROOT);
}
console.log(`${result.passed} passed, ${result.failed} failed`);
process.exitCode = result.failed > 0 ? 1 : 0;

/** Kills servers that a run has left behind, if their process is still an Asterisk. */
function endLeftOver(root) {
  for (const file of readdirSync(root).filter((name) => name.endsWith('.pid'))) {
    const pid = Number(readFileSync(join(root, file), 'utf8'));
    if (pid > 0 && commandOf(pid).includes('/usr/sbin/asterisk')) process.kill(pid, 'SIGKILL');
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
