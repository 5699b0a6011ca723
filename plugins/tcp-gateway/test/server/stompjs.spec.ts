import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { Client, type IFrame, type IMessage, type StompConfig } from '@stomp/stompjs';
import { WebSocket } from 'ws';
import { mail, onTopic } from './support/fake-stomp-handler.js';
import { startGateway, stopGateways, type Gateway } from './support/gateway.js';
import { tcpWrapper } from './support/tcp-wrapper.js';
import { openWebDoor } from './support/web-door.js';

const opened: { close(): void }[] = [];

afterEach(() => {
  for (const thing of opened.splice(0)) thing.close();
});
stopGateways();

type Line = (gateway: Gateway) => Promise<StompConfig>;

const overTcp: Line = ({ port }) => Promise.resolve({ webSocketFactory: () => tcpWrapper(port) });

const overWebSocket: Line = async ({ server }) => {
  const door = await openWebDoor(server);
  opened.push(door);
  return { webSocketFactory: () => new WebSocket(door.url, ['v12.stomp']) };
};

async function connected(line: Line) {
  const gateway = await startGateway({ heartBeat: { send: 700, expect: 700 } });
  const seen = { beats: 0 };
  const client = new Client({
    ...(await line(gateway)),
    connectHeaders: { login: 'ivanov', passcode: 'ok', 'client-id': 'браузер' },
    reconnectDelay: 0,
    heartbeatIncoming: 700,
    heartbeatOutgoing: 700,
    debug: (line) => void (line === '<<< PONG' && seen.beats++),
  });
  opened.push({ close: () => void client.deactivate({ force: true }) });
  const errors: IFrame[] = [];
  client.onStompError = (frame) => errors.push(frame);
  await new Promise<void>((resolve) => {
    client.onConnect = () => resolve();
    client.activate();
  });
  const receipt = (id: string) => new Promise<void>((resolve) => client.watchForReceipt(id, () => resolve()));
  return { ...gateway, client, errors, receipt, seen };
}

describe.each([
  ['TCP', overTcp],
  ['WebSocket', overWebSocket],
])('@stomp/stompjs over %s', (_, line) => {
  it('receives, acknowledges, sends and says goodbye', async () => {
    const { client, handler, receipt } = await connected(line);
    const messages: IMessage[] = [];
    const subscribed = receipt('sub');
    client.subscribe('/user/events', (message) => messages.push(message), { ack: 'client-individual', receipt: 'sub' });
    await subscribed;
    handler.subscriptions[0]?.deliver(mail('Звонит «Ромашка»\n:\\'), { seq: 3 });
    await until('the event is here', () => messages.length === 1);
    expect(messages[0]?.body).toBe('Звонит «Ромашка»\n:\\');
    const acknowledged = receipt('ack');
    messages[0]?.ack({ receipt: 'ack' });
    await acknowledged;
    expect(handler.acknowledged).toEqual([[3]]);
    const published = receipt('send');
    client.publish({
      destination: '/events/order.created',
      body: '{"Номер":"1:2"}',
      headers: { receipt: 'send', subject: 'Заказ: 1\\2' },
    });
    await published;
    expect(handler.published[0]?.body).toBe('{"Номер":"1:2"}');
    expect(handler.published[0]?.headers.get('subject')).toBe('Заказ: 1\\2');
    expect(handler.sessions[0]?.workplace).toBe('браузер');
    await client.deactivate();
    await until('the desk knows', () => handler.goodbyes.length === 1);
    expect(handler.goodbyes[0]?.reason).toBe('the client has disconnected');
  });

  it('uses transactions, topics and binary bodies', async () => {
    const { client, handler, receipt } = await connected(line);
    const bodies: Uint8Array[] = [];
    const subscribed = receipt('sub');
    const subscription = client.subscribe('/topic/prices', (message) => bodies.push(message.binaryBody), { receipt: 'sub' });
    await subscribed;
    for (const each of handler.topics.get('prices') ?? []) each.deliver(onTopic('prices', 'a\0b'));
    await until('the message is here', () => bodies.length === 1);
    expect(Buffer.from(bodies[0] ?? []).toString()).toBe('a\0b');
    subscription.unsubscribe();
    const transaction = client.begin();
    const headers = { transaction: transaction.id };
    client.publish({ destination: '/events/a', binaryBody: new Uint8Array([0, 1, 2]), headers });
    client.publish({ destination: '/events/b', body: 'x', headers });
    transaction.commit();
    await until('both are published', () => handler.published.length === 2);
    expect(handler.published.map(({ type }) => type)).toEqual(['a', 'b']);
    expect(handler.unsubscribed).toEqual(['prices']);
  });

  it('stays connected by heart-beats alone, and sees the reason of an end', async () => {
    const { client, handler, errors, seen } = await connected(line);
    await until('some heart-beats have come', () => seen.beats >= 3);
    expect(client.connected).toBe(true);
    handler.closeAll({ code: 'KICKED', message: 'go: away', cure: 'please' });
    await until('the error is here', () => errors.length === 1);
    expect(errors[0]?.headers).toMatchObject({ code: 'KICKED', message: 'go: away' });
    expect(errors[0]?.body).toBe('please');
  });
});
