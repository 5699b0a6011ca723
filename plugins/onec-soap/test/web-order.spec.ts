import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec } from '@sluice/emulator';
import { checkRemotes, compileWorkspace, parseWorkspaceFile, type Scope } from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';
import { plugin as http } from '@sluice/plugin-http';
import { openPlugin } from '@sluice/testing';
import { plugin } from '../src/index.js';
import { cacheFolder } from './onec-peer.js';

const FILE = 'plugins/onec-soap/examples/web-order.yaml';
const EVENT = {
  number: 'S-1',
  createdAt: '2026-02-01T10:00:00',
  customer: { name: 'Иванов', phone: '8 (495) 123-45-67' },
  lines: [{ sku: 'A-1', qty: 3, price: 0.1 }],
};

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function compile() {
  const onec = await startOnec({ port: 0, latencyMs: 1 });
  const folder = await cacheFolder();
  closing.push(onec, folder);
  const connection = { baseUrl: `${onec.url}/base/ws`, wsdl: { cache: folder.cache } };
  const workspace = JSON.stringify({
    sluice: 1,
    plugins: ['@sluice/plugin-onec-soap', '@sluice/plugin-http'],
    connections: {
      erp: { use: 'onec-soap', with: connection, pace: { concurrency: { max: 4 } } },
      shop: { use: 'http', with: { baseUrl: 'http://shop' } },
    },
  });
  const flows = [{ file: FILE, bytes: readFileSync(FILE) }];
  const { file } = parseWorkspaceFile({ file: 'sluice.yaml', bytes: Buffer.from(workspace) });
  const plugins = new Map<string, AnyPlugin>([
    [plugin.name, plugin],
    [http.name, http],
  ]);
  const compiled = file && compileWorkspace({ workspace: file, flows, plugins, env: {} });
  return { onec, connection, flows, plugins, compiled };
}

describe('the sample web-order', () => {
  it('passes lint and matches the WSDL', async () => {
    const { flows, plugins, compiled } = await compile();
    expect(compiled?.findings.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    const connections = compiled?.workspace?.connections ?? new Map();
    expect(await checkRemotes({ flows, plugins, connections }, new AbortController().signal)).toEqual([]);
  });

  it('is paced and sends its answer to two flows', async () => {
    const { compiled } = await compile();
    const { flows = [], connections } = compiled?.workspace ?? {};
    expect(connections?.get('erp')?.pace?.concurrency.max).toBe(4);
    const takers = flows.filter(({ trigger }) => trigger.kind === 'event' && trigger.types.includes('order.accepted'));
    expect(takers.map(({ name }) => name)).toEqual(['accepted-order-to-shop', 'accepted-order-to-customer']);
  });

  it('calls 1C with arguments that match the WSDL', async () => {
    const { onec, connection, compiled } = await compile();
    const step = compiled?.workspace?.flows[0]?.steps[0];
    if (step?.verb !== 'use') throw new Error('the first step calls nothing');
    const scope: Scope = { trigger: { data: EVENT }, vars: {}, env: {}, context: { now: 0, uuid: () => '', country: 'RU' } };
    const opened = await openPlugin(plugin, connection);
    closing.push(opened);
    const input = (await step.with.render(scope)) as Parameters<typeof opened.actions.call>[0];
    expect(input.arguments).toEqual({
      Заказ: {
        Номер: 'S-1',
        Дата: '2026-02-01T10:00:00',
        Контрагент: { Наименование: 'Иванов', Телефон: '74951234567' },
        Товары: [{ Артикул: 'A-1', Количество: 3, Цена: 0.1, Сумма: 0.3 }],
        Итого: 0.3,
      },
    });
    expect(await opened.actions.call(input)).toMatchObject({ Номер: 'ЭМ-000001', Проведен: true });
    expect(onec.stats().done).toBe(1);
  });
});
