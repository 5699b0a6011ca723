import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PostgresAddress } from '@sluice/pacer';

const BIN = '/usr/lib/postgresql/15/bin';

export interface PrivatePostgres {
  readonly address: PostgresAddress;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PrivatePostgres> {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const user = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : {};
  const data = mkdtempSync(path.join(tmpdir(), 'sluice-pacer-pg-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  await promisify(execFile)(path.join(BIN, 'initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], {
    cwd: data,
    ...user,
  });
  const port = await freePort();
  let server: ChildProcess | undefined;
  const launch = async () => {
    const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off'];
    server = spawn(path.join(BIN, 'postgres'), args, { cwd: data, ...user, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      server?.stderr?.on('data', (chunk: Buffer) => chunk.includes('ready to accept connections') && resolve());
      server?.once('exit', () => reject(new Error('postgres did not start')));
    });
  };
  const end = async () => {
    if (!server || server.exitCode !== null) return;
    const exit = once(server, 'exit');
    server.kill('SIGINT');
    await exit;
  };
  await launch();
  return {
    address: { host: '127.0.0.1', port, user: 'test', password: 'test', database: 'postgres' },
    restart: async () => {
      await end();
      await launch();
    },
    stop: async () => {
      await end();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
