// npm run demo: the main use case on the embedded default, set-up included. The last line is the result.
import { prepare } from './lib/prepare.mjs';
import { becomeSluice } from './lib/run.mjs';

await prepare();
await becomeSluice('demo', ...process.argv.slice(2));
