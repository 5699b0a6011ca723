/** The command `sluice`: one file per command under `commands/`, put together in `program.ts`. */
export { createProgram, runCommandLine } from './program.js';
