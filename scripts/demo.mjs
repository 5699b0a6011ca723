// npm run demo: the main job on the embedded default, with set-up included; its last line is the result.
import { prepare } from './lib/prepare.mjs';
import { becomeSluice } from './lib/run.mjs';

await prepare();
await becomeSluice('demo', ...process.argv.slice(2));
