import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { WebSocket } from 'ws';
import { encodeMessage } from '../../src/stomp/message.js';
import { mail } from './support/fake-desk.js';
import { startGateway, stopGateways } from './support/gateway.js';
import { openWebDoor } from './support/web-door.js';

const opened: { close(): void }[] = [];

afterEach(() => {
  for (const thing of opened.splice(0)) thing.close();
});
stopGateways();

const CONNECT = 'CONNECT\naccept-version:1.2\nlogin:ivanov\npasscode:ok\n\n\0';
const SUBSCRIBE = 'SUBSCRIBE\nid:0\ndestination:/user/events\nreceipt:r\n\n\0';

interface Message {
  readonly text: string;
  readonly binary: boolean;
}

async function openClient(protocols: string | string[], limits = {}) {
  const gateway = await startGateway({ limits });
  const door = await openWebDoor(gateway.server);
  const client = new WebSocket(door.url, protocols);
  opened.push({ close: () => client.terminate() }, door);
  const messages: Message[] = [];
  client.on('message', (data: Buffer, binary) => messages.push({ text: data.toString(), binary }));
  client.on('error', () => {});
  const message = async (at: number) => {
    await until(`message ${at}`, () => messages.length > at);
    return messages[at];
  };
  await once(client, 'open');
  return { ...gateway, client, messages, message };
}

describe('a WebSocket client', () => {
  it.each([
    ['no subprotocol', [], ''],
    ['v12.stomp', ['v12.stomp'], 'v12.stomp'],
    ['several', ['v10.stomp', 'v11.stomp', 'v12.stomp'], 'v12.stomp'],
  ])('that offers %s is let in', async (_, offered, chosen) => {
    const { client, message } = await openClient(offered);
    expect(client.protocol).toBe(chosen);
    client.send(CONNECT);
    expect((await message(0))?.text).toMatch(/^CONNECTED\nversion:1.2\n/);
  });

  it.each([
    ['texts', false],
    ['binary messages', true],
  ])('that sends %s is answered alike, one frame in a message', async (_, binary) => {
    const { client, message, messages, desk } = await openClient([]);
    client.send(CONNECT, { binary });
    client.send(SUBSCRIBE, { binary });
    await message(1);
    const [subscription] = desk.subscriptions;
    subscription?.deliver(mail('один'));
    subscription?.deliver(mail('x'.repeat(100_000)));
    await message(3);
    expect(messages.map((each) => each.text.slice(0, each.text.indexOf('\n')))).toEqual([
      'CONNECTED',
      'RECEIPT',
      'MESSAGE',
      'MESSAGE',
    ]);
    expect(messages.every((each) => each.binary === binary)).toBe(true);
    expect(messages[2]?.text).toMatch(/\n\nодин\0$/);
  });

  it('of texts is sent a body that is no text as a binary message', async () => {
    const { client, message, desk } = await openClient([]);
    client.send(CONNECT);
    client.send(SUBSCRIBE);
    await message(1);
    desk.subscriptions[0]?.deliver(encodeMessage({ destination: '/user/events', id: '1', body: Buffer.from([0xff, 0xfe]) }));
    expect((await message(2))?.binary).toBe(true);
  });

  it('may cut frames into messages, and put several into one', async () => {
    const { client, message } = await openClient([]);
    client.send(CONNECT.slice(0, 20));
    client.send(CONNECT.slice(20) + SUBSCRIBE);
    expect((await message(1))?.text).toBe('RECEIPT\nreceipt-id:r\n\n\0');
  });

  it('is told what is wrong before the line closes', async () => {
    const { client, message } = await openClient([]);
    const closed = once(client, 'close');
    client.send('CONNECT\naccept-version:1.2\npasscode:no\n\n\0');
    expect((await message(0))?.text).toMatch(/^ERROR\ncode:UNAUTHORIZED\n/);
    await closed;
  });

  it('that is a stranger cannot make the server hold much', async () => {
    const { client, messages, server } = await openClient([], { maxHead: 1000 });
    client.send('x'.repeat(3_000_000), { fin: false });
    await once(client, 'close');
    await until('the server has forgotten it', () => server.connections === 0);
    expect(messages).toEqual([]);
  });

  it('that sends a larger message than is taken is cut off, with its session', async () => {
    const { client, message, desk } = await openClient([], { maxFrame: 20_000 });
    client.send(CONNECT);
    await message(0);
    client.send('x'.repeat(30_000));
    await once(client, 'close');
    await until('the desk knows', () => desk.goodbyes.length === 1);
  });

  it('that breaks the rules of WebSocket ends its session', async () => {
    const { client, message, desk } = await openClient([]);
    client.send(CONNECT);
    await message(0);
    const socket = (client as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
    socket.write(Buffer.from([0xff, 0xff, 0xff]));
    await until('the desk knows', () => desk.goodbyes.length === 1);
  });
});
