import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin, ask, post } from '../support/api.js';
import { Desktop } from '../support/desktop.js';
import { startServers, type Servers } from '../support/engines.js';
import { startGateways, type Gateways } from '../support/gateways.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const FILES = {
  'sluice.yaml': "sluice: 1\nplugins: ['@sluice/plugin-tcp-gateway']\nconnections:\n  desktops: { use: tcp-gateway }\n",
  'flows/keep.yaml':
    'sluice: 1\nflow: keep\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n  - { id: none, stop: { reason: none } }\n',
};
/** The bound that `sluice token revoke` prints. */
const REVOKED_WITHIN_MS = 5_000;

describe('a revocation over two hosts', () => {
  let servers: Servers;
  let gateways: Gateways;

  beforeAll(async () => {
    servers = await startServers();
    gateways = await startGateways(FILES, servers.env);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await gateways?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  const statusesFor = (token: string) =>
    Promise.all(gateways.urls().map(async (url) => (await post(`${url}/events/order.created`, {}, { token })).status));

  it('refuses the tokens of a user on both hosts within 5 s, and accepts tokens of other users', async () => {
    const token = await signToken({ sub: 'thief' });
    const other = await signToken({ sub: 'neighbour' });
    expect(await statusesFor(token)).toEqual([202, 202]);
    await admin(gateways.urls()[0] ?? '', '/api/tokens/revoke', { issuer: 'operator', sub: 'thief' });
    const from = Date.now();
    await until('both hosts to refuse the token', async () => (await statusesFor(token)).every((status) => status === 401));
    expect(Date.now() - from).toBeLessThan(REVOKED_WITHIN_MS);
    expect(await statusesFor(other)).toEqual([202, 202]);
  });

  it('disconnects the desktops of the user from the host that did not receive the revocation', async () => {
    const desktop = new Desktop({ user: 'leaver', ports: gateways.ports.slice(1) });
    const colleague = new Desktop({ user: 'colleague', ports: gateways.ports.slice(1) });
    try {
      await until('both to be subscribed', () => desktop.ready && colleague.ready);
      const online = async () => (await admin<{ online: number }>(gateways.urls()[1] ?? '', '/desktops?limit=1')).online;
      await until('both to be counted', async () => (await online()) === 2);
      // the client signs a new token at every attempt; tokens of the same second as the revocation are revoked, later ones are valid
      await admin(gateways.urls()[0] ?? '', '/api/tokens/revoke', { issuer: 'operator', sub: 'leaver' });
      await until('the desktop to be disconnected', () => !desktop.ready);
      expect(colleague.ready).toBe(true);
    } finally {
      await Promise.all([desktop.stop(), colleague.stop()]);
    }
  });

  it('keeps the revocation after a restart', async () => {
    const token = await signToken({ sub: 'former' });
    await admin(gateways.urls()[1] ?? '', '/api/tokens/revoke', { issuer: 'operator', sub: 'former' });
    await gateways.hosts[0]?.kill9();
    await gateways.hosts[0]?.start();
    expect((await ask(`${gateways.urls()[0]}/events/order.created`, { method: 'POST', body: '{}', token })).status).toBe(401);
  });
});
