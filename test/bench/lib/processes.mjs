// Child processes of a bench. Each program is a separate process, as in production, and the bench ends all of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export const SLUICE = fileURLToPath(new URL('../../../apps/cli/bin/sluice.js', import.meta.url));
export const RIVALS = fileURLToPath(new URL('../rivals/', import.meta.url));

/** Clock ticks per second in `/proc/<pid>/stat`, fixed for user space: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS = 100;
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts Node with a script. `ready` resolves with the first message of the child, over IPC or otherwise on its standard output. */
export function startNode(args, { env = process.env, ipc = false } = {}) {
  const stdio = ['ignore', ipc ? 'ignore' : 'pipe', 'inherit', ...(ipc ? ['ipc'] : [])];
  const child = spawn(process.execPath, args, { env, stdio });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const said = ipc ? once(child, 'message') : once(child.stdout, 'data');
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${args.join(' ')} ended with ${code} before it was ready`);
  });
  const ready = Promise.race([said.then(([message]) => message), ended]);
  ready.catch(() => undefined);
  return { child, ready };
}

/** Sends the signal and waits until the process has ended. */
export async function end(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/**
 * Returns the processor time of a process in seconds, or undefined if the system does not provide it.
 *
 * @param {{ pid: number }} process
 * @param {{ tree?: boolean }} options `tree`: with its children, also those that have ended
 */
export function cpuSeconds({ pid }, { tree = false } = {}) {
  const fields = procFile(pid, 'stat')?.split(') ')[1]?.split(' ').map(Number);
  if (!fields) return undefined;
  const [own, ended] = [fields[11] + fields[12], fields[13] + fields[14]];
  if (!tree) return own / TICKS;
  const children = procFile(pid, `task/${pid}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  return children.reduce((sum, child) => sum + (cpuSeconds({ pid: child }, { tree }) ?? 0), (own + ended) / TICKS);
}

/** Resolves with the main process of a PostgreSQL on this machine. */
export async function postmasterOf(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int pid");
  await client.end();
  return rows[0];
}

/** Returns the resident memory of a process in MiB, or undefined if the system does not provide it. */
export function residentMiB({ pid }) {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(procFile(pid, 'status') ?? '')?.[1];
  return kib && Math.round(Number(kib) / 1024);
}

function procFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined; // not Linux
  }
}
