// Runs the tests of the add-in: the builds, the tools under which they run, and checks of the files.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, run } from '../../scripts/lib/run.mjs';
import { build } from './build.mjs';
import { checkLibrary } from './exports.mjs';
import { startGateway } from './gateway.mjs';
import { builtFile, LIBRARIES } from './package.mjs';
import { startRabbitStomp } from './rabbitmq.mjs';
import { startTlsProxy } from './tls-proxy.mjs';
import { wine } from '../../scripts/lib/services.mjs';

const MINUTE = 60_000;
const GOLDEN = fileURLToPath(new URL('addin/test/golden', ROOT));
const BSL_TESTS = fileURLToPath(new URL('addin/test/bsl/run.mjs', ROOT));
const [X86, X64, LINUX] = LIBRARIES;
const FUZZ_SECONDS = 600;

const built = (preset, path) => fileURLToPath(new URL(`addin/dist/build/${preset}/${path}`, ROOT));
const add = (one, other) => Object.fromEntries(Object.keys(one).map((key) => [key, one[key] + other[key]]));
const sum = (results) => results.reduce(add, { passed: 0, failed: 0 });

/** Address and undefined-behaviour sanitizers, the thread sanitizer, Windows under Wine, and the files of all three systems. */
export async function quickTests() {
  await build([
    { preset: 'linux-asan', targets: ['unit-tests', 'fuzz', 'component-tests'] },
    { preset: 'linux-tsan', targets: ['component-tests'] },
    { preset: 'windows-tests', targets: ['component-tests'] },
    { preset: X86.preset },
    { preset: LINUX.preset },
  ]);
  const tls = await startTlsProxy();
  const env = { SLUICE_TEST_TLS: tls.variable };
  try {
    return sum([
      await testProgram('modules in BSL', [process.execPath, BSL_TESTS]),
      await testProgram('units, ASan and UBSan', [built('linux-asan', 'test/unit-tests'), GOLDEN]),
      await testProgram('fuzz, ASan and UBSan', [built('linux-asan', 'test/fuzz'), GOLDEN, '0']),
      await testProgram('component, ASan and UBSan', component('linux-asan'), env),
      await testProgram('component, TSan', component('linux-tsan'), env),
      await underWine(env),
      ...(await Promise.all([builtFile(LINUX), built('windows-tests', X64.file), builtFile(X86)].map(exportsOf))),
    ]);
  } finally {
    tls.stop();
  }
}

/** valgrind, RabbitMQ, the gateway, and ten minutes of fuzzing. */
export async function slowTests() {
  await build([
    { preset: 'linux-asan', targets: ['fuzz', 'component-tests'] },
    { preset: 'linux-tests', targets: ['component-tests'] },
  ]);
  const tls = await startTlsProxy();
  const valgrind = ['valgrind', '--quiet', '--error-exitcode=9', '--leak-check=full', '--errors-for-leak-kinds=definite'];
  const env = { SLUICE_TEST_TLS: tls.variable, SLUICE_TEST_PATIENCE: '20' };
  try {
    return sum([
      await testProgram('component, valgrind', [...valgrind, ...component('linux-tests')], env, 30 * MINUTE),
      await against('RabbitMQ', startRabbitStomp, 'SLUICE_TEST_RABBITMQ'),
      await against('gateway', startGateway, 'SLUICE_TEST_GATEWAY'),
      await testProgram('fuzz', [built('linux-asan', 'test/fuzz'), GOLDEN, String(FUZZ_SECONDS)], {}, 2 * FUZZ_SECONDS * 1000),
    ]);
  } finally {
    tls.stop();
  }
}

export async function bench() {
  await build([{ preset: 'linux-tests', targets: ['bench'] }]);
  await run([built('linux-tests', 'test/bench'), built('linux-tests', LINUX.file)]);
}

function component(preset, filter = '') {
  return [built(preset, 'test/component-tests'), built(preset, LINUX.file), filter];
}

async function underWine(env) {
  const program = wine();
  const prefix = mkdtempSync(join(tmpdir(), 'sluice-wine-'));
  const wineEnv = { ...env, WINEPREFIX: prefix, WINEDEBUG: '-all', WINEDLLOVERRIDES: 'mscoree,mshtml=', DISPLAY: '' };
  try {
    return await testProgram(
      'component, Windows x86-64 under Wine',
      [program, built('windows-tests', 'test/component-tests.exe'), built('windows-tests', X64.file)],
      wineEnv,
    );
  } finally {
    await run([join(dirname(program), 'wineserver'), '-k'], { quiet: true, env: wineEnv }).catch(() => {});
    rmSync(prefix, { recursive: true, force: true });
  }
}

/** Runs the tests whose names begin with the name of a server against this server. */
async function against(name, start, variable) {
  const server = await start();
  try {
    return await testProgram(name, component('linux-asan', `${name}:`), { [variable]: String(server.port) });
  } finally {
    await server.stop();
  }
}

async function exportsOf(file) {
  const wrong = existsSync(file) ? await checkLibrary(file) : [`${file} was not built`];
  for (const line of wrong) console.error(`FAILED ${line}`);
  return wrong.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Runs a program whose last line is `N passed, N failed`; one that ends otherwise counts as a failure. */
async function testProgram(name, command, env = {}, limitMs = 10 * MINUTE) {
  const { code, output, late } = await run(command, { quiet: true, env, limitMs });
  const counts = /^(\d+) passed, (\d+) failed\s*$/m.exec(output);
  const passed = Number(counts?.[1] ?? 0);
  const failed = code === 0 && counts ? 0 : Math.max(1, Number(counts?.[2] ?? 0));
  console.error(`${name}: ${passed} passed, ${failed} failed${late ? ', stopped after too long' : ''}`);
  if (failed > 0) console.error(output);
  return { passed, failed };
}
