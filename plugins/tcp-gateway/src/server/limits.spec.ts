import { once } from 'node:events';
import { connect as openSocket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { onTopic } from '../../test/server/support/fake-stomp-handler.js';
import { startGateway, stopGateways } from '../../test/server/support/gateway.js';
import type { RawClient } from '../../test/server/support/raw-client.js';

stopGateways();

const KiB = 1024;

describe('many clients at once', () => {
  it('authenticates at most the given number at once, and rejects no client', async () => {
    const { open, handler, server } = await startGateway({ limits: { authentications: 8 } });
    const clients = await Promise.all(Array.from({ length: 300 }, () => open()));
    for (const client of clients) client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    const answers = await Promise.all(clients.map((client) => client.next()));
    expect(new Set(answers.map(({ command }) => command))).toEqual(new Set(['CONNECTED']));
    expect(handler.maxConcurrent).toBeLessThanOrEqual(8);
    expect(server.connections).toBe(300);
  });

  it('does not verify the token of a client that has closed while it waited', async () => {
    const { open, handler, server } = await startGateway({ limits: { authentications: 1 } });
    const release = handler.hold();
    const [first, gone, last] = [await open(), await open(), await open()];
    for (const client of [first, gone, last]) {
      client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    }
    await until('one token is being verified', () => handler.maxConcurrent === 1);
    gone.destroy();
    await until('the closed client is forgotten', () => server.connections === 2);
    release();
    expect((await last.next()).command).toBe('CONNECTED');
    expect(handler.sessions).toHaveLength(2);
  });
});

describe('limits per address', () => {
  it('limits connections per address, and accepts another after one has closed', async () => {
    const { open, connect, server } = await startGateway({ limits: { connectionsPerAddress: 2 } });
    const [first] = [await connect(), await connect()];
    const third = await open();
    expect(await third.error()).toMatchObject({ code: 'STOMP_TOO_MANY' });
    await until('the third is forgotten', () => server.connections === 2);
    first.destroy();
    await until('the first is forgotten', () => server.connections === 1);
    await connect();
  });

  it('limits connections that have not completed CONNECT: it closes the oldest silent one and accepts the new one', async () => {
    const { open, connect, server } = await startGateway({ limits: { strangersPerAddress: 3 } });
    const silent = [await open(), await open(), await open()];
    silent[1]?.socket.write('CONNECT\nlogin:');
    const good = await connect();
    await silent[0]?.until(() => silent[0]?.closed === true);
    expect(silent.map(({ closed }) => closed)).toEqual([true, false, false]);
    await connect();
    await until('the two admitted and the two pending connections are left', () => server.connections === 4);
    expect(good.closed).toBe(false);
  });

  it('keeps connections with a whole CONNECT, and rejects a new connection if all others have one', async () => {
    const { open, handler } = await startGateway({ limits: { strangersPerAddress: 2 } });
    const release = handler.hold();
    const first = [await open(), await open()];
    for (const client of first) client.send('CONNECT', { 'accept-version': '1.2', login: 'a', passcode: 'ok' });
    await until('both tokens are being verified', () => handler.maxConcurrent === 2);
    expect(await (await open()).error()).toMatchObject({ code: 'STOMP_TOO_MANY' });
    release();
    for (const client of first) expect((await client.next()).command).toBe('CONNECTED');
  });

  it('limits connections of all addresses that have not completed CONNECT', async () => {
    const { open, connect, server } = await startGateway({ limits: { strangers: 2 } });
    const silent = [await open(), await open()];
    await connect();
    await silent[0]?.until(() => silent[0]?.closed === true);
    await until('one silent connection is left', () => server.connections === 2);
  });
});

describe('bytes of incomplete CONNECT frames', () => {
  it('limits these bytes over all clients, and closes the connections that hold them for the longest time', async () => {
    const { open, connect } = await startGateway({ limits: { strangerBytes: 10 * KiB } });
    const clients = [await open(), await open(), await open()];
    for (const client of clients) {
      client.socket.write(`CONNECT\nlogin:${'x'.repeat(6 * KiB)}`);
      const before = clients[clients.indexOf(client) - 1];
      await before?.until(() => before.closed);
    }
    expect(clients.map(({ closed }) => closed)).toEqual([true, true, false]);
    await connect();
  });
});

describe('a client that does not read', () => {
  const subscribe = async (client: RawClient) => {
    client.send('SUBSCRIBE', { id: '0', destination: '/topic/prices', receipt: 'r' });
    await client.next();
  };

  it('fills its buffer up to the limit, does not delay other clients, and calls drained after it reads again', async () => {
    const { connect, handler } = await startGateway({ limits: { buffer: 256 * KiB } });
    const [slow, quick] = [await connect(), await connect()];
    await subscribe(slow);
    await subscribe(quick);
    slow.socket.pause();
    const message = onTopic('prices', 'x'.repeat(64 * KiB));
    const [first, second] = handler.topics.get('prices') ?? [];
    while (first?.deliver(message)) {
      second?.deliver(message);
      await quick.next();
    }
    const [session] = handler.sessions;
    expect(session?.counters.refused).toBe(1);
    expect(session?.counters.buffered).toBeLessThan(320 * KiB);
    expect(second?.deliver(message)).toBe(true);
    await quick.next();
    expect(handler.drains).toBe(0);
    slow.socket.resume();
    await until('the handler is called', () => handler.drains === 1);
    expect(first?.deliver(message)).toBe(true);
  });

  it('cannot fill the memory of the server with receipts: the server stops reading from it', async () => {
    const { connect, handler } = await startGateway({ limits: { buffer: 64 * KiB } });
    const [client, other] = [await connect(), await connect()];
    client.socket.pause();
    let fromOther = 0;
    /** Returns the number of frames of the client that are read by now, after some turns of the server that another client observes. */
    const read = async () => {
      for (let n = 0; n < 20; n++) {
        other.send('SEND', { destination: '/events/b', receipt: 'r' });
        await other.next();
        fromOther++;
      }
      return handler.published.length - fromOther;
    };
    const receipt = 'r'.repeat(8 * KiB);
    const frame = `SEND\ndestination:/events/a\nreceipt:${receipt}\n\n\0`;
    for (let [before, now] = [-1, 0]; before !== now;) {
      before = now;
      for (let n = 0; n < 1000; n++) client.socket.write(frame);
      await until('the server has stopped reading', async () => (await read()) === (now = await read()));
    }
    expect(handler.sessions[0]?.counters.buffered).toBeLessThan(256 * KiB);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    client.socket.resume();
    const sent = Math.floor(client.socket.bytesWritten / frame.length);
    await client.until(() => client.frames.length === sent);
  });

  it('is disconnected after stallTimeout', async () => {
    const { connect, handler } = await startGateway({
      limits: { buffer: 128 * KiB, stallTimeout: 300 },
      heartBeat: { send: 100, expect: 0 },
    });
    const client = await connect({ 'heart-beat': '0,100' });
    await subscribe(client);
    client.socket.pause();
    const [subscription] = handler.topics.get('prices') ?? [];
    while (subscription?.deliver(onTopic('prices', 'x'.repeat(64 * KiB)))) await new Promise(setImmediate);
    await until('the session has ended', () => handler.closedSessions.length === 1);
    expect(handler.closedSessions[0]?.reason).toMatch(/^STOMP_TIMEOUT the client has read nothing/);
  });
});

describe('time limits', () => {
  it('limits the time to CONNECT, also for a client that sends it byte by byte', async () => {
    const { open } = await startGateway({ limits: { connectTimeout: 300 } });
    const [silent, dripping] = [await open(), await open()];
    const drip = setInterval(() => dripping.socket.write('a'), 50);
    dripping.socket.write('CONNECT\na:');
    const errors = await Promise.all([silent.error(), dripping.error()]);
    clearInterval(drip);
    expect(errors.map(({ code }) => code)).toEqual(['STOMP_TIMEOUT', 'STOMP_TIMEOUT']);
  });

  it('limits the time of a frame', async () => {
    const { connect } = await startGateway({ limits: { frameTimeout: 200 }, heartBeat: { send: 100, expect: 100 } });
    const client = await connect({ 'heart-beat': '100,0' });
    client.socket.write('SEND\ndestination:/events/a\ncontent-length:1000\n\n');
    const drip = setInterval(() => client.socket.write('x'), 20);
    const { code, message } = await client.error();
    clearInterval(drip);
    expect({ code, message }).toEqual({ code: 'STOMP_TIMEOUT', message: 'a frame did not end within 200 ms' });
  });

  it('ends a session without the negotiated heart-beats', async () => {
    const { connect } = await startGateway({ heartBeat: { send: 100, expect: 500 } });
    const client = await connect({ 'heart-beat': '100,100' });
    const { code } = await client.error();
    expect(code).toBe('STOMP_SILENT');
    expect(client.beats).toBeGreaterThan(0);
  });

  it('limits the time to close, and then destroys the socket', async () => {
    const { port, server } = await startGateway({ limits: { closeTimeout: 100 } });
    const socket = openSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('nonsense');
    socket.resume();
    await once(socket, 'end');
    await until('the server has closed the connection', () => server.connections === 0);
    socket.destroy();
  });
});
