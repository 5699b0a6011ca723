import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd } from '../load/lib/crowd.mjs';
import { MailServer } from '../load/lib/mail-server.mjs';
import { SluiceClients, type SluicePerson } from '../load/lib/sluice-client.mjs';
import { OPERATION_FLOWS, OPERATIONS } from '../support/conversation-operations.js';
import { startServers, type Servers } from '../support/engines.js';
import { startGateways, type Gateways } from '../support/gateways.js';
import { FAULT_TIMEOUT_MS, FULL } from '../support/storm.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-tcp-gateway', '@sluice/plugin-conversations']
connections:
  desktops: { use: tcp-gateway }
  chat:
    use: conversations
    with:
      gateway: desktops
      limits:
        person: { postsPerSecond: 100000, burst: 1000000, discussionsPerHour: 10000000 }
        application: { postsPerSecond: 100000, burst: 1000000, discussionsPerHour: 10000000 }
      registration: { smtp: '\${{ env.SMTP_URL }}', from: faults@firma.ru, perHour: 10000 }
`;

const PROFILE = {
  people: FULL ? 60 : 20,
  bots: 2,
  discussions: [
    { kind: 'direct', members: 2, count: 10 },
    { kind: 'group', members: 5, count: 10 },
  ],
  messages: 2,
};
const WORKERS = 8;
/** Seconds for which messages are posted around a fault. */
const SECONDS = FULL ? 60 : 10;
/** Messages that are posted before the fault. */
const BEFORE = FULL ? 500 : 30;
/** Longer than a client waits for an answer of a database that is restarted. */
const AWAY_MS = 3_000;

describe('conversations on two hosts', () => {
  let servers: Servers;
  let mail: MailServer;
  let gateways: Gateways;
  let clients: SluiceClients;
  let crowd: Crowd;
  let people: [SluicePerson, SluicePerson];

  beforeAll(async () => {
    [servers, mail] = await Promise.all([startServers(), MailServer.start()]);
    const files = { 'sluice.yaml': WORKSPACE, 'flows/operations.yaml': OPERATION_FLOWS };
    gateways = await startGateways(files, { ...servers.env, SMTP_URL: mail.url });
    clients = new SluiceClients(gateways.urls, (sub, scope) => signToken({ sub, scope }));
    people = [await clients.person('first'), await clients.person('second')];
    for (const person of people) await until('a person to connect', () => person.connect().then(() => true));
    crowd = await Crowd.gather(clients, PROFILE);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await crowd?.leave();
    await Promise.all((people ?? []).map((person) => person.close()));
    await clients?.close();
    await gateways?.close();
    await servers?.stop();
    await mail?.stop();
  }, START_TIMEOUT_MS);

  const killFirstHost = async () => {
    await gateways.hosts[0]?.kill9();
    await gateways.hosts[0]?.start();
  };

  /** Posts and reads while the fault happens, and compares all messages and unread numbers with the ledger afterwards. */
  const load = async (strike: () => Promise<unknown>) => {
    const { posted } = crowd.ledger.counts;
    const during = crowd.mixed({ seconds: SECONDS, workers: WORKERS });
    const tooFew = during.then(() => Promise.reject(new Error(`fewer than ${BEFORE} messages were posted in ${SECONDS} s`)));
    await Promise.race([
      tooFew,
      until('messages to be posted', () => crowd.ledger.counts.posted > posted + BEFORE, FAULT_TIMEOUT_MS),
    ]);
    await Promise.all([strike(), during]);
    await crowd.reconnect();
    await crowd.verify();
    expect(crowd.ledger.failures).toEqual({});
  };

  it.each([
    { what: 'a host is killed and comes back', strike: killFirstHost },
    {
      what: 'both hosts are killed, one after another',
      strike: async () => {
        for (const host of gateways.hosts) {
          await host.kill9();
          await host.start();
        }
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
    {
      what: 'RabbitMQ is killed and started again',
      strike: async () => {
        await servers.rabbit.kill();
        await servers.rabbit.restart();
      },
    },
    {
      what: 'the network of all clients breaks',
      strike: async () => {
        for (const { client } of crowd.people) client.cut();
      },
    },
  ])(
    'keeps each message once, the order, and the numbers of unread messages when $what',
    async ({ strike }) => {
      await load(strike);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'shows messages live on both hosts after the faults',
    async () => {
      const { live, byReading } = crowd.ledger.counts;
      await crowd.mixed({ seconds: 3, workers: WORKERS });
      await crowd.verify();
      expect(crowd.ledger.failures).toEqual({});
      expect(crowd.ledger.counts.live - live).toBeGreaterThan(crowd.ledger.counts.byReading - byReading);
    },
    FAULT_TIMEOUT_MS,
  );

  // in the short selection one kill happens during all operations
  const names = Object.keys(OPERATIONS);
  const selections = FULL ? names.map((name) => ({ what: name, names: [name] })) : [{ what: 'each operation', names }];
  it.each(selections)(
    'is right after the kill of a host during $what',
    async ({ names }) => {
      let isOver = false;
      const differences = Promise.all(
        names.map(async (name) => [name, await OPERATIONS[name]?.({ clients, people, mail, isOver: () => isOver })] as const),
      );
      await Promise.all([differences, load(killFirstHost).finally(() => (isOver = true))]);
      expect(Object.fromEntries(await differences)).toEqual(Object.fromEntries(names.map((name) => [name, []])));
    },
    FAULT_TIMEOUT_MS,
  );
});
