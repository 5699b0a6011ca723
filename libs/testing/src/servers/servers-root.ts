import path from 'node:path';

/**
 * The Debian whose servers tests start: this machine's, or that in the folder `SLUICE_SERVERS_ROOT`, which only root can use. Ports are those
 * of this machine in either case.
 */
// eslint-disable-next-line no-restricted-syntax -- servers of tests, started by many files: no program reads it
const ROOT = process.env['SLUICE_SERVERS_ROOT'] ?? '/';

/** Where programs are looked for: the environment of this process is not handed to servers. */
export const PROGRAMS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Returns where a file of that Debian lies on this machine. */
export const inRoot = (file: string): string => path.join(ROOT, file);

/** Returns the path by which programs of that Debian know a file of this machine. */
export const seenInRoot = (file: string): string => path.join('/', path.relative(ROOT, file));

/** RabbitMQ reads there how much memory the machine has. The mount ends with the program. */
const WITH_PROC = 'mount --bind /proc "$0/proc" && exec chroot "$@"';

/** Returns the command that runs a program of that Debian; only root can name a user. */
export function commandInRoot(program: string, user?: string): readonly [string, ...string[]] {
  const chroot = [...(user === undefined ? [] : [`--userspec=${user}`]), ROOT, program];
  if (ROOT !== '/') return ['unshare', '--mount', 'sh', '-c', WITH_PROC, ROOT, ...chroot];
  return user === undefined ? [program] : ['chroot', ...chroot];
}
