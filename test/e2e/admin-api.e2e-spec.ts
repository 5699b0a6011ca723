import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ADMIN_ROUTES,
  adminClient,
  HEALTH_ROUTES,
  type AdminClient,
  type AdminRoute,
  type AuditItem,
} from '@sluice/admin-contract';
import { freePort } from '@sluice/runtime';
import { ask, post } from '../support/api.js';
import { sluice, sluiceJson } from '../support/cli.js';
import { Desktop } from '../support/desktop.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const NOTIFY_FLOW = `
sluice: 1
flow: notify
trigger: { use: event, with: { types: [notify.user] } }
steps:
  - id: show
    use: tcp-gateway.send
    connection: desktops
    with: { to: { user: '\${{ trigger.data.user }}' }, event: call.popup, data: '\${{ trigger.data.text }}' }
`;

const ROUTES = Object.values<AdminRoute>({ ...ADMIN_ROUTES, ...HEALTH_ROUTES });

describe.each(engineSets)('the admin API of a host on $name', (engines) => {
  let started: StartedEngines;
  let stage: Stage;
  let desktop: Desktop | undefined;
  let stompPort: number;
  let client: AdminClient;
  let token: string;
  /** Names of the routes whose real responses had exactly the fields of their schemas. */
  const checked = new Set<string>();

  beforeAll(async () => {
    started = await engines.start();
    stompPort = await freePort();
    const files = {
      'sluice.yaml': `${erpWorkspace({ plugins: ['@sluice/plugin-tcp-gateway'] })}  desktops:\n    use: tcp-gateway\n`,
      'flows/notify.yaml': NOTIFY_FLOW,
      'flows/save.yaml': SAVE_FLOW,
    };
    stage = await Stage.open({ files, env: { ...started.env, SLUICE_STOMP_PORT: String(stompPort) } });
    token = await signToken({ sub: 'petrova', scope: 'admin' });
    client = adminClient(request);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await desktop?.stop();
    await stage?.close();
    await started?.stop();
  }, START_TIMEOUT_MS);

  /** Sends a request and compares the response with its schema, field by field. */
  async function request(method: string, path: string, body?: object): Promise<unknown> {
    const url = stage.url + path;
    const answer = body === undefined ? await ask(url, { token }) : await post(url, body, { token });
    const route = ROUTES.find((one) => one.method === method && patternOf(one).test(path.split('?', 1)[0] ?? ''));
    if (!route) throw new Error(`${method} ${path} is not in the contract`);
    expect([path, answer.status, answer.body]).toEqual([path, route.status, answer.body]);
    // a schema leaves out fields that it does not have
    if (route.response === null) expect(answer.body).toBe('');
    else expect(route.response.parse(answer.body)).toEqual(answer.body);
    checked.add(`${method} ${route.path}`);
    return answer.body;
  }

  const send = (type: string, id: string, data: object) =>
    post(`${stage.url}/events/${type}`, data, { headers: { 'ce-id': id } });
  const parkedOf = (id: string) =>
    until(`the run of ${id} to be parked`, async () =>
      (await client.parked({ flow: 'save' })).items.find(({ event }) => event.id === id),
    );

  it('answers every route exactly as its schema describes', async () => {
    stage.onec.setFault({ kind: 'business', times: 3 });
    for (const id of ['a-1', 'a-2', 'a-3']) await send('order.created', id, { number: id });
    const [first, second] = [await parkedOf('a-1'), await parkedOf('a-2')];
    await parkedOf('a-3');
    await send('notify.user', 'n-1', { user: 'absent', text: 'hello' });
    await send('nobody.takes', 'u-1', {});
    desktop = new Desktop({ user: 'ivanov', ports: [stompPort] });
    await until('the desktop to connect', () => desktop?.ready);

    const page = await client.parked({ limit: 1 });
    expect(page).toMatchObject({ items: { length: 1 }, next: expect.any(String), remaining: 2 });
    await client.parked({ limit: 1, cursor: page.next ?? '' });
    await client.parkedRun({ run: first.run });
    await client.capsule({ run: first.run });
    await client.find({ id: 'a-1', limit: 1 });
    expect(await client.parkedGroups({})).toMatchObject({ runs: 3 });
    await until('the listed runs', async () => (await client.runs({ flow: 'save' })).items.length > 0);
    await client.story({ id: 'a-1' });
    await client.status({});
    await client.doctor({});
    await until('the unrouted event', async () => (await client.unrouted({})).items.some(({ type }) => type === 'nobody.takes'));
    await until('a mailbox with an event', async () => (await client.mailboxes({})).events > 0);
    await until('a desktop', async () => (await client.desktops({})).items.length > 0);
    expect((await client.desktops({ user: 'absent' })).items).toMatchObject([{ waiting: 1, sessions: [] }]);

    await client.replay({ run: first.run, fromStart: true });
    await client.drop({ run: second.run });
    await client.replayUnrouted({ type: 'order.created', flow: 'save' });
    await client.revoke({ jti: 'lost' });
    await client.revoke({ issuer: 'operator', sub: 'gone' });
    await client.revoked({});
    await client.prune({ queues: ['flow.absent'] });
    await client.reload({});
    await client.audit({});
    await request('GET', '/health/live');
    await request('GET', '/health/ready');
    expect([...checked].sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it('answers health checks without a token as their schema describes', async () => {
    const { body } = await ask(`${stage.url}/health/ready`, { token: null });
    expect(HEALTH_ROUTES.ready.response.parse(body)).toEqual(body);
  });

  it('describes every route in its OpenAPI document', async () => {
    const { body } = await ask(`${stage.url}/api/docs-json`, { token: null });
    const { paths } = body as { paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>> };
    for (const { method, path, status, response } of ROUTES) {
      const responses = paths[path]?.[method.toLowerCase()]?.responses;
      expect([path, responses?.[status]?.content === undefined]).toEqual([path, response === null]);
    }
  });

  it('lists the actions of operators in `sluice audit`, newest first', async () => {
    const actions = await sluiceJson<AuditItem[]>(stage.url, 'audit');
    expect(actions.map(({ issuer, sub, route, outcome }) => `${issuer}/${sub} ${route} ${outcome}`)).toEqual([
      'operator/petrova POST /api/reload done',
      'operator/petrova POST /api/doctor/prune done',
      'operator/petrova POST /api/tokens/revoke done',
      'operator/petrova POST /api/tokens/revoke done',
      'operator/petrova POST /api/unrouted/replay done',
      'operator/petrova POST /api/parked/{run}/drop done',
      'operator/petrova POST /api/parked/{run}/replay done',
    ]);
    expect(await sluice(stage.url, 'parked', 'drop', 'absent')).toMatchObject({ code: 1 });
    const { stdout } = await sluice(stage.url, 'audit');
    expect(stdout).toMatch(/AT +WHO +ACTION +TARGET +OUTCOME/);
    expect(stdout).toMatch(/operator\/petrova +POST \/api\/tokens\/revoke +user operator\/gone +done/);
  });
});

function patternOf({ path }: AdminRoute): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
