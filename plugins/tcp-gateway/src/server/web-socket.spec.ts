import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { WebSocket } from 'ws';
import type { HeartBeat } from './heart-beat.js';
import { encodeMessage } from '../stomp/message-frame.js';
import { mail } from '../../test/server/support/fake-stomp-handler.js';
import { startGateway, stopGateways } from '../../test/server/support/gateway.js';
import { startWebSocketServer } from '../../test/server/support/web-socket-server.js';

const opened: { close(): void }[] = [];

afterEach(() => {
  for (const closable of opened.splice(0)) closable.close();
});
stopGateways();

const CONNECT = 'CONNECT\naccept-version:1.2\nlogin:ivanov\npasscode:ok\n\n\0';
const SUBSCRIBE = 'SUBSCRIBE\nid:0\ndestination:/user/events\nreceipt:r\n\n\0';

interface Message {
  readonly text: string;
  readonly binary: boolean;
}

async function openClient(protocols: string | string[], limits = {}, heartBeat?: HeartBeat, clock: Clock = systemClock) {
  const gateway = await startGateway({ limits, clock, ...(heartBeat && { heartBeat }) });
  const http = await startWebSocketServer(gateway.server);
  const client = new WebSocket(http.url, protocols);
  opened.push({ close: () => client.terminate() }, http);
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
  ])('is accepted when it offers %s', async (_, offered, chosen) => {
    const { client, message } = await openClient(offered);
    expect(client.protocol).toBe(chosen);
    client.send(CONNECT);
    expect((await message(0))?.text).toMatch(/^CONNECTED\nversion:1.2\n/);
  });

  it.each([
    ['texts', false],
    ['binary messages', true],
  ])('that sends %s receives the same kind, one frame in a message', async (_, binary) => {
    const { client, message, messages, handler } = await openClient([]);
    client.send(CONNECT, { binary });
    client.send(SUBSCRIBE, { binary });
    await message(1);
    const [subscription] = handler.subscriptions;
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

  it('accepts frames without NUL from a client whose first frame has none, and answers without NUL', async () => {
    const { client, message, messages, handler } = await openClient([]);
    for (const frame of [CONNECT, '\n\0', SUBSCRIBE]) client.send(frame.slice(0, -1));
    await message(1);
    const [subscription] = handler.subscriptions;
    subscription?.deliver(mail('один'));
    await message(2);
    client.send('SEND\ndestination:/events/order.opened\nreceipt:s\ncontent-length:2\n\n{}');
    expect((await message(3))?.text).toBe('RECEIPT\nreceipt-id:s\n\n');
    expect(messages[2]?.text).toMatch(/\n\nодин$/);
    expect(messages.every((each) => !each.text.includes('\0'))).toBe(true);
  });

  it('accepts frames without NUL whose lines end in CR LF', async () => {
    const { client, message } = await openClient([]);
    for (const frame of [CONNECT, SUBSCRIBE]) client.send(frame.slice(0, -1).replaceAll('\n', '\r\n'));
    expect((await message(1))?.text).toMatch(/^RECEIPT\n/);
  });

  it('that sends texts receives a body that is not UTF-8 as a binary message', async () => {
    const { client, message, handler } = await openClient([]);
    client.send(CONNECT);
    client.send(SUBSCRIBE);
    await message(1);
    handler.subscriptions[0]?.deliver(encodeMessage({ destination: '/user/events', id: '1', body: Buffer.from([0xff, 0xfe]) }));
    expect((await message(2))?.binary).toBe(true);
  });

  it('may split a frame into messages, and send several frames in one', async () => {
    const { client, message } = await openClient([]);
    client.send(CONNECT.slice(0, 20));
    client.send(CONNECT.slice(20) + SUBSCRIBE);
    expect((await message(1))?.text).toBe('RECEIPT\nreceipt-id:r\n\n\0');
  });

  it('receives an ERROR frame before the connection closes', async () => {
    const { client, message } = await openClient([]);
    const closed = once(client, 'close');
    client.send('CONNECT\naccept-version:1.2\npasscode:no\n\n\0');
    expect((await message(0))?.text).toMatch(/^ERROR\ncode:UNAUTHORIZED\n/);
    await closed;
  });

  it('is disconnected when it sends too many bytes before CONNECT', async () => {
    const { client, messages, server } = await openClient([], { maxHead: 1000 });
    client.send('x'.repeat(3_000_000), { fin: false });
    await once(client, 'close');
    await until('the server has forgotten it', () => server.connections === 0);
    expect(messages).toEqual([]);
  });

  it('is disconnected when it sends too large a message, and its session ends', async () => {
    const { client, message, handler } = await openClient([], { maxFrame: 20_000 });
    client.send(CONNECT);
    await message(0);
    client.send('x'.repeat(30_000));
    await once(client, 'close');
    await until('the session has ended', () => handler.closedSessions.length === 1);
  });

  it('that violates the WebSocket protocol ends its session', async () => {
    const { client, message, handler } = await openClient([]);
    client.send(CONNECT);
    await message(0);
    const socket = (client as unknown as { _socket: Socket })._socket;
    socket.write(Buffer.from([0xff, 0xff, 0xff]));
    await until('the session has ended', () => handler.closedSessions.length === 1);
  });

  const EXPECT_HEART_BEATS = { send: 0, expect: 100 };
  const CONNECT_WITH_HEART_BEATS = CONNECT.replace('login', 'heart-beat:100,0\nlogin');

  /** Returns a clock whose monotonic time stands still until the test moves it. */
  const stoppedClock = () => {
    let at = 0;
    const ticks: (() => void)[] = [];
    const timer = { cancel: () => undefined, unref: () => timer };
    const every = (_ms: number, run: () => void) => {
      ticks.push(run);
      return timer;
    };
    const move = (ms: number) => {
      at += ms;
      for (const tick of ticks) tick();
    };
    return { clock: { ...systemClock, monotonic: () => at, every }, move };
  };

  /** Resolves when the server has answered a ping, so that everything before it has arrived, or has closed the connection. */
  const arrived = (client: WebSocket) =>
    new Promise<void>((resolve) => {
      const end = () => {
        client.off('pong', end).off('close', end);
        resolve();
      };
      client.on('pong', end).on('close', end);
      client.ping();
    });

  /** Sends pieces of one message, 50 ms apart on the clock of the server. */
  const drip = async (client: WebSocket, pieces: number, move: (ms: number) => void) => {
    for (let n = 0; n < pieces && client.readyState === WebSocket.OPEN; n++) {
      client.send('x', { fin: false });
      await arrived(client);
      move(50);
    }
  };

  it('is not considered silent while a long message arrives', async () => {
    const { clock, move } = stoppedClock();
    const { client, message } = await openClient([], {}, EXPECT_HEART_BEATS, clock);
    client.send(CONNECT_WITH_HEART_BEATS);
    await message(0);
    client.send('SEND\ndestination:/events/a\nreceipt:r\n\n', { fin: false });
    await drip(client, 12, move);
    client.send('\0');
    expect((await message(1))?.text).toBe('RECEIPT\nreceipt-id:r\n\n\0');
  });

  it('is considered silent when it never ends a message', async () => {
    const { clock, move } = stoppedClock();
    const { client, message } = await openClient([], { frameTimeout: 300 }, EXPECT_HEART_BEATS, clock);
    client.send(CONNECT_WITH_HEART_BEATS);
    await message(0);
    await drip(client, 100, move);
    expect((await message(1))?.text).toMatch(/^ERROR\ncode:STOMP_SILENT\n/);
  });

  it('receives no pongs while it does not read', async () => {
    const { client, message, handler } = await openClient([]);
    client.send(CONNECT + SUBSCRIBE);
    await message(1);
    const socket = (client as unknown as { _socket: Socket })._socket;
    socket.pause();
    const buffered = () => handler.sessions[0]?.counters.buffered ?? 0;
    while (buffered() < 300_000) {
      handler.subscriptions[0]?.deliver(mail('x'.repeat(100_000)));
      await new Promise(setImmediate);
    }
    const before = buffered();
    for (let n = 0; n < 5_000; n++) client.ping('x'.repeat(125));
    // the server reads in order: it answers the pings, if at all, before it processes this frame
    client.send('SEND\ndestination:/events/a\n\n\0');
    await until('the server has processed the SEND', () => handler.published.length === 1);
    expect(buffered()).toBeLessThanOrEqual(before);
  });
});
