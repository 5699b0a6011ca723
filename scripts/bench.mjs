// npm run bench [-- hop ingest push]: measures Sluice against hand-written programs on the same machine in the same minutes. Without names:
// all.
import { readdirSync } from 'node:fs';
import { prepare } from './lib/prepare.mjs';
import { ROOT, run } from './lib/run.mjs';

const FOLDER = 'test/bench';
const known = readdirSync(new URL(FOLDER, ROOT))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length));

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: unknown bench: use ${known.join(', ') || 'none: there are no benches yet'}`);
  process.exit(2);
}

await prepare();
for (const name of asked.length > 0 ? asked : known) {
  const { code } = await run([process.execPath, `${FOLDER}/${name}.mjs`]);
  if (code !== 0) process.exitCode = 1;
}
