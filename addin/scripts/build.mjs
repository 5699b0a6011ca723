// Runs CMake with the presets of addin/CMakePresets.json.
import { ROOT, run } from '../../scripts/lib/run.mjs';
import { fileURLToPath } from 'node:url';
import { giveUp } from './tools.mjs';

const SOURCE = fileURLToPath(new URL('addin', ROOT));

/**
 * Configures and builds. Prints output only after a failure, which ends the process.
 *
 * @param {readonly { preset: string, targets?: readonly string[] }[]} builds without targets all of them are built
 */
export async function build(builds) {
  for (const { preset, targets = ['all'] } of builds) {
    console.error(`building ${preset} …`);
    await must(preset, ['cmake', '-S', SOURCE, '--preset', preset]);
    const folder = fileURLToPath(new URL(`addin/dist/build/${preset}`, ROOT));
    await must(preset, ['cmake', '--build', folder, '--target', ...targets]);
  }
}

async function must(preset, command) {
  const { code, output } = await run(['env', '-C', SOURCE, ...command], { quiet: true });
  if (code !== 0) giveUp(`${output}\n${preset} cannot be built: see above ("${command.join(' ')}")`);
}
