import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { onFreePorts } from './on-free-ports.js';
import { commandInRoot } from './servers-root.js';

const START_TIMEOUT_MS = 10_000;

/** A Redis for one test, in memory only: a restart loses its data. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Runs `FLUSHALL`. */
  flush(): Promise<void>;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  /** Stops the server if it runs, and starts it empty on the same port. */
  restart(): Promise<void>;
  /** Stops the server for good. */
  stop(): Promise<void>;
}

/** Starts a private Redis on loopback and resolves when it accepts connections. Requires `redis-server` in the path. */
export function startRedis(): Promise<RedisServer> {
  return onFreePorts(1, ([port = 0]) => startOn(port));
}

async function startOn(port: number): Promise<RedisServer> {
  let server: ChildProcess | undefined;
  const killNow = () => void server?.kill('SIGKILL');
  process.once('exit', killNow);

  const end = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
  };
  const launch = async () => {
    await end();
    const [program, ...before] = commandInRoot('redis-server');
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    server = spawn(program, [...before, ...options], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'inherit'] });
    await started(server);
  };
  try {
    await launch();
  } catch (error) {
    process.off('exit', killNow);
    await end();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    flush: () => command(port, 'FLUSHALL'),
    kill: end,
    restart: launch,
    stop: async () => {
      await end();
      process.off('exit', killNow);
    },
  };
}

async function started(server: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`redis-server did not start, ${reason}\n${output}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS, `${START_TIMEOUT_MS} ms have passed`);
    server.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('Ready to accept connections')) return;
      clearTimeout(timer);
      resolve();
    });
    server.once('error', (error) => fail(`${error.message}: run npm run setup:services`));
    server.once('exit', (code) => {
      clearTimeout(timer);
      fail(`it exited with ${code}`);
    });
  });
}

/** Sends one command without a client library. */
async function command(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${text}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (!answer.toString().startsWith('+OK')) throw new Error(`redis-server answered ${answer.toString()}`);
}
