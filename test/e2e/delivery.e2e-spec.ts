import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Story } from '@sluice/admin-contract';
import type { ParkedSummary } from '@sluice/engine';
import { admin, ask, post } from '../support/api.js';
import { sluice, sluiceJson } from '../support/cli.js';
import { drive, SOURCE } from '../support/drive.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace, SAVE_CALL, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { judge, requestId } from '../support/witness.js';

const ONCE_FLOW = `
sluice: 1
flow: once
trigger: { use: event, with: { types: [payment.made] } }
deliver: { dedupe: { key: '\${{ trigger.data.payment }}', within: 1h } }
steps:
  - { id: book, use: onec-http.call, connection: erp, with: { method: PostPayment, data: '\${{ trigger.data }}' } }
  - { id: booked, emit: { type: payment.booked, data: { payment: '\${{ trigger.data.payment }}', by: '\${{ steps.book.Номер }}' } } }
---
sluice: 1
flow: tell
trigger: { use: event, with: { types: [payment.booked] } }
steps:
  - { id: contact, use: onec-http.call, connection: erp, with: { method: SaveContact, data: '\${{ trigger.data }}' } }
`;

const LATER_FLOW = `
sluice: 1
flow: later
trigger: { use: event, with: { types: [visit.planned] } }
steps:
  - { id: visit, use: onec-http.call, connection: erp, with: { method: SaveVisit, data: '\${{ trigger.data }}' } }
`;

describe.each(engineSets)('delivery of events to 1C on $name', (engineSet) => {
  let engines: StartedEngines;
  let stage: Stage;

  beforeAll(async () => {
    engines = await engineSet.start();
    const files = { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW, 'flows/once.yaml': ONCE_FLOW };
    stage = await Stage.open({ env: engines.env, files });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await engines?.stop();
  }, START_TIMEOUT_MS);

  const send = (id: string, type: string, data: object) =>
    post(`${stage.url}/events/${type}`, data, { headers: { 'ce-id': id } });
  const seen = (event: string, flow: string, step: string) =>
    stage.onec.stats({ ids: true }).ids?.[requestId(event, flow, step)]?.count ?? 0;
  const story = async (id: string) => {
    const { events } = await sluiceJson<Story>(stage.url, 'find', id);
    return events.flatMap(({ id: eventId, source, type, runs }) =>
      runs.flatMap(({ flow, entries }) => entries.map((entry) => ({ ...entry, flow, eventId, source, type }))),
    );
  };

  it('calls 1C once for each event, with at most ten calls at a time', async () => {
    const events = Array.from({ length: 200 }, (_, n) => `burst-${n}`);
    await drive(events, { doors: stage.doors, type: 'order.created' });
    await until('all calls to be carried out', () => stage.onec.stats().distinct >= events.length);
    const { peak, ...verdict } = judge(stage.onec, events, SAVE_CALL);
    expect(verdict).toEqual({ lost: [], strangers: [], repeats: 0, most: 1, refused: 0 });
    expect(peak).toBeLessThanOrEqual(10);
  });

  it('answers with the id of the event, and generates one when the sender has none', async () => {
    const given = await send('own-id', 'order.created', {});
    const drawn = await post(`${stage.url}/events/order.created`, {});
    expect(given).toMatchObject({ status: 202, body: { id: 'own-id' } });
    expect(drawn).toMatchObject({ status: 202, body: { id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/) } });
  });

  it('runs a flow once for each dedupe key and reports the duplicate in the journal', async () => {
    await send('paid-1', 'payment.made', { payment: 'P-1' });
    await until('the first call', () => seen('paid-1', 'once', 'book') === 1);
    await send('paid-2', 'payment.made', { payment: 'P-1' });
    const told = await until('the duplicate in the journal', async () => {
      const entries = await story('paid-2').catch(() => []);
      return entries.some(({ kind }) => kind === 'duplicate') && entries;
    });
    expect(told).toMatchObject([{ flow: 'once', kind: 'duplicate', eventId: 'paid-2' }]);
    expect(seen('paid-2', 'once', 'book')).toBe(0);
  });

  it('finds the story of an event with the events that it caused', async () => {
    await send('paid-3', 'payment.made', { payment: 'P-3' });
    const entries = await until('the call of the second flow in the story', async () => {
      const found = await story('paid-3').catch(() => []);
      return found.some(({ flow, kind }) => flow === 'tell' && kind === 'done') && found;
    });
    const lines = entries.map(({ flow, kind, step }) => [flow, step, kind].filter(Boolean).join(' '));
    expect(lines).toEqual(expect.arrayContaining(['once book called', 'once done', 'tell contact called', 'tell done']));
    expect(entries[0]).toMatchObject({ source: SOURCE, type: 'payment.made' });
  });

  it('parks a run that 1C rejects and replays it under the same X-Request-Id', async () => {
    stage.onec.setFault({ kind: 'business', times: 1 });
    await send('refused-1', 'order.created', { number: 'R-1' });
    const [parked] = await until('the run to be parked', async () => {
      const runs = await sluiceJson<ParkedSummary[]>(stage.url, 'parked', 'ls');
      return runs.length > 0 && runs;
    });
    expect(parked).toMatchObject({
      flow: 'save',
      step: 'order',
      event: { id: 'refused-1' },
      error: { code: 'ONEC_BUSINESS', fate: 'rejected', message: expect.stringContaining('Контрагент заблокирован') },
    });
    const run = parked?.run ?? '';
    const shown = await sluice(stage.url, 'parked', 'show', run.slice(0, 8), '--format', 'json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ run, data: { number: 'R-1' } });

    expect(await sluice(stage.url, 'parked', 'replay', run)).toMatchObject({ code: 0, stdout: expect.stringContaining(run) });
    await until('the repeated call', () => seen('refused-1', 'save', 'order') === 2);
    await until('an empty list', async () => (await sluiceJson<ParkedSummary[]>(stage.url, 'parked', 'ls')).length === 0);
  });

  it('reports events in status and metrics', async () => {
    const status = await admin<Record<string, unknown>>(stage.url, '/api/status');
    expect(status).toMatchObject({
      flows: expect.arrayContaining(['save', 'once', 'tell']),
      bus: { state: 'up' },
      paces: { erp: { owner: true, max: 10, breaker: 'closed' } },
    });
    expect(await sluice(stage.url, 'status')).toMatchObject({ code: 0, stdout: expect.stringContaining('of 10 calls') });
    const { body } = await ask(`${stage.url}/metrics`, { token: null });
    expect(body).toMatch(/^sluice_accepted_total\{type="order\.created"\} \d+$/m);
    expect(body).toMatch(/^sluice_calls_total\{[^}]*flow="save"[^}]*result="ok"[^}]*\} \d+$/m);
  });

  it('explains in `desktops` that the workspace has no gateway', async () => {
    const { code, stderr } = await sluice(stage.url, 'desktops');
    expect([code, stderr]).toEqual([1, expect.stringContaining('needs a connection of tcp-gateway')]);
  });

  it('reports a healthy host while its backends are healthy', async () => {
    expect(await ask(`${stage.url}/health/live`, { token: null })).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await ask(`${stage.url}/health/ready`, { token: null })).toMatchObject({
      status: 200,
      body: { status: 'ok', bus: { state: 'up' }, store: { state: 'up' }, connections: [{ connection: 'erp', state: 'in use' }] },
    });
  });

  it('keeps an unrouted event until a flow takes it', async () => {
    expect(await send('lonely', 'visit.planned', { day: 'mon' })).toMatchObject({ status: 202 });
    const waiting = () => sluiceJson<{ type: string; count: number }[]>(stage.url, 'unrouted', 'ls');
    await until('the event among the unrouted', async () => (await waiting()).length > 0);
    expect(await waiting()).toEqual([{ type: 'visit.planned', count: 1 }]);

    writeFileSync(path.join(stage.workspace.path, 'flows', 'later.yaml'), LATER_FLOW);
    await stage.host.stop();
    await stage.host.start();
    const replayed = await sluice(stage.url, 'unrouted', 'replay', 'visit.planned', '--flow', 'later');
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining('moved 1 event') });
    await until('its call', () => seen('lonely', 'later', 'visit') === 1);
  });

  it('finishes open calls before the host stops', async () => {
    stage.onec.reset();
    // calls take half a second, so that some are open at the stop
    stage.onec.setFault({ kind: 'slow' });
    const events = Array.from({ length: 100 }, (_, n) => `stopped-${n}`);
    await drive(events, { doors: stage.doors, type: 'order.created' });
    await until('open calls', () => stage.onec.stats().inFlight > 0);
    const from = performance.now();
    const ended = await stage.host.stop();
    const took = performance.now() - from;
    expect(ended).toEqual({ code: 0, signal: null });
    // the documented guarantee of a stop, not a measurement of speed
    expect(took).toBeLessThan(10_000);
    expect(stage.onec.stats().inFlight).toBe(0);

    stage.onec.setFault();
    await stage.host.start();
    await until('all calls to be carried out', () => stage.onec.stats().distinct >= events.length);
    expect(judge(stage.onec, events, SAVE_CALL)).toMatchObject({ lost: [], strangers: [], repeats: 0, refused: 0 });
  });
});
