import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { hostilePieces } from '../fuzz/hostile.mjs';
import { startGateway, stopGateways } from './support/gateway.js';

stopGateways();

const SEEDS = 200;

it('outlives hostile clients, and keeps nothing of them', async () => {
  const { port, server, handler, letIn, log } = await startGateway({ limits: { closeTimeout: 200 } });
  const attacks = Array.from({ length: SEEDS }, async (_, seed) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    await once(socket, 'connect');
    for (const piece of hostilePieces(seed)) socket.write(piece);
    socket.end();
    await once(socket, 'close');
  });
  await Promise.all(attacks);
  await until('all are forgotten', () => server.connections === 0);
  expect(handler.sessions.length).toBeGreaterThan(SEEDS / 4);
  expect(handler.goodbyes).toHaveLength(handler.sessions.length);
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await letIn();
});
