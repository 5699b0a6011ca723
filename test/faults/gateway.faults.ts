import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@sluice/runtime';
import { admin, post } from '../support/api.js';
import { Desktop } from '../support/desktop.js';
import { startServers, type Servers } from '../support/engines.js';
import { HostProcess } from '../support/host.js';
import { CLIENTS, connectDesktops, MAILBOX_FILES, mailboxStorm, NO_FAULTS } from '../support/mailbox-storm.js';
import { FAULT_TIMEOUT_MS } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

/** Longer than an entry point waits for the broker before it answers 503. */
const AWAY_MS = 3_000;

describe('events for desktops', () => {
  let servers: Servers;
  let workspace: Folder;
  const homes: Folder[] = [];
  const hosts: HostProcess[] = [];
  const ports: number[] = [];
  let desktops = new Map<string, Desktop>();
  /** A user of the first host who does not reconnect when that host is killed. */
  let orphan: Desktop;

  beforeAll(async () => {
    servers = await startServers();
    workspace = makeWorkspace(MAILBOX_FILES);
    for (let n = 0; n < 2; n++) {
      const [home, port] = [makeFolder('home'), await freePort()];
      homes.push(home);
      ports.push(port);
      const env = { ...servers.env, SLUICE_STOMP_PORT: String(port) };
      hosts.push(new HostProcess({ workspace: workspace.path, home: home.path, env }));
    }
    await Promise.all(hosts.map((host) => host.start()));
    desktops = connectDesktops(ports);
    orphan = new Desktop({ user: 'orphan', ports: ports.slice(0, 1) });
    await until('all sessions to be open', () => [orphan, ...desktops.values()].every(({ ready }) => ready));
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all([orphan, ...desktops.values()].map((desktop) => desktop?.stop()));
    await Promise.all(hosts.map((host) => host.dispose()));
    await servers?.stop();
    for (const folder of [...homes, workspace]) folder?.remove();
  }, START_TIMEOUT_MS);

  /** Returns the users according to the second host. */
  const seenThere = (query: string) =>
    admin<{ online: number; users: { sessions: unknown[]; waiting: number }[] }>(hosts[1]?.url ?? '', `/desktops?${query}`);

  it('lists the users of both hosts on one host', async () => {
    await until('all to be listed', async () => (await seenThere('limit=1')).online === CLIENTS + 1);
    expect((await seenThere('user=orphan')).users).toEqual([expect.objectContaining({ sessions: [expect.anything()] })]);
  });

  it.each([
    {
      what: 'a gateway is killed and comes back',
      strike: async () => {
        await hosts[0]?.kill9();
        await orphan.stop();
        await hosts[0]?.start();
      },
    },
    {
      what: 'RabbitMQ is killed and started again',
      strike: async () => {
        await servers.rabbit.kill();
        await servers.rabbit.restart();
      },
    },
    {
      what: 'PostgreSQL is killed and started again',
      strike: async () => {
        await servers.postgres.kill();
        await pause(AWAY_MS);
        await servers.postgres.start();
      },
    },
  ])(
    'delivers each event in order and marks repeats when $what',
    async ({ strike }) => {
      expect(await mailboxStorm(desktops, () => hosts.flatMap(({ url }) => url ?? []), strike)).toEqual(NO_FAULTS);
    },
    FAULT_TIMEOUT_MS,
  );

  // run after the storms, which take about as long as the lease of a silent host
  it("delivers events of a killed host's user at the other host", async () => {
    await until('the user to be free', async () => (await seenThere('user=orphan')).users[0]?.sessions.length === 0);
    await post(`${hosts[1]?.url}/events/notify.user`, {}, { headers: { 'ce-id': 'late-orphan-1' } });
    await until('the event to wait', async () => (await seenThere('user=orphan')).users[0]?.waiting === 1);
    orphan = new Desktop({ user: 'orphan', ports: ports.slice(1) });
    await until('the event', () => orphan.seen.length > 0);
    expect(orphan.seen).toEqual([expect.objectContaining({ data: { of: 'late-orphan-1' }, redelivered: false })]);
    await until('the mailbox to be empty', async () => (await seenThere('user=orphan')).users[0]?.waiting === 0);
  });
});
