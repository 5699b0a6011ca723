import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { admin, post } from '../support/api.js';
import { Desktop } from '../support/desktop.js';
import { startServers, type Servers } from '../support/engines.js';
import { startGateways, type Gateways } from '../support/gateways.js';
import { CLIENTS, connectDesktops, MAILBOX_FILES, mailboxStorm, NO_FAULTS } from '../support/mailbox-storm.js';
import { FAULT_TIMEOUT_MS } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

/** Longer than an entry point waits for the broker before it answers 503. */
const AWAY_MS = 3_000;

describe('events for desktops', () => {
  let servers: Servers;
  let gateways: Gateways;
  let desktops = new Map<string, Desktop>();
  /** A user of the first host who does not reconnect when that host is killed. */
  let orphan: Desktop;

  beforeAll(async () => {
    servers = await startServers();
    gateways = await startGateways(MAILBOX_FILES, servers.env);
    desktops = connectDesktops(gateways.ports);
    orphan = new Desktop({ user: 'orphan', ports: gateways.ports.slice(0, 1) });
    await until('all sessions to be open', () => [orphan, ...desktops.values()].every(({ ready }) => ready));
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all([orphan, ...desktops.values()].map((desktop) => desktop?.stop()));
    await gateways?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  /** Returns the users according to the second host. */
  const seenThere = (query: string) =>
    admin<{ online: number; items: { sessions: unknown[]; waiting: number }[] }>(
      gateways.hosts[1]?.url ?? '',
      `/desktops?${query}`,
    );

  it('lists the users of both hosts on one host', async () => {
    await until('all to be listed', async () => (await seenThere('limit=1')).online === CLIENTS + 1);
    expect((await seenThere('user=orphan')).items).toEqual([expect.objectContaining({ sessions: [expect.anything()] })]);
  });

  it.each([
    {
      what: 'a gateway is killed and comes back',
      strike: async () => {
        await gateways.hosts[0]?.kill9();
        await orphan.stop();
        await gateways.hosts[0]?.start();
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
      expect(await mailboxStorm(desktops, gateways.urls, strike)).toEqual(NO_FAULTS);
    },
    FAULT_TIMEOUT_MS,
  );

  // run after the storms, which take about as long as the lease of a silent host
  it("delivers events of a killed host's user at the other host", async () => {
    await until('the user to be free', async () => (await seenThere('user=orphan')).items[0]?.sessions.length === 0);
    await post(`${gateways.hosts[1]?.url}/events/notify.user`, {}, { headers: { 'ce-id': 'late-orphan-1' } });
    await until('the event to wait', async () => (await seenThere('user=orphan')).items[0]?.waiting === 1);
    orphan = new Desktop({ user: 'orphan', ports: gateways.ports.slice(1) });
    await until('the event', () => orphan.seen.length > 0);
    expect(orphan.seen).toEqual([expect.objectContaining({ data: { of: 'late-orphan-1' }, redelivered: false })]);
    await until('the mailbox to be empty', async () => (await seenThere('user=orphan')).items[0]?.waiting === 0);
  });
});
