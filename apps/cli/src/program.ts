import { Command, CommanderError } from 'commander';
import { describeError, EXIT, exitCodeOf, isDiskFull } from './exit.js';
import { VERSION } from './version.js';
import { printNotice } from './terminal/print.js';

interface Described {
  readonly about: string;
  /** Loads the function that adds options and action of the command. Called only for this command, so that help stays fast. */
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
  init: {
    about: 'create a workspace with a tested flow',
    load: async () => (await import('./commands/init.js')).addInit,
  },
  new: {
    about: 'create a flow, a connection or a plugin in a workspace',
    load: async () => (await import('./commands/new.js')).addNew,
  },
  demo: {
    about: 'send 1,000 events to a mock 1C that is limited to 10 concurrent calls',
    load: async () => (await import('./commands/demo.js')).addDemo,
  },
  lint: {
    about: 'list the mistakes of a workspace with their corrections',
    load: async () => (await import('./commands/lint.js')).addLint,
  },
  explain: {
    about: 'explain the code of a finding or of an error, with an example',
    load: async () => (await import('./commands/explain.js')).addExplain,
  },
  test: {
    about: 'run the tests of the flows, without any server',
    load: async () => (await import('./commands/test.js')).addTest,
  },
  'dry-run': {
    about: 'run a flow on one event without calling anything, and show each step',
    load: async () => (await import('./commands/dry-run.js')).addDryRun,
  },
  expr: {
    about: 'evaluate expressions on an event, and explain missing values',
    load: async () => (await import('./commands/expr.js')).addExpr,
  },
  graph: {
    about: 'draw flows, events, connections and calls with their findings',
    load: async () => (await import('./commands/graph.js')).addGraph,
  },
  schema: {
    about: 'write JSON Schemas of flows and sluice.yaml for editors',
    load: async () => (await import('./commands/schema.js')).addSchema,
  },
  lsp: {
    about: 'serve editors over stdio: completion, lint while typing, rename (Language Server Protocol)',
    load: async () => (await import('./commands/lsp.js')).addLsp,
  },
  token: {
    about: 'print a new token; its commands revoke and list tokens',
    load: async () => (await import('./commands/token.js')).addToken,
  },
  parked: {
    about: 'list, show, replay and drop failed runs',
    load: async () => (await import('./commands/parked.js')).addParked,
  },
  replay: {
    about: 'replay parked runs, and show before what an edited flow would call differently',
    load: async () => (await import('./commands/replay.js')).addReplay,
  },
  record: {
    about: 'make a test of a real run',
    load: async () => (await import('./commands/record.js')).addRecord,
  },
  export: {
    about: 'print what is recorded of a run as JSON, without secrets: sluice export RUN > run.json',
    load: async () => (await import('./commands/export.js')).addExport,
  },
  unrouted: {
    about: 'list and replay events that no flow takes',
    load: async () => (await import('./commands/unrouted.js')).addUnrouted,
  },
  status: {
    about: 'show queues, calls in flight and limits',
    load: async () => (await import('./commands/status.js')).addStatus,
  },
  reload: {
    about: 'apply the changed files of the workspace to the running host',
    load: async () => (await import('./commands/reload.js')).addReload,
  },
  audit: {
    about: 'list the actions of operators: who, when, what, with which outcome',
    load: async () => (await import('./commands/audit.js')).addAudit,
  },
  desktops: {
    about: 'show which 1C users are online and how many events wait for them',
    load: async () => (await import('./commands/desktops.js')).addDesktops,
  },
  subscribers: {
    about: 'list, add, rename and lock the organisations that use conversations',
    load: async () => (await import('./commands/subscribers.js')).addSubscribers,
  },
  applications: {
    about: 'list, add, rename and lock applications of conversations, and replace their keys',
    load: async () => (await import('./commands/applications.js')).addApplications,
  },
  find: {
    about: 'show the story of an event, a run, or a note such as an order number',
    load: async () => (await import('./commands/find.js')).addFind,
  },
  runs: {
    about: 'list runs by flow, outcome, time, connection and note',
    load: async () => (await import('./commands/runs.js')).addRuns,
  },
  doctor: {
    about: 'check connections, backends and the workspace',
    load: async () => (await import('./commands/doctor.js')).addDoctor,
  },
  emulate: {
    about: 'emulate a remote system until SIGINT or SIGTERM',
    load: async () => (await import('./commands/emulate.js')).addEmulate,
  },
};

const AFTER_HELP = `
Begin with "sluice init DIR". "sluice COMMAND --help" shows the options of a command.
Commands about a running host use the host at SLUICE_URL, otherwise the one on this machine.
Exit codes: 0 done, 1 findings or failures, 2 wrong arguments.`;

/** Time after a command in which the process must end, even with open sockets of a pool. */
const LINGER_MS = 1_000;

/** Creates the command line. It throws errors and does not end the process. */
function createProgram(): Command {
  const program = new Command('sluice')
    .description('Carries events into 1C:Enterprise, never faster than 1C can handle, and without losing one')
    .version(VERSION)
    .addHelpText('after', AFTER_HELP);
  // commands inherit these two settings when they are added
  program.exitOverride().showHelpAfterError('(use --help for the options)');
  for (const [name, { about }] of Object.entries(COMMANDS)) program.command(name).description(about);
  program.hook('preSubcommand', async (_program, command) => (await COMMANDS[command.name()]?.load())?.(command));
  // the built-in help command would not load the options of a command
  program.helpCommand(false);
  return program;
}

/** Runs one command and sets the exit code of the process. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  // ignore a closed output (`| head`, a closed terminal), above all in a host that is stopping
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', reportLostOutput);
  try {
    await createProgram().parseAsync(withHelp(argv));
  } catch (error) {
    process.exitCode = outcomeOf(error);
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

let isOutputLost = false;

/** Makes the process fail when its output did not fit on the disk: the file is cut off, and nothing else shows it. */
function reportLostOutput(error: NodeJS.ErrnoException): void {
  if (!isDiskFull(error) || isOutputLost) return;
  isOutputLost = true;
  printNotice(`sluice: the output is incomplete: ${error.message}: free space on the disk`);
  process.once('exit', (code) => {
    if (code === EXIT.done) process.exitCode = EXIT.failed;
  });
}

/** `sluice help lint` is `sluice lint --help`. */
function withHelp([node = '', script = '', first, ...rest]: readonly string[]): string[] {
  if (first === 'help') return [node, script, ...rest, '--help'];
  return [node, script, ...(first === undefined ? [] : [first]), ...rest];
}

function outcomeOf(error: unknown): number {
  // commander has already printed the error
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  const level = process.env['SLUICE_LOG_LEVEL'];
  printNotice(`sluice: ${describeError(error, { stack: level === 'debug' || level === 'trace' })}`);
  return exitCodeOf(error);
}
