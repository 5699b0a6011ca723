import { Command, CommanderError } from 'commander';
import { describeError, EXIT, exitCodeOf } from './exit.js';
import { VERSION } from './version.js';
import { say } from './terminal/print.js';

interface Described {
  readonly about: string;
  /** The function that adds what the command takes and does. Loaded when the command is called: help and a typing error cost nothing. */
  readonly load: () => Promise<(command: Command) => void>;
}

const COMMANDS: Readonly<Record<string, Described>> = {
  run: {
    about: 'run the flows of a workspace until SIGINT or SIGTERM',
    load: async () => (await import('./commands/run.js')).addRun,
  },
  start: {
    about: 'run the sample flows, with a stand-in for 1C unless ERP_URL is set',
    load: async () => (await import('./commands/start.js')).addStart,
  },
  demo: {
    about: 'a mock 1C limited to 10 concurrent calls, and 1,000 events that pass',
    load: async () => (await import('./commands/demo.js')).addDemo,
  },
  lint: {
    about: 'list the mistakes of a workspace, each with what to write instead',
    load: async () => (await import('./commands/lint.js')).addLint,
  },
  schema: {
    about: 'write JSON Schemas of flows and sluice.yaml, for the completion of an editor',
    load: async () => (await import('./commands/schema.js')).addSchema,
  },
  token: {
    about: 'make a token of the operator',
    load: async () => (await import('./commands/token.js')).addToken,
  },
  parked: {
    about: 'list, show, replay and drop runs that failed',
    load: async () => (await import('./commands/parked.js')).addParked,
  },
  unrouted: {
    about: 'list and replay events that no flow takes',
    load: async () => (await import('./commands/unrouted.js')).addUnrouted,
  },
  status: {
    about: 'show what waits, what is in flight and the limits',
    load: async () => (await import('./commands/status.js')).addStatus,
  },
  desktops: {
    about: 'show which 1C users are online, and what waits for them',
    load: async () => (await import('./commands/desktops.js')).addDesktops,
  },
  find: {
    about: 'show what happened to an event or a run, its replays included',
    load: async () => (await import('./commands/find.js')).addFind,
  },
  doctor: {
    about: 'check the connections, the engines and the workspace',
    load: async () => (await import('./commands/doctor.js')).addDoctor,
  },
  emulate: {
    about: 'emulate a remote system until SIGINT or SIGTERM',
    load: async () => (await import('./commands/emulate.js')).addEmulate,
  },
};

/** What is still open after a command has ended (a socket of a pool) must not keep the process. */
const LINGER_MS = 1_000;

/** The command line with all its commands. Errors are thrown, the process is never ended. */
function createProgram(): Command {
  const program = new Command('sluice')
    .description('Carries events into 1C:Enterprise, never faster than 1C can handle, and without losing one')
    .version(VERSION);
  // commands take these two from the program when they are added
  program.exitOverride().showHelpAfterError('(add --help for what it takes)');
  for (const [name, { about }] of Object.entries(COMMANDS)) program.command(name).description(about);
  program.hook('preSubcommand', async (_program, command) => (await COMMANDS[command.name()]?.load())?.(command));
  // its own command for help would not load what it tells of
  program.helpCommand(false);
  return program;
}

/** Runs one command and sets the exit code of the process. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  // whoever read our words has left (`| head`, a closed terminal): no reason to fail, least of all for a host that is stopping
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    await createProgram().parseAsync(withHelp(argv));
  } catch (error) {
    process.exitCode = outcomeOf(error);
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** `sluice help lint` is `sluice lint --help`. */
function withHelp([node = '', script = '', first, ...rest]: readonly string[]): string[] {
  if (first === 'help') return [node, script, ...rest, '--help'];
  return [node, script, ...(first === undefined ? [] : [first]), ...rest];
}

function outcomeOf(error: unknown): number {
  // commander has told it
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  const level = process.env['SLUICE_LOG_LEVEL'];
  say(`sluice: ${describeError(error, { stack: level === 'debug' || level === 'trace' })}`);
  return exitCodeOf(error);
}
