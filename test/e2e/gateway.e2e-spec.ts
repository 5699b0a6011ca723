import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { freePort } from '@sluice/runtime';
import { WebSocket } from 'ws';
import { admin, adminList, ask, post } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { Desktop } from '../support/desktop.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const FLOWS = `
sluice: 1
flow: notify
trigger: { use: event, with: { types: [notify.user] } }
steps:
  - id: show
    use: tcp-gateway.send
    connection: desktops
    with: { to: { user: '\${{ trigger.data.user }}' }, event: call.popup, data: '\${{ trigger.data.text }}' }
---
sluice: 1
flow: announce
trigger: { use: event, with: { types: [notify.topic] } }
steps:
  - { id: tell, use: tcp-gateway.broadcast, connection: desktops, with: { topic: prices, event: prices.changed, data: '\${{ trigger.data }}' } }
---
sluice: 1
flow: stock
trigger: { use: tcp-gateway.message, connection: desktops }
deliver: { expires: 10s }
steps:
  - { id: answer, reply: { data: { of: '\${{ trigger.data.sku }}', to: '\${{ trigger.authid }}' } } }
---
sluice: 1
flow: confirm
trigger: { use: event, with: { types: [confirm.asked] } }
steps:
  - id: asked
    use: tcp-gateway.send
    connection: desktops
    timeout: 1m
    with: { to: { user: '\${{ trigger.data.user }}' }, event: confirm, data: Отгрузить?, waitFor: reply }
  - id: told
    use: tcp-gateway.send
    connection: desktops
    with: { to: { user: '\${{ trigger.data.user }}' }, event: confirmed, data: '\${{ steps.asked.answer }}' }
---
sluice: 1
flow: who-comes
trigger: { use: event, with: { types: [user.connected] } }
steps:
  - id: welcome
    use: tcp-gateway.send
    connection: desktops
    with: { to: { user: '\${{ trigger.data.user }}' }, event: welcome, data: '\${{ trigger.data.sessions }}' }
`;

describe.each(engineSets)('desktops on $name', (engines) => {
  let started: StartedEngines;
  let stage: Stage;
  const desktops: Desktop[] = [];
  const ports: number[] = [];

  beforeAll(async () => {
    started = await engines.start();
    ports.push(await freePort());
    const files = {
      'sluice.yaml': `${erpWorkspace({ plugins: ['@sluice/plugin-tcp-gateway'] })}  desktops:\n    use: tcp-gateway\n`,
      'flows/desktops.yaml': FLOWS,
    };
    stage = await Stage.open({ files, env: { ...started.env, SLUICE_STOMP_PORT: String(ports[0]) } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all(desktops.map((desktop) => desktop.stop()));
    await stage?.close();
    await started?.stop();
  }, START_TIMEOUT_MS);

  const come = async (user: string, topics: readonly string[] = []) => {
    const desktop = new Desktop({ user, ports, topics });
    desktops.push(desktop);
    await until(`${user} to be let in`, () => desktop.ready);
    return desktop;
  };
  const notify = (user: string, text: string) => post(`${stage.url}/events/notify.user`, { user, text });
  const texts = (desktop: Desktop, event = 'call.popup') =>
    desktop.seen.filter((one) => one.event === event).map(({ data }) => data);

  it('delivers events to a user, also those sent while the user was offline', async () => {
    await notify('ivanov', 'away');
    const ivanov = await come('ivanov');
    await notify('ivanov', 'here');
    await until('both events', () => texts(ivanov).length === 2);
    expect(texts(ivanov)).toEqual(['away', 'here']);
    expect(ivanov.seen.map(({ redelivered }) => redelivered)).not.toContain(true);
  });

  it('does not deliver acknowledged events again', async () => {
    const petrov = await come('petrov');
    await notify('petrov', 'once');
    await until('the event', () => texts(petrov).length === 1);
    await petrov.stop();
    await notify('petrov', 'next');
    const again = await come('petrov');
    await until('the next event', () => texts(again).length > 0);
    expect(texts(again)).toEqual(['next']);
  });

  it('delivers a broadcast to the subscribers of its topic', async () => {
    const sidorov = await come('sidorov', ['prices']);
    await post(`${stage.url}/events/notify.topic`, { kind: 'Розница' });
    await until('the broadcast', () => texts(sidorov, 'prices.changed').length === 1);
    expect(texts(sidorov, 'prices.changed')).toEqual([{ kind: 'Розница' }]);
  });

  it('answers a request of a client with the reply of a flow', async () => {
    const asker = await come('asker');
    asker.ask('stock', 'q-1', { sku: 'A-1' });
    await until('the answer', () => asker.replies.has('q-1'));
    expect(asker.replies.get('q-1')).toEqual({ status: 200, data: { of: 'A-1', to: 'asker' } });
  });

  it('continues a flow with the answer of a user', async () => {
    const boss = await come('boss');
    await post(`${stage.url}/events/confirm.asked`, { user: 'boss' });
    await until('the question', () => texts(boss, 'confirm').length === 1);
    boss.answer(boss.seen.find(({ event }) => event === 'confirm')?.id ?? '', { yes: true });
    await until('what the flow does with it', () => texts(boss, 'confirmed').length === 1);
    expect(texts(boss, 'confirmed')).toEqual([{ yes: true }]);
  });

  it('starts a flow when a user connects', async () => {
    const newcomer = await come('newcomer');
    await until('the welcome', () => texts(newcomer, 'welcome').length === 1);
    expect(texts(newcomer, 'welcome')).toEqual([1]);
  });

  it('delivers a mailbox by HTTP long poll to a client without the component', async () => {
    const token = await signToken({ sub: 'browser', scope: 'desktop' });
    const waiting = ask(`${stage.url}/mailbox/browser?wait=25s`, { token });
    await notify('browser', 'over HTTP');
    const { events } = (await waiting).body as { events: { seq: number; data: unknown }[] };
    expect(events).toEqual([expect.objectContaining({ event: 'call.popup', data: 'over HTTP' })]);
    const acknowledged = await post(`${stage.url}/mailbox/browser/ack`, { seqs: events.map(({ seq }) => seq) }, { token });
    expect(acknowledged.status).toBe(204);
    expect((await ask(`${stage.url}/mailbox/browser`, { token })).body).toEqual({ events: [] });
    expect((await ask(`${stage.url}/mailbox/ivanov`, { token })).status).toBe(422);
  });

  it('accepts a WebSocket without a subprotocol, as 1C opens it', async () => {
    const passcode = await signToken({ sub: 'web', scope: 'desktop' });
    const socket = new WebSocket(`${stage.url.replace('http', 'ws')}/stomp`);
    let heard = '';
    socket.on('message', (data) => (heard += (data as Buffer).toString()));
    await once(socket, 'open');
    socket.send(`CONNECT\naccept-version:1.2\nlogin:web\npasscode:${passcode}\n\n\0`);
    socket.send('SUBSCRIBE\nid:u\ndestination:/user/events\nreceipt:r\n\n\0');
    await until('the receipt', () => heard.includes('receipt-id:r'));
    await notify('web', 'by WebSocket');
    await until('the event', () => heard.includes('"by WebSocket"'));
    socket.close();
    await once(socket, 'close');
  });

  it('rejects a WebSocket on another path', async () => {
    const socket = new WebSocket(`${stage.url.replace('http', 'ws')}/other`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });

  it('lists online users and the waiting events of offline users', async () => {
    const watched = await come('watched');
    await until('the welcome', () => texts(watched, 'welcome').length === 1);
    await notify('absent', 'later');
    await until('this alone to wait', async () => {
      const [absent] = await adminList<{ waiting: number }>(stage.url, '/desktops?user=absent');
      return absent?.waiting === 1 && (await admin<{ events: number }>(stage.url, '/mailboxes')).events === 1;
    });
    const [all, absent] = await Promise.all([sluice(stage.url, 'desktops'), sluice(stage.url, 'desktops', 'absent')]);
    expect(all.stdout).toMatch(/^operator\/watched .*for \d.* 0 /m);
    expect(all.stdout).not.toContain('operator/absent');
    expect(all.stderr).toMatch(/\d users? online in \d+ sessions?; 1 event in 1 mailbox not acknowledged/);
    expect(absent.stdout).toMatch(/^operator\/absent .*away +1, for /m);
    const token = await signToken({ sub: 'watched', scope: 'desktop' });
    expect((await ask(`${stage.url}/desktops`, { token })).status).toBe(403);
  });

  it('counts sessions in the metrics and does not warn about plain text on loopback', async () => {
    const metrics = (await ask(`${stage.url}/metrics`)).body as string;
    expect(metrics).toMatch(/sluice_desktop_sessions\{connection="desktops"\} [1-9]/);
    expect(stage.host.output).not.toContain('without TLS');
  });
});
