import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { onFreePorts } from './on-free-ports.js';
import { commandInRoot, inRoot, PROGRAMS, seenInRoot } from './servers-root.js';

const RELEASES = '/usr/lib/rabbitmq/lib';
/** Options of setpriv: the kernel kills the child when the test process ends in any way. */
const DIE_WITH_US = ['--pdeathsig', 'KILL'];
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** A broker for one test, with its own data, cookie, name and ports. */
export interface RabbitServer {
  readonly url: string;
  readonly port: number;
  /** Sends SIGKILL, so that nothing is flushed. */
  kill(): Promise<void>;
  /** Stops the broker if it runs, and starts it on the same port and data. */
  restart(): Promise<void>;
  /** Runs `rabbitmqctl` on the broker and resolves with its output. */
  ctl(...args: string[]): Promise<string>;
  /** Resolves with the logged warnings and errors. */
  log(): Promise<string>;
  /** Stops the broker and removes its data. */
  stop(): Promise<void>;
}

export interface RabbitServerOptions {
  /** Settings of the Erlang application `rabbit`, such as `{consumer_timeout, 3000}`. */
  readonly advanced?: readonly string[];
}

/**
 * Starts a private RabbitMQ on loopback and resolves when it accepts connections. Requires the package `rabbitmq-server`; any user may run
 * it.
 */
export function startRabbit(options: RabbitServerOptions = {}): Promise<RabbitServer> {
  return onFreePorts(3, (ports) => startOn(ports, options));
}

async function startOn(ports: readonly number[], options: RabbitServerOptions): Promise<RabbitServer> {
  const sbin = findSbin();
  const [port = 0, distPort = 0, epmdPort = 0] = ports;
  const home = mkdtempSync(path.join(inRoot(tmpdir()), 'sluice-rabbit-'));
  const env = environment(home, { port, distPort, epmdPort }, options);
  // otherwise Erlang would start a port mapper as a daemon, which would never be stopped
  const epmd = spawn('setpriv', [...DIE_WITH_US, ...commandInRoot('epmd'), '-port', String(epmdPort), '-address', '127.0.0.1'], {
    stdio: 'ignore',
  });
  let broker: ChildProcess | undefined;

  const launch = async () => {
    broker = spawn('setpriv', [...DIE_WITH_US, ...commandInRoot(path.join(sbin, 'rabbitmq-server'))], {
      env,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await started(broker, path.join(home, 'log'));
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (broker) await ended(broker, signal);
  };
  const stop = async () => {
    await end('SIGTERM');
    await ended(epmd, 'SIGKILL');
    rmSync(home, { recursive: true, force: true });
  };

  try {
    await launch();
  } catch (error) {
    await end('SIGKILL');
    await stop();
    throw error;
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    port,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      await launch();
    },
    ctl: async (...args) => {
      const [command, ...before] = commandInRoot(path.join(sbin, 'rabbitmqctl'));
      return (await promisify(execFile)(command, [...before, ...args], { env, cwd: home })).stdout;
    },
    log: async () => {
      const logs = path.join(home, 'log');
      const files = readdirSync(logs).filter((name) => name.endsWith('.log'));
      return files.map((name) => readFileSync(path.join(logs, name), 'utf8')).join('');
    },
    stop,
  };
}

/** Returns the folder of the release's own commands. Debian's commands in /usr/sbin switch to the user rabbitmq and its folders. */
function findSbin(): string {
  const releases = inRoot(RELEASES);
  const release = existsSync(releases) ? readdirSync(releases).find((name) => name.startsWith('rabbitmq_server-')) : undefined;
  if (!release) throw new Error(`no RabbitMQ under ${releases}: run npm run setup:services`);
  return path.join(RELEASES, release, 'sbin');
}

function environment(
  folder: string,
  ports: { port: number; distPort: number; epmdPort: number },
  { advanced = [] }: RabbitServerOptions,
): NodeJS.ProcessEnv {
  writeFileSync(
    path.join(folder, 'rabbitmq.conf'),
    ['log.file.level = warning', 'log.console = false', 'disk_free_limit.absolute = 50MB', ''].join('\n'),
  );
  writeFileSync(path.join(folder, 'enabled_plugins'), '[].\n');
  writeFileSync(path.join(folder, 'advanced.config'), `[{rabbit, [${advanced.join(', ')}]}].\n`);
  mkdirSync(path.join(folder, 'log'));
  const home = seenInRoot(folder);
  return {
    PATH: PROGRAMS,
    HOME: home,
    LC_ALL: 'C.UTF-8',
    // otherwise RabbitMQ reads the file of the system's own broker
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: path.join(home, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: path.join(home, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(home, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: path.join(home, 'data'),
    RABBITMQ_LOG_BASE: path.join(home, 'log'),
    RABBITMQ_PID_FILE: path.join(home, 'pid'),
    RABBITMQ_NODENAME: `sluice${ports.port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.port),
    RABBITMQ_DIST_PORT: String(ports.distPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: String(ports.epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // the script then execs the Erlang machine, so that the child process is the broker and not a shell
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

async function started(broker: ChildProcess, logs: string): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`RabbitMQ did not start, ${reason}; see ${logs}\n${output}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS, `${START_TIMEOUT_MS} ms have passed`);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('completed with')) return;
      clearTimeout(timer);
      resolve();
    };
    broker.stdout?.on('data', read);
    broker.stderr?.on('data', read);
    broker.once('error', (error) => fail(error.message));
    broker.once('exit', (code) => {
      clearTimeout(timer);
      fail(`it exited with ${code}`);
    });
  });
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exit;
  clearTimeout(impatient);
}
