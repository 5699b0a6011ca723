import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { Client, type IFrame, type IMessage, type StompConfig } from '@stomp/stompjs';
import { WebSocket } from 'ws';
import { mail, onTopic } from './support/fake-stomp-handler.js';
import { startGateway, stopGateways, type Gateway } from './support/gateway.js';
import { tcpWrapper } from './support/tcp-wrapper.js';
import { startWebSocketServer } from './support/web-socket-server.js';

const opened: { close(): void }[] = [];

afterEach(() => {
  for (const closable of opened.splice(0)) closable.close();
});
stopGateways();

type TransportOptions = (gateway: Gateway) => Promise<StompConfig>;

const overTcp: TransportOptions = ({ port }) => Promise.resolve({ webSocketFactory: () => tcpWrapper(port) });

const overWebSocket: TransportOptions = async ({ server }) => {
  const http = await startWebSocketServer(server);
  opened.push(http);
  return { webSocketFactory: () => new WebSocket(http.url, ['v12.stomp']) };
};

async function connected(transport: TransportOptions) {
  const gateway = await startGateway({ heartBeat: { send: 700, expect: 700 } });
  const seen = { beats: 0 };
  const client = new Client({
    ...(await transport(gateway)),
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
])('@stomp/stompjs over %s', (_, transport) => {
  it('receives, acknowledges, sends and disconnects', async () => {
    const { client, handler, receipt } = await connected(transport);
    const messages: IMessage[] = [];
    const subscribed = receipt('sub');
    client.subscribe('/user/events', (message) => messages.push(message), { ack: 'client-individual', receipt: 'sub' });
    await subscribed;
    handler.subscriptions[0]?.deliver(mail('Звонит «Ромашка»\n:\\'), { seq: 3 });
    await until('the event has arrived', () => messages.length === 1);
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
    await until('the session has ended', () => handler.closedSessions.length === 1);
    expect(handler.closedSessions[0]?.reason).toBe('the client has disconnected');
  });

  it('uses transactions, topics and binary bodies', async () => {
    const { client, handler, receipt } = await connected(transport);
    const bodies: Uint8Array[] = [];
    const subscribed = receipt('sub');
    const subscription = client.subscribe('/topic/prices', (message) => bodies.push(message.binaryBody), { receipt: 'sub' });
    await subscribed;
    for (const each of handler.topics.get('prices') ?? []) each.deliver(onTopic('prices', 'a\0b'));
    await until('the message has arrived', () => bodies.length === 1);
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

  it('stays connected with heart-beats alone, and receives the reason of the end', async () => {
    const { client, handler, errors, seen } = await connected(transport);
    await until('some heart-beats have arrived', () => seen.beats >= 3);
    expect(client.connected).toBe(true);
    handler.closeAll({ code: 'KICKED', message: 'go: away', cure: 'please' });
    await until('the error has arrived', () => errors.length === 1);
    expect(errors[0]?.headers).toMatchObject({ code: 'KICKED', message: 'go: away' });
    expect(errors[0]?.body).toBe('please');
  });
});
