import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, startPbx, startPbxControl } from '@sluice/emulator';
import type { Workspace } from '@sluice/flow';
import { plugin as onecHttp } from '@sluice/plugin-onec-http';
import { plugin as gateway } from '@sluice/plugin-tcp-gateway';
import { MemoryBroker, MemoryDatabase, MemoryStore } from '@sluice/memory';
import { until } from '@sluice/testing';
import { plugin } from '../src/index.js';
import { pluginsOf, startHost, workspaceOf } from './running-host.js';

const FOLDER = path.join(import.meta.dirname, '..');
const README = readFileSync(path.join(FOLDER, 'README.md'), 'utf8');
const PLUGINS = pluginsOf(plugin, onecHttp, gateway);

function block(language: string, nth = 0): string {
  const found = [...README.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))][nth]?.[1];
  if (found === undefined) throw new Error(`README.md has no block of ${language} number ${nth + 1}`);
  return found;
}

/** Returns the line of the README with this beginning. */
function shown(beginning: string): string {
  const line = README.split('\n').find((one) => one.trim().startsWith(beginning));
  if (line === undefined) throw new Error(`README.md has no line that begins with "${beginning}"`);
  return line.trim();
}

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function run(workspace: Workspace): Promise<void> {
  const spool = await mkdtemp(path.join(tmpdir(), 'sluice-readme-'));
  closing.push(() => rm(spool, { recursive: true }));
  const store = new MemoryStore(new MemoryDatabase());
  closing.push(() => store.close());
  closing.push(await startHost({ workspace, plugins: PLUGINS, broker: new MemoryBroker(), store, spool }));
}

describe('the README of asterisk-ami', () => {
  it('contains the example flow', async () => {
    expect(block('yaml')).toBe(await readFile(path.join(FOLDER, 'examples', 'smallest.yaml'), 'utf8'));
  });

  it('contains a flow that runs unchanged against the stand-ins', async () => {
    const [, secret = ''] = /--secret (\S+)/.exec(shown('npx sluice emulate pbx')) ?? [];
    const pbx = await startPbx({ port: 0, secret, ringMs: 5, talkMs: 5, bootedAt: 1_795_351_835 });
    const control = await startPbxControl(pbx, 0);
    const onec = await startOnec({ port: 0, latencyMs: 1 });
    closing.push(
      () => pbx.close(),
      () => control.close(),
      () => onec.close(),
    );
    const given = Object.fromEntries(
      [...shown('PBX_HOST=').matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const env = { ...given, ERP_URL: (given['ERP_URL'] ?? '').replace('http://127.0.0.1:8081', onec.url) };
    // this test uses free ports
    await run(
      workspaceOf(
        block('yaml', 1).replace('user: sluice', `port: ${pbx.port}\n      user: sluice`),
        [block('yaml')],
        env,
        PLUGINS,
      ),
    );
    await until('the subscription', () => pbx.stats().actions['CoreShowChannels'] !== undefined, 10_000);

    const [, url = '', body = ''] = /-X POST (\S+) -d '(.*)'/.exec(shown('curl -X POST')) ?? [];
    const answer = await fetch(url.replace('http://127.0.0.1:8083', control.url), { method: 'POST', body });
    expect(answer.status).toBe(200);
    await until('the call in 1C', () => onec.stats().done === 1, 10_000);
    expect(onec.stats()).toMatchObject({ calls: 1, done: 1 });
  });

  it('contains the fields of a call', () => {
    const call = JSON.parse(block('json')) as object;
    expect(plugin.triggers.call.output.strict().safeParse(call)).toMatchObject({ success: true });
  });

  it('has examples without lint problems', async () => {
    const flows = await Promise.all(
      ['smallest', 'call-card', 'campaign'].map((name) => readFile(path.join(FOLDER, 'examples', `${name}.yaml`), 'utf8')),
    );
    const campaign = block('yaml', 2).replaceAll(/^/gm, '  ');
    const text = `${block('yaml', 1).replace("'@sluice/plugin-onec-http'", "'@sluice/plugin-onec-http', '@sluice/plugin-tcp-gateway'")}  desktops:\n    use: tcp-gateway\n${campaign}`;
    const workspace = workspaceOf(
      text,
      flows,
      { PBX_HOST: 'pbx', PBX_SECRET: 'secret', ERP_URL: 'http://127.0.0.1/hs/gate' },
      PLUGINS,
    );
    expect(workspace.flows.map(({ name }) => name)).toEqual(['calls-to-erp', 'incoming-call', 'debt-campaign']);
  });

  it('lists each error code with its fate', async () => {
    const { ami } = await import('../src/failures.js');
    const reported = new Map(
      [...README.matchAll(/^\| `(AMI_\w+)` \| (\w+) \|/gm)].map(([, code = '', fate = '']) => [code, fate]),
    );
    expect(Object.fromEntries(reported)).toEqual(
      Object.fromEntries(Object.entries(ami).map(([code, make]) => [code, make('').fate])),
    );
  });

  it('lists each option of the connection', () => {
    for (const key of Object.keys(plugin.connection.shape)) expect(README).toContain(`\`${key}`);
  });
});
