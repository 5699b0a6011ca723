import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec } from '@sluice/emulator';
import { checkRemotes, compileWorkspace, parseWorkspaceFile, type Scope } from '@sluice/flow';
import { openPlugin } from '@sluice/testing';
import { plugin } from '../src/index.js';
import { cacheFolder } from './onec-peer.js';

const FOLDER = 'plugins/onec-soap';
const README = readFileSync(`${FOLDER}/README.md`, 'utf8');

function block(language: string, nth = 0): string {
  const found = [...README.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))][nth]?.[1];
  if (found === undefined) throw new Error(`README.md has no block of ${language} number ${nth + 1}`);
  return found;
}

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

describe('the README of onec-soap', () => {
  it('contains the example flow that is linted and tested', () =>
    expect(block('yaml')).toBe(readFileSync(`${FOLDER}/examples/smallest.yaml`, 'utf8')));

  it('contains a flow that runs against the emulator', async () => {
    const onec = await startOnec({ port: 0, latencyMs: 1, user: 'Обмен', password: 'пароль' });
    const folder = await cacheFolder();
    closing.push(onec, folder);
    const env = { ERP_WS_URL: `${onec.url}/base/ws`, ERP_USER: 'Обмен', ERP_PASSWORD: 'пароль' };
    const workspace = `sluice: 1\nplugins: ['@sluice/plugin-onec-soap']\n${block('yaml', 1).replace('    with:', `    with:\n      wsdl: { cache: '${folder.cache}' }`)}`;
    const flows = [{ file: 'flows/order.yaml', bytes: Buffer.from(block('yaml')) }];
    const { file } = parseWorkspaceFile({ file: 'sluice.yaml', bytes: Buffer.from(workspace) });
    const plugins = new Map([[plugin.name, plugin]]);
    const compiled = file && compileWorkspace({ workspace: file, flows, plugins, env });
    expect(compiled?.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    const { connections, flows: [flow] = [] } = compiled?.workspace ?? {};
    if (!connections) throw new Error('the workspace does not compile');
    expect(await checkRemotes({ flows, plugins, connections }, new AbortController().signal)).toEqual([]);

    const step = flow?.steps[0];
    if (step?.verb !== 'use') throw new Error('the first step calls nothing');
    const scope: Scope = {
      trigger: { data: JSON.parse(block('json')) as unknown },
      vars: {},
      env: {},
      context: { now: 0, uuid: () => '', country: 'RU' },
    };
    const input = (await step.with.render(scope)) as Parameters<typeof opened.actions.call>[0];
    const opened = await openPlugin(plugin, {
      baseUrl: env.ERP_WS_URL,
      user: env.ERP_USER,
      password: env.ERP_PASSWORD,
      wsdl: { cache: folder.cache },
    });
    closing.push(opened);
    expect(await opened.actions.call(input)).toEqual(JSON.parse(block('json', 1)));
  });
});
