// npm run addin: builds the add-in for 1C for Linux x86-64, Windows x86-64 and Windows x86, and packs it.
// `npm run addin -- test` runs its tests in minutes, `-- slow` those that take half an hour, `-- bench` its benchmarks.
import { makePackage, LIBRARIES, builtFile } from '../addin/scripts/package.mjs';
import { needTools } from '../addin/scripts/tools.mjs';
import { bench, quickTests, slowTests } from '../addin/scripts/tests.mjs';
import { build } from '../addin/scripts/build.mjs';

const COMMANDS = {
  build: async () => {
    await needTools('build');
    await build(LIBRARIES);
    console.log(`built ${LIBRARIES.map(builtFile).join('\n      ')}`);
    console.log(`packed ${await makePackage()}`);
  },
  test: async () => {
    await needTools('test');
    finish(await quickTests());
  },
  slow: async () => {
    await needTools('slow');
    finish(await slowTests());
  },
  bench: async () => {
    await needTools('bench');
    await bench();
  },
};

const wanted = process.argv[2] ?? 'build';
if (!Object.hasOwn(COMMANDS, wanted)) {
  console.error(`npm run addin -- ${wanted}: unknown command: use ${Object.keys(COMMANDS).join(', ')}`);
  process.exit(2);
}
await COMMANDS[wanted]();

function finish({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
