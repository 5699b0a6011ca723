import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startDesktops, startOnec, startPbx, type Desktops, type Onec, type Pbx } from '@sluice/emulator';
import { signOperatorToken } from '@sluice/host';
import { freePort } from '@sluice/runtime';
import { ask, post } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { startHost, type HostProcess } from '../support/host.js';
import { OPERATOR_SECRET } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

const ORDER = JSON.parse(readFileSync('flows/samples/order.json', 'utf8')) as { readonly number: string };
const CALL = JSON.parse(readFileSync('flows/samples/call.json', 'utf8')) as { readonly from: string; readonly to: string };

interface Heard {
  readonly event: string | undefined;
  readonly data: unknown;
}

/** Copies the sample workspace, with its own cache folder for WSDLs. */
function copySamples(): Folder {
  const workspace = makeFolder('samples');
  cpSync('flows', path.join(workspace.path, 'flows'), { recursive: true });
  const cache = JSON.stringify(path.join(workspace.path, 'wsdl'));
  const settings = readFileSync('sluice.yaml', 'utf8').replace(
    'use: onec-soap\n    with:',
    `$&\n      wsdl: { cache: ${cache} }`,
  );
  if (!settings.includes(cache)) throw new Error('sluice.yaml has no connection to web services of 1C');
  writeFileSync(path.join(workspace.path, 'sluice.yaml'), settings);
  return workspace;
}

/** The desktop session of the user at the ringing telephone. */
function tokenOf(user: string, scope: string): Promise<string> {
  return signOperatorToken(OPERATOR_SECRET, { sub: user, scope, ttlMs: 600_000, extension: CALL.to });
}

function flowsIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
  return files.flatMap((file) => readFileSync(path.join(folder, file), 'utf8').match(/^flow: /gm) ?? []).length;
}

describe('the sample workspace', () => {
  let onec: Onec;
  let pbx: Pbx;
  let desktops: Desktops;
  let host: HostProcess;
  let workspace: Folder;
  let home: Folder;
  const heard: Heard[] = [];

  beforeAll(async () => {
    workspace = copySamples();
    home = makeFolder('home');
    const port = await freePort();
    [onec, pbx] = await Promise.all([startOnec({ port: 0, latencyMs: 1 }), startPbx({ port: 0 })]);
    const env = {
      ERP_URL: `${onec.url}/base/hs/gate`,
      PBX_HOST: pbx.host,
      PBX_PORT: String(pbx.port),
      SLUICE_STOMP_PORT: String(port),
    };
    host = await startHost({ workspace: workspace.path, home: home.path, env });
    desktops = await startDesktops({
      users: 1,
      port: 0,
      gateway: { host: '127.0.0.1', port },
      token: (user) => tokenOf(user, 'desktop'),
      heard: (_user, { headers, body }) => void heard.push({ event: headers.get('event'), data: JSON.parse(body.toString()) }),
    });
    await until('the desktop and the exchange', () => desktops.stats().online === 1 && pbx.stats().actions['CoreShowChannels']);
  }, START_TIMEOUT_MS);

  beforeEach(() => {
    heard.length = 0;
  });

  afterAll(async () => {
    await desktops?.close();
    await host?.dispose();
    await Promise.all([onec?.close(), pbx?.close()]);
    for (const folder of [workspace, home]) folder?.remove();
  }, START_TIMEOUT_MS);

  it('has no findings and reads every document of a file as a flow', async () => {
    const linted = await sluice(host.url ?? '', 'lint', '--workspace', '.');
    expect(linted).toEqual({ code: 0, stdout: '', stderr: `${flowsIn('flows')} flows, 0 findings\n` });
  });

  it('lints single files and rejects a path without flows', async () => {
    const one = await sluice(host.url ?? '', 'lint', 'flows/web-order.yaml');
    expect(one).toEqual({ code: 0, stdout: '', stderr: '3 flows, 0 findings\n' });
    const missing = await sluice(host.url ?? '', 'lint', 'flaws');
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no file flaws') });
    const elsewhere = await sluice(host.url ?? '', 'lint', 'docs');
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('docs has no file of the workspace') });
  });

  it('saves a web order and its customer in 1C once and notifies the manager', async () => {
    const door = `${host.url}/in/orders`;
    expect(await post(door, ORDER)).toMatchObject({ status: 202 });
    await until('the manager to be told, and the customer to be saved', () => heard.length === 1 && onec.stats().done === 2);
    expect(heard).toEqual([{ event: 'order.saved', data: { number: ORDER.number, document: 'ЭМ-000001' } }]);

    expect(await post(door, ORDER)).toMatchObject({ status: 202 });
    expect(await post(door, { ...ORDER, number: 'S-2' })).toMatchObject({ status: 202 });
    await until('the other order', () => heard.length === 2 && onec.stats().done === 4);
    expect(heard[1]).toMatchObject({ data: { number: 'S-2', document: 'ЭМ-000003' } });
  });

  it('shows callers on the desktop and in the timeline, except colleagues and hidden numbers', async () => {
    const token = await tokenOf('user1', 'timeline:read');
    const timeline = `${host.url}/api/timeline/journal`;
    const now = new Date().toISOString();
    const { cursor } = (await ask(`${timeline}/entries?from=${now}&to=${now}`, { token })).body as { cursor: string };
    for (const from of ['102', 'anonymous', '']) pbx.ring({ from, to: CALL.to });
    pbx.ring(CALL);
    const cards = await until('the card', async () => {
      const { calls } = (await ask(`${timeline}/changes?after=${cursor}`, { token })).body as { calls: readonly object[] };
      return calls.length > 0 && calls;
    });
    expect(cards).toMatchObject([{ phone: CALL.from, client: 'АО «Василёк»' }]);
    expect(heard).toEqual([{ event: 'call.popup', data: { title: 'АО «Василёк»', phone: CALL.from } }]);
  });

  it('shows only the number while 1C does not answer', async () => {
    onec.setFault({ kind: 'hang', times: 1 });
    pbx.ring(CALL);
    await until('the pop-up', () => heard.length > 0);
    expect(heard).toEqual([{ event: 'call.popup', data: { title: 'Неизвестный номер', phone: CALL.from } }]);
  });
});
