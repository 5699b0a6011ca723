import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin, adminList, post } from '../support/api.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

/** Flows of integrators with the emulated 1C, whose method `Fail` refuses. */
const FLOWS = `
sluice: 1
flow: reserve-lines
trigger: { use: http.endpoint, with: { method: POST, path: /in/reserve, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - id: lines
    forEach:
      in: \${{ [trigger.data.lines] }}
      as: line
      onFailure: continue
      steps:
        - id: attempt
          try:
            steps:
              - { id: reserve, use: onec-http.call, connection: erp, with: { method: '\${{ line.method }}', data: { Артикул: '\${{ line.sku }}' } } }
            catch:
              - { id: partly, if: '\${{ line.partly }}', use: onec-http.call, connection: erp, with: { method: Echo, data: { Артикул: '\${{ line.sku }}' } } }
              - { id: none, if: '\${{ $not($exists(steps.partly)) }}', raise: {} }
      output: { sku: '\${{ line.sku }}', partly: '\${{ $exists(steps.partly) }}' }
  - id: answer
    reply:
      data:
        partly: \${{ [steps.lines.results[partly].sku] }}
        missing: \${{ [steps.lines.errors.item.sku] }}
---
sluice: 1
flow: stock
trigger: { use: flow }
deliver: { expires: 1m }
steps:
  - { id: stock, use: onec-http.call, connection: erp, with: { method: GetStock, data: { Артикул: '\${{ trigger.data.sku }}' } } }
  - { id: told, reply: { data: '\${{ steps.stock.Остаток }}' } }
---
sluice: 1
flow: stock-request
trigger: { use: http.endpoint, with: { method: POST, path: /in/stock, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: stock, call: { flow: stock, data: { sku: '\${{ trigger.data.sku }}' } } }
  - { id: answer, reply: { data: { left: '\${{ steps.stock }}' } } }
---
sluice: 1
flow: refused-order
note: 'Заказ \${{ trigger.data.number }}'
trigger: { use: http.endpoint, with: { method: POST, path: /in/orders, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: Fail, data: '\${{ trigger.data }}' } }
  - { id: saved, reply: { data: { ok: true } } }
catch:
  - { id: refused, reply: { status: 409, data: { why: '\${{ error.message }}' } } }
  - { id: again, raise: {} }
---
sluice: 1
flow: sync-document
trigger: { use: event, with: { types: [document.saved] } }
deliver: { key: '\${{ trigger.data.document }}' }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: SaveDocument, data: '\${{ trigger.data }}' } }
`;

describe.each(engineSets)('flows with blocks on $name', (engineSet) => {
  let engines: StartedEngines;
  let stage: Stage;

  beforeAll(async () => {
    engines = await engineSet.start();
    stage = await Stage.open({ env: engines.env, files: { 'sluice.yaml': erpWorkspace(), 'flows/blocks.yaml': FLOWS } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await engines?.stop();
  }, START_TIMEOUT_MS);

  it('reserves the lines of an order one by one, partly where not all is there, and lists what is missing', async () => {
    const lines = [
      { sku: 'A', method: 'Echo', partly: false },
      { sku: 'B', method: 'Fail', partly: true },
      { sku: 'C', method: 'Fail', partly: false },
    ];
    const answer = await post(`${stage.url}/in/reserve`, { lines });
    expect(answer).toMatchObject({ status: 200, body: { partly: ['B'], missing: ['C'] } });
  });

  it('answers with what a called flow replies', async () => {
    expect(await post(`${stage.url}/in/stock`, { sku: 'A' })).toMatchObject({ status: 200, body: { left: 7 } });
  });

  it('answers a refusal by the handler of the flow, and parks the run, which is found by its note', async () => {
    const answer = await post(`${stage.url}/in/orders`, { number: 'W-4' });
    expect(answer).toMatchObject({ status: 409, body: { why: expect.stringContaining('заблокирован') } });
    const parked = () => adminList<{ run: string; step: string }>(stage.url, `/api/parked?note=${encodeURIComponent('W-4')}`);
    await until('the parked run', async () => (await parked()).length === 1);
    expect(await parked()).toMatchObject([{ step: 'save' }]);
    expect(await admin(stage.url, `/api/runs?note=${encodeURIComponent('W-4')}`)).toMatchObject({
      items: [{ outcome: 'parked' }],
    });
  });

  it('saves the versions of a document in order, and other documents beside it', async () => {
    const before = stage.onec.stats().distinct;
    const versions: string[] = [];
    for (let version = 1; version <= 10; version++) {
      const { body } = await post(`${stage.url}/events/document.saved`, { document: 'd1', version });
      versions.push((body as { id: string }).id);
      await post(`${stage.url}/events/document.saved`, { document: `x${version}`, version });
    }
    await until('all calls', () => stage.onec.stats().distinct === before + 20);
    await stage.drained();
    const runs = await Promise.all(versions.map((id) => runOf(stage.url, id)));
    const begun = runs.map((run) => stage.onec.stats({ ids: true }).ids?.[`${run}/save`]?.first ?? Number.NaN);
    expect(begun).toEqual(begun.toSorted((a, b) => a - b));
    expect(new Set(begun).size).toBe(10);
  });
});

/** Returns the run of an event, once the journal has it. */
async function runOf(url: string, event: string): Promise<string> {
  const entries = () => adminList<{ run: string }>(url, `/api/find/${event}`);
  await until(`the journal of ${event}`, async () => (await entries()).length > 0);
  const [entry] = await entries();
  return entry?.run ?? '';
}
