// The programs that tests start: whether they are installed, and whether they can be.
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const POSTGRES_HOME = '/usr/lib/postgresql';
/** Debian's package `wine64` installs its program there, outside of the PATH. */
const WINE_HOME = '/usr/lib/wine';

/** Programs that tests need in addition to Node. Tests fail without them. */
export const SERVICES = [
  { name: 'RabbitMQ', debian: 'rabbitmq-server', present: () => onPath('rabbitmq-server', '/usr/sbin') },
  { name: 'Redis', debian: 'redis-server', present: () => onPath('redis-server', '/usr/bin') },
  { name: 'PostgreSQL 15', debian: 'postgresql-15', present: hasDebianPostgres },
  { name: 'Chromium', debian: 'chromium', present: () => onPath('chromium', '/usr/bin') },
  { name: 'Neovim', debian: 'neovim', present: () => onPath('nvim', '/usr/bin') },
  { name: 'Wine', debian: 'wine64', present: () => wine() !== undefined },
];

export const missingServices = () => SERVICES.filter((service) => !service.present());

/** Returns the path of a Wine that runs 64-bit programs, or undefined. */
export function wine() {
  return find('wine64', WINE_HOME) ?? find('wine');
}

/** Returns whether scripts may install programs: only as root on Debian or a derivative. */
export function canInstall() {
  return process.platform === 'linux' && process.getuid() === 0 && existsSync('/usr/bin/apt-get') && isDebian();
}

function isDebian() {
  const release = readFileSync('/etc/os-release', 'utf8');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

function onPath(program, ...more) {
  return find(program, ...more) !== undefined;
}

function find(program, ...more) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...more];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function hasDebianPostgres() {
  return (
    existsSync(POSTGRES_HOME) &&
    readdirSync(POSTGRES_HOME).some((version) => isExecutable(join(POSTGRES_HOME, version, 'bin/postgres')))
  );
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
