import { once } from 'node:events';
import { connect as openSocket } from 'node:net';
import { expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { hostilePieces } from '../fuzz/hostile.mjs';
import { startGateway, stopGateways } from './support/gateway.js';

stopGateways();

const SEEDS = 200;

it('survives hostile clients, and keeps no state of them', async () => {
  const { port, server, handler, connect, log } = await startGateway({ limits: { closeTimeout: 200 } });
  const attacks = Array.from({ length: SEEDS }, async (_, seed) => {
    const socket = openSocket(port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    await once(socket, 'connect');
    for (const piece of hostilePieces(seed)) socket.write(piece);
    socket.end();
    await once(socket, 'close');
  });
  await Promise.all(attacks);
  await until('all connections have closed', () => server.connections === 0);
  expect(handler.sessions.length).toBeGreaterThan(SEEDS / 4);
  expect(handler.closedSessions).toHaveLength(handler.sessions.length);
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await connect();
});
