// The servers that tests start for themselves: are their programs here, and can they be installed?
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const POSTGRES_HOME = '/usr/lib/postgresql';

/** What tests need beside Node. `optional`: without it some tests are left out, loudly; in CI they fail. */
export const SERVICES = [
  { name: 'RabbitMQ', debian: 'rabbitmq-server', present: () => onPath('rabbitmq-server', '/usr/sbin') },
  { name: 'Redis', debian: 'redis-server', present: () => onPath('redis-server', '/usr/bin') },
  { name: 'PostgreSQL 15', debian: 'postgresql-15', optional: true, present: hasDebianPostgres },
  { name: 'Chromium', debian: 'chromium', optional: true, present: () => onPath('chromium', '/usr/bin') },
];

export const missingServices = () => SERVICES.filter((service) => !service.present());

/** Debian or a descendant, as root: the one place where we install by ourselves. */
export function canInstall() {
  return process.platform === 'linux' && process.getuid() === 0 && existsSync('/usr/bin/apt-get') && isDebian();
}

function isDebian() {
  const release = readFileSync('/etc/os-release', 'utf8');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

function onPath(program, ...more) {
  return [...(process.env.PATH ?? '').split(delimiter), ...more].some((folder) => isExecutable(join(folder, program)));
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
