// npm start: runs the host with the sample flows until Ctrl-C.
import { prepare } from './lib/prepare.mjs';
import { becomeSluice } from './lib/run.mjs';

await prepare();
await becomeSluice('start', ...process.argv.slice(2));
