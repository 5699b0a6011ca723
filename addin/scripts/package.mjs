// Packs the built libraries as an add-in for 1C: a ZIP with MANIFEST.XML in its root.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, run } from '../../scripts/lib/run.mjs';

export const VERSION = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')).version;

const DIST = new URL('addin/dist/', ROOT);
const stem = `SluiceClient_${VERSION.replaceAll('.', '_')}`;

/** Contents of the package: preset of the build, file, and attributes in the manifest. */
export const LIBRARIES = [
  { preset: 'windows-x86', file: `${stem}_32.dll`, os: 'Windows', arch: 'i386', strip: 'i686-w64-mingw32-strip' },
  { preset: 'windows-x86_64', file: `${stem}_64.dll`, os: 'Windows', arch: 'x86_64', strip: 'x86_64-w64-mingw32-strip' },
  { preset: 'linux-x86_64', file: `${stem}_64.so`, os: 'Linux', arch: 'x86_64', strip: 'strip' },
];

export const builtFile = ({ preset, file }) => fileURLToPath(new URL(`build/${preset}/${file}`, DIST));

/** @returns {Promise<string>} the path of the ZIP */
export async function makePackage() {
  const folder = new URL('package/', DIST);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packed = [];
  for (const library of LIBRARIES) {
    const target = fileURLToPath(new URL(library.file, folder));
    copyFileSync(builtFile(library), target);
    await must([library.strip, '--strip-unneeded', target]);
    packed.push(target);
  }
  const manifest = fileURLToPath(new URL('MANIFEST.XML', folder));
  writeFileSync(manifest, manifestText());
  const zip = fileURLToPath(new URL(`SluiceClient_${VERSION}.zip`, DIST));
  rmSync(zip, { force: true });
  await must(['zip', '-q', '-j', '-X', zip, manifest, ...packed]);
  return zip;
}

function manifestText() {
  const components = LIBRARIES.map(
    ({ os, arch, file }) => `  <component os="${os}" path="${basename(file)}" type="native" arch="${arch}"/>\n`,
  );
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<bundle xmlns="http://v8.1c.ru/8.2/addin/bundle">\n${components.join('')}</bundle>\n`
  );
}

async function must(command) {
  const { code, output } = await run(command, { quiet: true });
  if (code !== 0) throw new Error(`${command.join(' ')} failed: ${output}`);
}
