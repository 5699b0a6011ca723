// npm run test:versions: tests the buses, the pacer and the store against newer servers than those of this machine: RabbitMQ 4, Redis 8 and
// PostgreSQL 17 of Debian 13. They are installed in a separate folder and started from there. Arguments replace the selection of tests, for
// example `libs/pacer` or `-t unrouted`. Last line: `N passed, N failed`.
import { makeRoot } from './lib/chroot.mjs';
import { runJest } from './lib/jest.mjs';
import { prepare } from './lib/prepare.mjs';
import { canInstall } from './lib/services.mjs';

const LIMIT_MS = 30 * 60_000;
const TESTS = ['libs/rabbit', 'libs/pacer', 'libs/store'];

if (!canInstall()) {
  console.error(
    'test:versions: needs Debian and root, because it installs real servers in a separate folder and starts them with chroot',
  );
  process.exit(2);
}

await prepare();
const root = await makeRoot({
  name: 'servers-trixie',
  release: 'trixie',
  packages: ['rabbitmq-server', 'redis-server', 'postgresql-17'],
  size: 'about 250 MB',
});
const args = process.argv.slice(2);
const { passed, failed } = await runJest(
  { project: 'services', workers: 1, limitMs: LIMIT_MS, env: { SLUICE_SERVERS_ROOT: root } },
  args.length > 0 ? args : TESTS,
);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
