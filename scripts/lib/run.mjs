// Child processes of the scripts.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';

/** The root of the repository, with a slash at its end. */
export const ROOT = new URL('../../', import.meta.url);

const KILL_AFTER_MS = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Milliseconds between two looks whether npm still runs. */
const PARENT_CHECK_MS = 500;

/** Number of programs that are running. */
let running = 0;

/**
 * Runs a program in the root of the repository to its end. If this process received a signal in the meantime, it exits as the program did;
 * if several programs run at once, as the last one did.
 *
 * @param {readonly string[]} command program and arguments
 * @param {{ env?: object, cwd?: string, quiet?: boolean, shell?: boolean, limitMs?: number, ipc?: boolean }} [options] quiet: the output is collected
 *   instead of shown; ipc: the program stops when its IPC channel is closed
 * @returns {Promise<{ code: number, output: string, late: boolean }>} late: it was stopped after `limitMs`
 */
export function run([program, ...args], { env = {}, cwd = ROOT, quiet = false, shell = false, limitMs, ipc = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['inherit', 'inherit', 'inherit', ...(ipc ? ['ipc'] : [])],
      shell,
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));

    let late = false;
    const timers = [];
    if (limitMs !== undefined) {
      timers.push(setTimeout(() => (late = child.kill('SIGTERM')), limitMs));
      timers.push(setTimeout(() => child.kill('SIGKILL'), limitMs + KILL_AFTER_MS));
    }
    let told = false;
    const stopForwarding = forwardSignals(child, () => (told = true));
    running += 1;
    child.once('error', reject);
    // 'close' is not emitted after the channel was closed here; it matters only if output is collected
    child.once(quiet ? 'close' : 'exit', (code, signal) => {
      timers.forEach(clearTimeout);
      stopForwarding();
      running -= 1;
      if (!told) resolve({ code: exitCode(code, signal), output, late });
      else if (running === 0) process.exit(exitCode(code, signal));
    });
  });
}

/** Runs npm, without a shell where possible: Windows can start `npm.cmd` only with one (https://nodejs.org/api/child_process.html). */
export function npm(args, options = {}) {
  const cli = process.env.npm_execpath;
  if (cli && basename(cli) === 'npm-cli.js') return run([process.execPath, cli, ...args], options);
  const windows = process.platform === 'win32';
  return run([windows ? 'npm.cmd' : 'npm', ...args], { ...options, shell: windows });
}

/** Runs the built `sluice` command with these arguments, and exits with its exit code. */
export async function becomeSluice(...args) {
  stopWithNpm();
  const { code } = await run([process.execPath, 'apps/cli/bin/sluice.js', ...args], { ipc: true });
  process.exitCode = code;
}

/**
 * Stops this program, as SIGTERM does, when the npm that runs it has ended: npm passes Ctrl-C on, but ends at a SIGTERM of its own without its
 * script, which would then run on. A program that npm does not run may lose its parent, such as the shell that started it.
 */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
  // the stop has begun already, and a second signal would cut it off
  for (const signal of SIGNALS) process.once(signal, () => clearInterval(timer));
}

/**
 * Forwards signals, so that the child can stop in its own way while this process waits. Returns the function that stops forwarding. A
 * terminal sends Ctrl-C to the child too, and a second signal means "at once", so SIGINT is not forwarded on a terminal. With an IPC
 * channel its end asks the child to stop, which may safely happen in addition to a signal.
 */
function forwardSignals(child, told) {
  const handlers = SIGNALS.map((signal) => {
    const forward = () => {
      told();
      if (child.connected) child.disconnect();
      else if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.on(signal, forward);
    return () => process.off(signal, forward);
  });
  return () => handlers.forEach((off) => off());
}

/** Returns the exit code in the convention of shells: 128 plus the number of the signal. */
function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 1);
}
