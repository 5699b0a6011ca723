import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { backoffMs, LiveConnection, type LiveMessage } from '../ui/client/live.js';

/** The browser's end of a connection to a gateway that the test plays. */
class FakeSocket {
  static readonly all: FakeSocket[] = [];
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = 0;
  binaryType = '';
  readonly frames: string[] = [];
  onopen?: () => void;
  onclose?: (event: object) => void;
  onmessage?: (event: { data: string }) => void;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(frame: string): void {
    if (frame.trim() !== '') this.frames.push(frame.replace(/\0$/, ''));
  }

  close(): void {
    this.drop();
  }

  /** Opens the socket and answers CONNECT. */
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
    this.reply('CONNECTED', { version: '1.2', 'heart-beat': '0,0' });
  }

  drop(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code: 1006, reason: '' });
  }

  reply(command: string, headers: Readonly<Record<string, string>>, body = ''): void {
    const lines = Object.entries(headers).map(([key, value]) => `${key}:${value}\n`);
    this.onmessage?.({ data: `${command}\n${lines.join('')}\n${body}\0` });
  }

  /** Returns the header of the last frame with this command. */
  header(command: string, name: string): string {
    const frame = this.frames.findLast((one) => one.startsWith(`${command}\n`)) ?? '';
    return new RegExp(`^${name}:(.*)$`, 'm').exec(frame)?.[1] ?? '';
  }
}

const last = () => {
  const socket = FakeSocket.all.at(-1);
  if (!socket) throw new Error('no connection was made');
  return socket;
};

describe('the live connection', () => {
  let live: LiveConnection;
  let token: string;

  beforeEach(() => {
    jest.useFakeTimers();
    FakeSocket.all.length = 0;
    Object.assign(globalThis, { WebSocket: FakeSocket });
    token = 't1';
    live = new LiveConnection({ url: 'ws://host/stomp', token: () => token, login: 'anna', random: () => 0 });
  });

  afterEach(() => {
    live.stop();
    jest.useRealTimers();
    delete (globalThis as { WebSocket?: unknown }).WebSocket;
  });

  const connect = async () => {
    live.start();
    await jest.advanceTimersByTimeAsync(0);
    last().accept();
    await jest.advanceTimersByTimeAsync(0);
  };

  it('connects with the token and delivers messages of its subscriptions', async () => {
    const heard: LiveMessage[] = [];
    live.subscribe('/timeline/journal/changes', (message) => heard.push(message));
    await connect();
    expect([last().header('CONNECT', 'login'), last().header('CONNECT', 'passcode')]).toEqual(['anna', 't1']);
    last().reply('MESSAGE', { subscription: last().header('SUBSCRIBE', 'id'), 'message-id': '1', destination: '/x' }, '{"a":1}');
    expect(heard).toMatchObject([{ body: { a: 1 } }]);
  });

  it('subscribes again after a lost connection, with the token of then, and reports it', async () => {
    const onActive = jest.fn();
    live.subscribe('/x', () => undefined, { onActive });
    await connect();
    last().reply('RECEIPT', { 'receipt-id': last().header('SUBSCRIBE', 'receipt') });
    expect(onActive).toHaveBeenCalledTimes(1);
    token = 't2';
    last().drop();
    expect(live.status).toBe('offline');
    await jest.advanceTimersByTimeAsync(1_000);
    last().accept();
    expect(FakeSocket.all).toHaveLength(2);
    expect(last().header('CONNECT', 'passcode')).toBe('t2');
    last().reply('RECEIPT', { 'receipt-id': last().header('SUBSCRIBE', 'receipt') });
    expect([live.status, onActive.mock.calls.length]).toEqual(['online', 2]);
  });

  it('does not subscribe again after the end of a subscription', async () => {
    const end = live.subscribe('/x', () => undefined);
    await connect();
    end();
    last().drop();
    await jest.advanceTimersByTimeAsync(1_000);
    last().accept();
    expect(last().header('SUBSCRIBE', 'destination')).toBe('');
  });

  it('resolves a sent frame with its RECEIPT, and rejects it when the connection is lost', async () => {
    await expect(live.send('/x', {})).rejects.toThrow('offline');
    await connect();
    const first = live.send('/x', { a: 1 });
    last().reply('RECEIPT', { 'receipt-id': last().header('SEND', 'receipt') });
    await first;
    const second = live.send('/x', { a: 2 });
    const failed = expect(second).rejects.toThrow('lost');
    last().drop();
    await failed;
  });

  it('rejects a sent frame with the message of an ERROR', async () => {
    await connect();
    const failed = expect(live.send('/x', {})).rejects.toThrow('no such destination');
    last().reply('ERROR', { message: 'no such destination' });
    await failed;
  });

  it('does not connect again after stop', async () => {
    await connect();
    live.stop();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe('the delay of a reconnection', () => {
  it('doubles up to 30 seconds, of which the jitter removes up to half', () => {
    expect([0, 1, 4, 5, 50].map((failures) => backoffMs(failures, () => 0))).toEqual([1_000, 2_000, 16_000, 30_000, 30_000]);
    expect(backoffMs(0, () => 1)).toBe(500);
  });
});
