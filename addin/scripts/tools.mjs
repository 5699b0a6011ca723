// Programs that the build and the tests of the add-in need in addition to Node.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canInstall, wine } from '../../scripts/lib/services.mjs';
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
const TESTS = [
  { debian: 'openssl', program: 'openssl' },
  { debian: 'wine64', found: wine },
];
const SLOW = [...TESTS, { debian: 'valgrind', program: 'valgrind' }];
const NEEDS = { build: [], test: TESTS, slow: SLOW, bench: [] };

/**
 * Installs missing programs of a command where possible. Ends the process with one line if a required program is missing and cannot be
 * installed.
 *
 * @param {'build' | 'test' | 'slow' | 'bench'} command
 */
export async function needTools(command) {
  const missing = [...BUILD, ...NEEDS[command]].filter((tool) => !present(tool)).map((tool) => tool.debian);
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

function present({ program, file, found }) {
  if (found) return found() !== undefined;
  return program ? onPath(program) : existsSync(file);
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
