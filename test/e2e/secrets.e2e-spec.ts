import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWebService, type WebService } from '@sluice/testing';
import { admin, adminList, ask, post } from '../support/api.js';
import { startHost, type HostProcess } from '../support/host.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

/** Secrets with characters that URL, HTML and JSON escape. */
const CANARIES = {
  WEB_TOKEN: 'canary-web/+="&1',
  ERP_PASSWORD: 'canary-Пароль<2>',
  SOAP_PASSWORD: 'canary-soap&3',
  PBX_SECRET: 'canary-pbx-4',
  HOOK_SECRET: 'canary-hook-5',
};
const ERP_USER = 'Администратор';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-onec-http', '@sluice/plugin-onec-soap', '@sluice/plugin-asterisk-ami']
connections:
  web: { use: http, with: { baseUrl: '\${{ env.ECHO_URL }}', token: '\${{ env.WEB_TOKEN }}' } }
  erp: { use: onec-http, with: { baseUrl: '\${{ env.ECHO_URL }}', user: ${ERP_USER}, password: '\${{ env.ERP_PASSWORD }}' } }
  soap: { use: onec-soap, with: { baseUrl: '\${{ env.ECHO_URL }}', user: soap, password: '\${{ env.SOAP_PASSWORD }}' } }
  pbx: { use: asterisk-ami, with: { host: 127.0.0.1, port: '\${{ $number(env.PBX_PORT) }}', user: sluice, secret: '\${{ env.PBX_SECRET }}', plainLogin: true } }
`;

const flow = (name: string, step: string) => `
sluice: 1
flow: ${name}
trigger: { use: http.endpoint, with: { path: '/in/${name}/{status}', respond: reply, wait: 10s } }
deliver: { expires: 1m, retry: { attempts: 1 } }
steps:
  - { id: call, ${step} }
  - { id: answer, reply: { data: '\${{ steps.call }}' } }
`;

const FLOWS = [
  flow(
    'web',
    `use: http.request, connection: web, with: { method: POST, path: '/\${{ trigger.meta.params.status }}', body: {} }`,
  ),
  flow(
    'erp',
    `use: onec-http.request, connection: erp, with: { method: POST, path: '/\${{ trigger.meta.params.status }}', body: {} }`,
  ),
  flow(
    'soap',
    `use: onec-soap.call, connection: soap, with: { service: '\${{ trigger.meta.params.status }}', operation: Save, arguments: {} }`,
  ),
  `
sluice: 1
flow: hook
trigger:
  use: http.endpoint
  with: { path: /in/hook, signature: { header: X-Signature, secret: '\${{ env.HOOK_SECRET }}' } }
steps:
  - { id: done, stop: { reason: done } }
`,
].join('---');

const STATUSES = [302, 400, 401, 404, 409, 422, 500];

/** Returns all encodings in which a secret could appear. */
function formsOf(secret: string): readonly string[] {
  const users = ['', ERP_USER, 'soap', 'sluice'];
  const base64 = users.flatMap((user) => ['utf8', 'latin1'].map((to) => Buffer.from(`${user}:${secret}`, to as 'utf8')));
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...[Buffer.from(secret), ...base64].map((bytes) => bytes.toString('base64').replace(/=+$/, '')),
  ];
}

describe('secrets that a remote system repeats in its error', () => {
  let echo: WebService;
  let pbx: Server;
  let host: HostProcess;
  let folders: Folder[];

  beforeAll(async () => {
    // a debug page that repeats the request headers as text, as JSON, in a URL and in HTML
    echo = await startWebService((request, response) => {
      const status = Number(/(\d{3})/.exec(request.url ?? '')?.[1] ?? 422);
      const headers = JSON.stringify(request.headers);
      const basic = Buffer.from(/^Basic (.*)/.exec(request.headers.authorization ?? '')?.[1] ?? '', 'base64').toString();
      const page = `<pre>${headers}</pre> ${basic} ${encodeURIComponent(basic)} ?token=${encodeURIComponent(request.headers.authorization ?? '')}`;
      response.writeHead(status, { 'content-type': 'text/plain', location: `/login?${encodeURIComponent(basic)}` });
      response.end(JSON.stringify({ page, headers: request.headers }));
    });
    pbx = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('Asterisk Call Manager/5.0.2\r\n');
      socket.on('data', (chunk) => {
        const packet = chunk.toString();
        const id = /ActionID: *(\S+)/i.exec(packet)?.[1] ?? '';
        socket.write(`Response: Error\r\nActionID: ${id}\r\nMessage: refused ${packet.replace(/[\r\n]+/g, ' ')}\r\n\r\n`);
      });
    });
    await new Promise<void>((resolve) => pbx.listen(0, '127.0.0.1', resolve));
    const workspace = makeWorkspace({ 'sluice.yaml': WORKSPACE, 'flows/all.yaml': FLOWS });
    const home = makeFolder('home');
    folders = [workspace, home];
    const env = { ...CANARIES, ECHO_URL: echo.url, PBX_PORT: String((pbx.address() as AddressInfo).port) };
    host = await startHost({ workspace: workspace.path, home: home.path, env });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await host?.dispose();
    await echo?.close();
    pbx?.close();
    for (const folder of folders ?? []) folder.remove();
  }, START_TIMEOUT_MS);

  it('removes secrets from replies, parked runs, the journal, metrics, pages, API answers and logs', async () => {
    const url = host.url ?? '';
    const seen: string[] = [];
    const note = (what: string, value: unknown) =>
      seen.push(`${what}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const asked = ['web', 'erp', 'soap'].flatMap((name) => STATUSES.map((status) => `${name}/${status}`));
    const answers = await Promise.all(asked.map((path) => post(`${url}/in/${path}`, {})));
    for (const [index, { body, headers }] of answers.entries()) note(asked[index] ?? '', { body, headers: [...headers] });
    note('hook', await post(`${url}/in/hook`, {}, { headers: { 'x-signature': 'wrong' } }));
    const token = await signToken({ scope: 'admin' });
    await until(
      'the runs to be parked',
      async () => (await adminList<object>(url, '/api/parked?limit=1000')).length >= 2 * STATUSES.length,
    );
    const parked = await adminList<{ run: string }>(url, '/api/parked?limit=1000');
    note('list', parked);
    for (const { run } of parked) {
      note('show', await admin(url, `/api/parked/${run}`));
      note('find', await admin(url, `/api/find/${run}`));
    }
    for (const path of ['/api/status', '/api/doctor', '/health/ready', '/metrics', '/api/unrouted', '/api/audit'])
      note(path, await ask(url + path, { token }));
    note('log', host.output);
    // verify that the errors themselves are visible
    expect(seen.filter((text) => text.startsWith('show') && text.includes('***'))).not.toEqual([]);
    expect(echo.seen.some(({ headers }) => headers.authorization?.includes(CANARIES.WEB_TOKEN))).toBe(true);
    for (const secret of Object.values(CANARIES))
      for (const form of formsOf(secret))
        expect(seen.filter((text) => text.includes(form)).map((text) => text.slice(0, 2_000))).toEqual([]);
  });

  it('shows only names and states in the public health check', async () => {
    const { body } = await ask(`${host.url}/health/ready`, { token: null });
    const { connections, ...rest } = body as { connections: Record<string, unknown>[] };
    expect(rest).toEqual({ status: 'ok', bus: { state: 'up' }, store: { state: 'up' }, workspace: 'current' });
    expect(connections.map((one) => Object.keys(one))).toEqual(connections.map(() => ['connection', 'state']));
    expect(connections.map(({ connection }) => connection)).toEqual(['web', 'erp', 'soap', 'pbx']);
    for (const { state } of connections) expect(['idle', 'in use', 'waiting', 'failing']).toContain(state);
  });
});
