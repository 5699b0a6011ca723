// What building and testing the add-in needs beside Node.
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
/** `optional`: without it a part of the tests is skipped, loudly, and fails in CI. */
const TESTS = [
  { debian: 'openssl', program: 'openssl' },
  { debian: 'wine64', found: wine, optional: true },
];
const SLOW = [...TESTS, { debian: 'valgrind', program: 'valgrind' }];
const NEEDS = { build: [], test: TESTS, slow: SLOW, bench: [] };

/**
 * Installs what is missing for a command, where that is possible. Ends the process with one clear line when something that it cannot do
 * without is missing and cannot be installed.
 *
 * @param {'build' | 'test' | 'slow' | 'bench'} command
 */
export async function needTools(command) {
  const wanted = [...BUILD, ...NEEDS[command]].filter((tool) => !present(tool));
  const missing = wanted.filter((tool) => canInstall() || !tool.optional).map((tool) => tool.debian);
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
