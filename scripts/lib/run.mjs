// Child processes for the scripts: one that is watched to its end, and one that this process stands in for.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';

/** The root of the repository, with a slash at its end. */
export const ROOT = new URL('../../', import.meta.url);

const KILL_AFTER_MS = 10_000;

/** Programs that have not ended yet. */
let running = 0;

/**
 * Runs a program in the root of the repository to its end. When we were told to stop meanwhile, this process ends as the program ended: the
 * last one, where several run beside each other.
 *
 * @param {readonly string[]} command program and arguments
 * @param {{ env?: object, quiet?: boolean, shell?: boolean, limitMs?: number, ipc?: boolean }} [options] quiet: the output is collected
 *   and not shown; ipc: the program stops when its channel to us is closed
 * @returns {Promise<{ code: number, output: string, late: boolean }>} late: ended by us, because `limitMs` had passed
 */
export function run([program, ...args], { env = {}, quiet = false, shell = false, limitMs, ipc = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
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
    // 'close' does not come behind a channel that we have closed; it matters where output is collected
    child.once(quiet ? 'close' : 'exit', (code, signal) => {
      timers.forEach(clearTimeout);
      stopForwarding();
      running -= 1;
      if (!told) resolve({ code: exitCode(code, signal), output, late });
      else if (running === 0) process.exit(exitCode(code, signal));
    });
  });
}

/** npm, without a shell where possible: Windows runs `npm.cmd` through one only (https://nodejs.org/api/child_process.html). */
export function npm(args, options = {}) {
  const cli = process.env.npm_execpath;
  if (cli && basename(cli) === 'npm-cli.js') return run([process.execPath, cli, ...args], options);
  const windows = process.platform === 'win32';
  return run([windows ? 'npm.cmd' : 'npm', ...args], { ...options, shell: windows });
}

/** Runs the built `sluice` command with these arguments, and ends as it ends. */
export async function becomeSluice(...args) {
  const { code } = await run([process.execPath, 'apps/cli/bin/sluice.js', ...args], { ipc: true });
  process.exitCode = code;
}

/**
 * Hands signals on, so that the child can stop in its own way while we wait for it. Gives the function that ends this. Ctrl-C on a terminal
 * reaches the child by itself, but we cannot know whether a SIGINT was one: where there is a channel its end asks the child to stop, which
 * it may hear twice, while a second signal means "at once".
 */
function forwardSignals(child, told) {
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
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

/** As shells say it: 128 and the number of the signal. */
function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 1);
}
