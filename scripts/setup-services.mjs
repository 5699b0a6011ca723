// npm run setup:services: installs the programs that tests start (RabbitMQ, Redis, PostgreSQL, Wine …), without starting them.
// `--check` only reports. Exits with 1 if a program is missing.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { canInstall, missingServices, SERVICES } from './lib/services.mjs';
import { run } from './lib/run.mjs';

/**
 * Debian's packages call it before they start a service; 101 means "do not"
 * (https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt).
 */
const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_ASIDE = `${POLICY}.sluice-saved`;
const CLUSTERS = '/etc/postgresql';

const wanted = missingServices();
if (!process.argv.includes('--check') && wanted.length > 0 && canInstall())
  await installAll(wanted.map((service) => service.debian));
report();

async function installAll(packages) {
  console.error(`installing ${packages.join(', ')} with apt-get (no service is started) …`);
  await withoutStarting(async () => {
    const before = clusters();
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', ...packages);
    // Debian creates a database cluster when PostgreSQL is installed; tests create their own
    for (const version of clusters().filter((name) => !before.includes(name))) await command('pg_dropcluster', version, 'main');
  });
}

async function withoutStarting(work) {
  if (existsSync(POLICY)) renameSync(POLICY, POLICY_ASIDE);
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const restore = () => {
    rmSync(POLICY, { force: true });
    if (existsSync(POLICY_ASIDE)) renameSync(POLICY_ASIDE, POLICY);
  };
  process.once('exit', restore);
  await work();
}

/** Returns the versions that have a cluster called `main`. */
function clusters() {
  return existsSync(CLUSTERS) ? readdirSync(CLUSTERS).filter((version) => existsSync(`${CLUSTERS}/${version}/main`)) : [];
}

function apt(...args) {
  return command('apt-get', '-qq', ...args);
}

async function command(...line) {
  const { code, output } = await run(line, { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  if (code === 0) return;
  console.error(`${output}\n"${line.join(' ')}" failed with exit code ${code}: see the output above`);
  process.exit(1);
}

function report() {
  const missing = missingServices();
  for (const service of SERVICES) console.error(`${service.name}: ${missing.includes(service) ? 'missing' : 'installed'}`);
  if (missing.length === 0) return;
  console.error(`install ${missing.map((service) => service.name).join(', ')} so that ${cure()}`);
  process.exitCode = 1;
}

function cure() {
  return canInstall()
    ? 'tests can start them: run "npm run setup:services"'
    : 'tests find their programs on the PATH: on Debian run "npm run setup:services" as root';
}
