import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HostStatus } from '@sluice/admin-contract';
import { admin, post } from '../support/api.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const FLOWS = `
sluice: 1
flow: plan
trigger: { use: event, with: { types: [visit.planned] }, where: '\${{ trigger.data.remind }}' }
steps:
  - { id: later, emit: { type: visit.reminder, data: '\${{ trigger.data }}', after: 3s } }
---
sluice: 1
flow: remind
trigger: { use: event, with: { types: [visit.reminder] } }
steps:
  - { id: visit, use: onec-http.call, connection: erp, with: { method: SaveVisit, data: '\${{ trigger.data }}' } }
---
sluice: 1
flow: night
trigger: { use: schedule, with: { cron: '30 3 * * *', timezone: Europe/Moscow } }
steps:
  - { id: prices, use: onec-http.call, connection: erp, with: { method: GetPrices, data: '\${{ trigger.data }}' } }
`;

describe.each(engineSets)('flows that wait for a time on $name', (engineSet) => {
  let engines: StartedEngines;
  let stage: Stage;

  beforeAll(async () => {
    engines = await engineSet.start();
    stage = await Stage.open({ env: engines.env, files: { 'sluice.yaml': erpWorkspace(), 'flows/time.yaml': FLOWS } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await engines?.stop();
  }, START_TIMEOUT_MS);

  it('delivers a delayed event after its host was killed, and none that where leaves out', async () => {
    await post(`${stage.url}/events/visit.planned`, { remind: false, number: 1 });
    await post(`${stage.url}/events/visit.planned`, { remind: true, number: 2 });
    await stage.drained();
    await stage.host.kill9();
    await stage.host.start();
    await until('the reminder to reach 1C', () => stage.onec.stats().distinct === 1);
    await stage.drained();
    expect(stage.onec.stats().distinct).toBe(1);
  });

  it('shows the next instant of a schedule', async () => {
    const { schedules } = await admin<HostStatus>(stage.url, '/api/status');
    expect(schedules).toMatchObject([{ flow: 'night', next: expect.stringMatching(/T00:30:00\.000Z$/) }]);
    const found = await admin<{ what: string; says: string }[]>(stage.url, '/api/doctor');
    expect(found.find(({ what }) => what === 'schedule night')?.says).toMatch(
      /^next .* 03:30 Europe\/Moscow, never fired so far$/,
    );
  });
});
