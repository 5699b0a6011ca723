// A Debian in a separate folder, with the servers of that Debian release. It is created once and kept.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

const SOURCES = '/etc/apt/sources.list.d/debian.sources';
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';
const HOUR = 3_600_000;

/** Returns the folder of all such roots: `SLUICE_REAL_DIR`, or a folder in the user's cache. It is never in the repository. */
export const realFolder = () =>
  process.env.SLUICE_REAL_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sluice-real');

/**
 * Creates a Debian with the packages in a folder, unless it exists; this downloads it. Requires root on a Debian.
 *
 * @param {{ name: string, release: string, packages: readonly string[], size: string }} wanted `size`: size of the download, for the
 *   message
 * @returns {Promise<string>} the folder of the root
 * @throws {Error} with the output of the command that failed
 */
export async function makeRoot({ name, release, packages, size }) {
  const root = join(realFolder(), name);
  const made = join(root, '.made-by-sluice');
  if (existsSync(made)) return root;
  if (!existsSync('/usr/sbin/debootstrap')) {
    console.error('installing debootstrap with apt-get …');
    await command('apt-get', 'update', '-qq');
    await command('apt-get', 'install', '-qq', '--yes', '--no-install-recommends', 'debootstrap');
  }
  console.error(`installing ${packages.join(', ')} of Debian ${release} into ${root} (once, ${size}) …`);
  await remove(root);
  mkdirSync(root, { recursive: true });
  try {
    await command('debootstrap', '--variant=minbase', '--include=ca-certificates', release, root, mirror());
    for (const file of ['/etc/resolv.conf', '/etc/hosts']) cpSync(file, join(root, file), { dereference: true });
    // the proxy and other settings of this machine, which it may need to reach its mirror
    cpSync('/etc/apt/apt.conf.d', join(root, 'etc/apt/apt.conf.d'), { recursive: true });
    // packages must not start services in there
    writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    await command('chroot', root, 'apt-get', 'update', '-qq', '-o', 'Acquire::Check-Valid-Until=false');
    await command('chroot', root, 'apt-get', 'install', '-qq', '--yes', '--no-install-recommends', ...packages);
  } finally {
    await unmount(root);
  }
  writeFileSync(made, '');
  return root;
}

/**
 * Installs npm packages into a folder of their own, beside the roots.
 *
 * @param {string} name of the folder
 * @param {readonly string[]} packages with their exact versions
 * @returns {Promise<string>} the folder that holds `node_modules`
 * @throws {Error} with the output of npm
 */
export async function installNpm(name, packages) {
  const folder = join(realFolder(), name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await command('npm', 'install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', ...packages);
  return folder;
}

function mirror() {
  const text = existsSync(SOURCES) ? readFileSync(SOURCES, 'utf8') : '';
  return /^URIs: *(\S+)/m.exec(text)?.[1] ?? DEFAULT_MIRROR;
}

async function remove(root) {
  await unmount(root);
  rmSync(root, { recursive: true, force: true });
}

/** Unmounts /proc and others, which debootstrap leaves mounted when it is stopped. The deepest mount is unmounted first. */
async function unmount(root) {
  const mounted = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((folder) => folder.startsWith(`${root}/`));
  for (const folder of mounted.reverse()) await command('umount', folder);
}

async function command(...line) {
  const { code, output } = await run(line, {
    quiet: true,
    limitMs: HOUR,
    env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
  if (code !== 0) throw new Error(`${output}\n"${line.join(' ')}" failed with exit code ${code}: see the output above`);
}
