import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
import { CERTIFICATE, KEY, until } from '@sluice/testing';
import { startStompServer } from '../../src/server/server.js';
import { FakeStompHandler, mail } from './support/fake-stomp-handler.js';
import { startGateway, stopGateways } from './support/gateway.js';
import { RawClient } from './support/raw-client.js';

stopGateways();

const TLS = { host: '127.0.0.1', port: 0, cert: CERTIFICATE, key: KEY };

describe('a client over TLS', () => {
  it('is served like a client over TCP', async () => {
    const { server, handler } = await startGateway({ tls: TLS });
    const socket = connect({ port: server.tlsPort ?? 0, host: 'localhost', ca: CERTIFICATE });
    const client = new RawClient(socket);
    await once(socket, 'secureConnect');
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'ok' });
    expect((await client.next()).headers.get('user-name')).toBe('test/ivanov');
    client.send('SUBSCRIBE', { id: '0', destination: '/user/events', receipt: 'r' });
    await client.next();
    const long = 'x'.repeat(200_000);
    handler.subscriptions[0]?.deliver(mail(long));
    expect((await client.next()).body.toString()).toBe(long);
    expect(handler.sessions[0]?.address).toBe('127.0.0.1');
    client.send('DISCONNECT', { receipt: 'bye' });
    expect((await client.next()).headers.get('receipt-id')).toBe('bye');
    await client.until(() => client.closed);
  });

  it('cannot renegotiate the handshake', async () => {
    const { server } = await startGateway({ tls: TLS });
    const socket = connect({ port: server.tlsPort ?? 0, host: 'localhost', ca: CERTIFICATE, maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    const refused = new Promise((resolve) => {
      socket.on('error', resolve);
      socket.renegotiate({}, resolve);
    });
    expect(await refused).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    socket.destroy();
  });

  it('is disconnected when it never ends its handshake, or sends another protocol', async () => {
    const { server } = await startGateway({ tls: TLS, limits: { connectTimeout: 200, closeTimeout: 100 } });
    const silent = connectPlain(server.tlsPort ?? 0, '127.0.0.1');
    const wrong = connectPlain(server.tlsPort ?? 0, '127.0.0.1');
    for (const socket of [silent, wrong]) socket.on('error', () => {}).resume();
    await Promise.all([once(silent, 'connect'), once(wrong, 'connect')]);
    await until('both are connected', () => server.connections === 2);
    wrong.write('CONNECT\naccept-version:1.2\n\n\0');
    await until('both are closed', () => server.connections === 0);
    for (const socket of [silent, wrong]) socket.destroy();
  });
});

it('rejects with the system error when the port is in use', async () => {
  const { port } = await startGateway();
  const handler = new FakeStompHandler();
  const options = { handler, clock: systemClock, log: { debug() {}, info() {}, warn() {}, error() {} } };
  const taken = startStompServer({ ...options, tcp: { host: '127.0.0.1', port } });
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE', port });
});
