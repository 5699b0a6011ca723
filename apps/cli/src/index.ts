/** The command `sluice`: one file per command under `commands/`, put together in `program.ts`. */
export { runCommandLine } from './program.js';
