import path from 'node:path';

/**
 * Root of the Debian whose servers the tests start: this machine's, or the folder `SLUICE_SERVERS_ROOT`, which requires root. In both cases
 * the servers use ports of this machine.
 */
// eslint-disable-next-line no-restricted-syntax -- only tests use it, from many files
const ROOT = process.env['SLUICE_SERVERS_ROOT'] ?? '/';

/** PATH of the servers, which do not inherit the environment of this process. */
export const PROGRAMS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Returns the path on this machine of a file of that Debian. */
export const inRoot = (file: string): string => path.join(ROOT, file);

/** Returns the path in that Debian of a file of this machine. */
export const seenInRoot = (file: string): string => path.join('/', path.relative(ROOT, file));

/** Shell command that mounts /proc, from which RabbitMQ reads the size of the memory. The mount ends with the program. */
const WITH_PROC = 'mount --bind /proc "$0/proc" && exec chroot "$@"';

/** Returns the command that runs a program of that Debian. Only root can specify a user. */
export function commandInRoot(program: string, user?: string): readonly [string, ...string[]] {
  const chroot = [...(user === undefined ? [] : [`--userspec=${user}`]), ROOT, program];
  if (ROOT !== '/') return ['unshare', '--mount', 'sh', '-c', WITH_PROC, ROOT, ...chroot];
  return user === undefined ? [program] : ['chroot', ...chroot];
}
