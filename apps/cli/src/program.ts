import { readWorkspaceEnv } from '@sluice/host';
import { Command, CommanderError } from 'commander';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEmulate } from './commands/emulate.js';
import { addFind } from './commands/find.js';
import { addLint } from './commands/lint.js';
import { addParked } from './commands/parked.js';
import { addRun } from './commands/run.js';
import { addSchema } from './commands/schema.js';
import { addStart } from './commands/start.js';
import { addStatus } from './commands/status.js';
import { addToken } from './commands/token.js';
import { addUnrouted } from './commands/unrouted.js';
import { describeError, EXIT, exitCodeOf } from './exit.js';
import { VERSION } from './host/banner.js';
import { say } from './terminal/print.js';

const COMMANDS = [
  addRun,
  addStart,
  addDemo,
  addLint,
  addSchema,
  addToken,
  addParked,
  addUnrouted,
  addStatus,
  addFind,
  addDoctor,
  addEmulate,
];

/** What is still open after a command has ended (a socket of a pool) must not keep the process. */
const LINGER_MS = 1_000;

/** The command line with all its commands. Errors are thrown, the process is never ended. */
export function createProgram(): Command {
  const program = new Command('sluice')
    .description('Events into 1C:Enterprise, only as fast as 1C can bear, and none lost')
    .version(VERSION);
  // commands take these two from the program when they are added
  program.exitOverride().showHelpAfterError('(add --help for what it takes)');
  for (const add of COMMANDS) add(program);
  return program;
}

/** Runs one command and sets the exit code of the process. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = outcomeOf(error);
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

function outcomeOf(error: unknown): number {
  // commander has told it
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  const level = readWorkspaceEnv()['SLUICE_LOG_LEVEL'];
  say(`sluice: ${describeError(error, { stack: level === 'debug' || level === 'trace' })}`);
  return exitCodeOf(error);
}
