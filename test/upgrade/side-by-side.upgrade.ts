import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin } from '../support/api.js';
import type { Desktop } from '../support/desktop.js';
import { startServers, type Servers } from '../support/engines.js';
import { startGateways, type Gateways } from '../support/gateways.js';
import { connectDesktops, MAILBOX_FILES, mailboxStorm, NO_FAULTS } from '../support/mailbox-storm.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, REPEATS_PER_CRASH, storm } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

/** Folder of the other checkout, built. */
const OTHER = process.env['SLUICE_OTHER_CHECKOUT'];
if (OTHER === undefined) throw new Error('SLUICE_OTHER_CHECKOUT is not set: run npm run test:upgrade -- COMMIT');

/** A run that passes through several hops: a paced call, a condition, and an event that another flow takes. */
const FLOWS = {
  'sluice.yaml': erpWorkspace(),
  'flows/save.yaml': `
sluice: 1
flow: save
trigger: { use: event, with: { types: [order.created] } }
steps:
  - { id: order, use: onec-http.call, connection: erp, with: { method: SaveOrder, data: '\${{ trigger.data }}' } }
  - { id: size, set: { long: '\${{ $length(trigger.data.text) > 10 }}' } }
  - id: sized
    switch:
      cases:
        - when: '\${{ steps.size.long }}'
          steps: [{ id: saved, emit: { type: order.saved, data: { number: '\${{ trigger.data.number }}' } } }]
      otherwise: []
`,
  'flows/note.yaml': `
sluice: 1
flow: note
trigger: { use: event, with: { types: [order.saved] } }
steps:
  - { id: end, stop: { reason: noted } }
`,
};
const CALL = { flow: 'save', step: 'order' } as const;

describe('a host of another commit and one of this checkout on the same servers', () => {
  let servers: Servers;
  let stage: Stage;

  beforeAll(async () => {
    servers = await startServers();
    stage = await Stage.open({ checkouts: [OTHER, undefined], env: servers.env, files: FLOWS });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  const parked = async () => (await admin<{ parked: Record<string, number> }>(stage.doors()[1] ?? '', '/api/status')).parked;

  it(
    'lose no event and park no run',
    async () => {
      const verdict = await storm(stage, async () => undefined, { call: CALL });
      expectSafe(verdict, { repeats: 0 });
      expect(verdict.refused).toBe(0);
      expect(await parked()).toEqual({});
    },
    FAULT_TIMEOUT_MS,
  );

  it.each([
    { which: 'the other', n: 0 },
    { which: 'this', n: 1 },
  ])(
    'lose no event and park no run when $which host is killed and started again',
    async ({ n }) => {
      const verdict = await storm(
        stage,
        async ({ reached }) => {
          await reached(0.2);
          await stage.hosts[n]?.kill9();
          await reached(0.6);
          await stage.hosts[n]?.start();
        },
        { call: CALL },
      );
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(await parked()).toEqual({});
    },
    FAULT_TIMEOUT_MS,
  );
});

describe('gateways of two commits on the same servers', () => {
  let servers: Servers;
  let gateways: Gateways;
  let desktops = new Map<string, Desktop>();

  beforeAll(async () => {
    servers = await startServers();
    gateways = await startGateways(MAILBOX_FILES, servers.env, [OTHER, undefined]);
    desktops = connectDesktops(gateways.ports);
    await until('all clients to be subscribed', () => [...desktops.values()].every(({ ready }) => ready));
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all([...desktops.values()].map((desktop) => desktop.stop()));
    await gateways?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  it(
    'deliver each event in order and mark repeats',
    async () => {
      expect(await mailboxStorm(desktops, gateways.urls, async () => undefined)).toEqual(NO_FAULTS);
    },
    FAULT_TIMEOUT_MS,
  );
});
