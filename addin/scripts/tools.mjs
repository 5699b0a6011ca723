// What building and testing the add-in needs beside Node.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstall } from '../../scripts/lib/services.mjs';
import { run } from '../../scripts/lib/run.mjs';

const BUILD = [
  { debian: 'g++', program: 'g++' },
  { debian: 'cmake', program: 'cmake' },
  { debian: 'ninja-build', program: 'ninja' },
  { debian: 'zip', program: 'zip' },
  { debian: 'libssl-dev', file: '/usr/include/openssl/ssl.h' },
  { debian: 'g++-mingw-w64-x86-64', program: 'x86_64-w64-mingw32-g++-posix' },
  { debian: 'g++-mingw-w64-i686', program: 'i686-w64-mingw32-g++-posix' },
];
const SLOW = [{ debian: 'valgrind', program: 'valgrind' }];

export const wine = () => ['wine64', 'wine'].find((program) => onPath(program));

/** Ends the process with one clear line when something is missing and cannot be installed. */
export async function needTools({ slow = false } = {}) {
  const needed = slow ? [...BUILD, ...SLOW] : BUILD;
  const missing = needed.filter((tool) => !present(tool)).map((tool) => tool.debian);
  if (missing.length === 0) return;
  if (!canInstall()) giveUp(`missing: ${missing.join(', ')}; on Debian: sudo apt-get install ${missing.join(' ')}`);
  console.error(`installing ${missing.join(', ')} with apt-get …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run(['apt-get', '-qq', 'update'], { quiet: true, env });
  const { code, output } = await run(['apt-get', '-qq', 'install', '--yes', '--no-install-recommends', ...missing], {
    quiet: true,
    env,
  });
  if (code !== 0) giveUp(`${output}\napt-get could not install ${missing.join(', ')}: see above`);
}

export function giveUp(text) {
  console.error(text);
  process.exit(1);
}

function present({ program, file }) {
  return program ? onPath(program) : existsSync(file);
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
