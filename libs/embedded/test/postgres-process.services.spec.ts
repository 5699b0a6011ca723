import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PostgresProcess, type PostgresConnection } from '@sluice/embedded';
import pg from 'pg';
import { until } from './support/until.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const isRoot = process.getuid?.() === 0;

let home: string;
let running: PostgresProcess[];
let owners: ChildProcess[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'sluice-home-'));
  await chmod(home, 0o755);
  running = [];
  owners = [];
});

afterEach(async () => {
  for (const owner of owners) owner.kill('SIGKILL');
  for (const server of running) await server.stop();
  await rm(home, { recursive: true, force: true });
});

async function start(where = home): Promise<PostgresProcess> {
  const server = await PostgresProcess.start({ home: where, log: silent });
  running.push(server);
  return server;
}

async function query(connection: PostgresConnection, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Starts a host as a separate process, as in production. */
async function startOwner(): Promise<{ owner: ChildProcess; connection: PostgresConnection }> {
  const support = (name: string) => path.join(import.meta.dirname, 'support', name);
  const owner = fork(support('owner-process.ts'), [home], { execArgv: ['--import', support('register.mjs')] });
  owners.push(owner);
  const [connection] = (await once(owner, 'message')) as [PostgresConnection];
  return { owner, connection };
}

/** Creates a zombie: a process that has ended and whose parent never reads its exit status. */
async function unreaped(uid: number): Promise<{ parent: ChildProcess; zombie: number }> {
  const parent = spawn('sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 600'], {
    uid,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent, zombie: Number(said) };
}

describe('PostgresProcess', () => {
  it('keeps its data over a stop and a start, and finds Russian words in any locale of the host', async () => {
    const first = await start();
    await query(first.connection, `create table note as select 'Контрагенты покупателя'::text as words`);
    await first.stop();
    const second = await start();
    const rows = await query(
      second.connection,
      `select words, to_tsvector('russian', words) @@ to_tsquery('russian', 'контрагент') as found, current_setting('fsync') as fsync from note`,
    );
    expect(rows).toEqual([{ words: 'Контрагенты покупателя', found: true, fsync: 'on' }]);
  });

  it('makes the password readable for the owner of the home only', async () => {
    await start();
    expect((await stat(path.join(home, 'password'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a second owner and names the first', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${home} is in use by process ${process.pid}`,
    });
  });

  it('releases the home when the start has failed', async () => {
    await mkdir(path.join(home, 'pg'));
    await expect(start()).rejects.toThrow('the password of the embedded database is missing');
    expect(await readdir(home)).not.toContain('owner');
  });

  it('takes over from an owner whose pid belongs to another process now', async () => {
    await writeFile(path.join(home, 'owner'), JSON.stringify({ pid: process.ppid, identity: 'another boot/1' }));
    expect((await start()).pid).toBeGreaterThan(0);
  });

  it('starts although its pid file names an unrelated living process', async () => {
    await (await start()).stop();
    await writeFile(path.join(home, 'pg', 'postmaster.pid'), `${process.pid}\n${path.join(home, 'pg')}\n1\n1\n`);
    expect(await query((await start()).connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('survives the death of its owner, and the next owner adopts it', async () => {
    const { owner, connection } = await startOwner();
    const [before] = await query(connection, 'select pg_postmaster_start_time() as started');
    await expect(start()).rejects.toThrow(`is in use by process ${owner.pid}`);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const adopted = await start();
    expect(adopted.connection).toEqual(connection);
    expect(await query(adopted.connection, 'select pg_postmaster_start_time() as started')).toEqual([before]);
  });

  it('restarts when owner and server are killed together', async () => {
    const { owner, connection } = await startOwner();
    await query(connection, 'create table note (id int)');
    const pid = Number((await readFile(path.join(home, 'pg', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(await query((await start()).connection, 'select * from note')).toEqual([]);
  });

  it('starts although the killed server is still a zombie', async () => {
    const server = await start();
    await server.stop();
    const { parent, zombie } = await unreaped((await stat(path.join(home, 'pg'))).uid);
    owners.push(parent);
    await writeFile(path.join(home, 'pg', 'postmaster.pid'), `${zombie}\n${path.join(home, 'pg')}\n`);
    expect(await query((await start()).connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is restarted at the same address when it dies', async () => {
    const server = await start();
    const killed = server.pid;
    process.kill(killed, 'SIGKILL');
    await until(() => server.pid !== killed);
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is restarted when it dies after it was adopted', async () => {
    const { owner } = await startOwner();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const adopted = await start();
    const killed = adopted.pid;
    process.kill(killed, 'SIGKILL');
    await until(() => adopted.pid !== killed);
    expect(await query(adopted.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('returns the connection of the running server to a command line tool, and undefined if no server runs', async () => {
    expect(await PostgresProcess.attach(path.join(home, 'absent'))).toBeUndefined();
    const server = await start();
    expect(await PostgresProcess.attach(home)).toEqual(server.connection);
    await server.stop();
    expect(await PostgresProcess.attach(home)).toBeUndefined();
  });

  it('keeps its data in a folder that the user of the server can enter: as root a shared one, otherwise the home', async () => {
    const closed = path.join(home, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const server = await start(path.join(closed, 'home'));
    const [row] = await query(server.connection, `select current_setting('data_directory') as data`);
    // as root the server runs under another user, which cannot enter a folder of root; otherwise it runs under the user of the test
    if (isRoot) expect(row?.data).toMatch(/^\/var\/lib\/sluice\/[0-9a-f]{16}\/pg$/);
    else expect(row?.data).toBe(path.join(closed, 'home', 'pg'));
    expect(await PostgresProcess.attach(path.join(closed, 'home'))).toEqual(server.connection);
    await server.stop();
    await rm(path.dirname(String(row?.data)), { recursive: true });
  });
});
