import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@sluice/testing/servers';
import { admin, post } from '../support/api.js';
import { Desktop, type Seen } from '../support/desktop.js';
import { drive } from '../support/drive.js';
import { describeServers, startServers, type Servers } from '../support/engines.js';
import { HostProcess } from '../support/host.js';
import { FAULT_TIMEOUT_MS, FULL } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const CLIENTS = FULL ? 200 : 50;
const EVENTS = FULL ? 20_000 : 2_000;
/** Longer than an entry point waits for the broker before it answers 503. */
const AWAY_MS = 3_000;

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway']
connections:
  desktops: { use: tcp-gateway }
`;
/** The flow sends each event to the user whose number is in its id. */
const FLOW = `
sluice: 1
flow: notify
trigger: { use: event, with: { types: [notify.user] } }
steps:
  - id: show
    use: tcp-gateway.send
    connection: desktops
    with:
      to: { user: '\${{ $split(trigger.id, "-")[1] }}' }
      event: notified
      data: { of: '\${{ trigger.id }}' }
`;

/** Compares the events that the clients received with the sent ones, independent of the counters of the hosts. */
function judge(desktops: ReadonlyMap<string, Desktop>, sent: readonly string[]) {
  const seen = [...desktops].flatMap(([user, { seen: all }]) =>
    all.map((one) => ({ ...one, user, of: (one.data as { of: string }).of })),
  );
  const wanted = new Set(sent);
  const came = new Set(seen.map(({ of }) => of));
  const firsts = new Set<string>();
  const silentRepeats: string[] = [];
  const outOfOrder: string[] = [];
  const last = new Map<string, number>();
  for (const { user, of, seq, redelivered } of seen) {
    if (firsts.has(of)) {
      if (!redelivered) silentRepeats.push(of);
      continue;
    }
    firsts.add(of);
    if (seq <= (last.get(user) ?? 0)) outOfOrder.push(of);
    last.set(user, seq);
  }
  return {
    lost: sent.filter((id) => !came.has(id)),
    strangers: [...came].filter((id) => !wanted.has(id)),
    misled: seen.filter(({ user, of }) => of.split('-')[1] !== user).map(({ of }) => of),
    silentRepeats,
    outOfOrder,
  };
}

const SAFE: ReturnType<typeof judge> = { lost: [], strangers: [], misled: [], silentRepeats: [], outOfOrder: [] };

describeServers('events for desktops', () => {
  let servers: Servers;
  let workspace: Folder;
  const homes: Folder[] = [];
  const hosts: HostProcess[] = [];
  const ports: number[] = [];
  let desktops = new Map<string, Desktop>();
  /** A user of the first host who does not reconnect when that host is killed. */
  let orphan: Desktop;
  let round = 0;

  beforeAll(async () => {
    servers = await startServers();
    workspace = makeWorkspace({ 'sluice.yaml': WORKSPACE, 'flows/notify.yaml': FLOW });
    for (let n = 0; n < 2; n++) {
      const [home, port] = [makeFolder('home'), await freePort()];
      homes.push(home);
      ports.push(port);
      const env = { ...servers.env, SLUICE_STOMP_PORT: String(port) };
      hosts.push(new HostProcess({ workspace: workspace.path, home: home.path, env }));
    }
    await Promise.all(hosts.map((host) => host.start()));
    desktops = new Map(
      Array.from({ length: CLIENTS }, (_, n) => {
        const first = n % ports.length;
        const user = `u${n}`;
        return [user, new Desktop({ user, ports: [...ports.slice(first), ...ports.slice(0, first)] })];
      }),
    );
    orphan = new Desktop({ user: 'orphan', ports: ports.slice(0, 1) });
    await until('all clients to be let in', () => [orphan, ...desktops.values()].every(({ ready }) => ready));
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

  const storm = async (strike: () => Promise<void>) => {
    round++;
    const sent = Array.from({ length: EVENTS }, (_, n) => `r${round}${process.pid}-u${n % CLIENTS}-${n}`);
    for (const { seen } of desktops.values()) seen.length = 0;
    const distinct = () =>
      new Set([...desktops.values()].flatMap(({ seen }) => seen.map((one: Seen) => (one.data as { of: string }).of))).size;
    const shown = (share: number) =>
      until(`${share} of the events to be shown`, () => distinct() >= EVENTS * share, FAULT_TIMEOUT_MS);
    await Promise.all([
      drive(sent, { doors: () => hosts.flatMap(({ url }) => url ?? []), type: 'notify.user', withinMs: FAULT_TIMEOUT_MS }),
      shown(0.2).then(strike),
    ]);
    await shown(1);
    return judge(desktops, sent);
  };

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
      expect(await storm(strike)).toEqual(SAFE);
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
