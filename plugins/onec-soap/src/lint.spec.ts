import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { checkRemotes, compileWorkspace, parseWorkspaceFile } from '@sluice/flow';
import { openPlugin, startWebService } from '@sluice/testing';
import { cacheFolder, SERVICE } from '../test/onec-peer.js';
import { plugin } from './plugin.js';

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function start(): Promise<{ readonly onec: Onec; readonly connection: { baseUrl: string; wsdl: { cache: string } } }> {
  const folder = await cacheFolder();
  const onec = await startOnec({ port: 0, latencyMs: 1 });
  closing.push(folder, onec);
  return { onec, connection: { baseUrl: `${onec.url}/base/ws`, wsdl: { cache: folder.cache } } };
}

const bytes = (text: string) => Buffer.from(text);

/** Returns the findings for a step with this `with`, each as code, line, column, message and replacement. */
async function lintOf(connection: object, step: string): Promise<unknown[]> {
  const workspace = JSON.stringify({
    sluice: 1,
    plugins: ['@sluice/plugin-onec-soap'],
    connections: { erp: { use: 'onec-soap', with: connection } },
  });
  const flow = `sluice: 1\nflow: orders\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n  - id: save\n    use: onec-soap.call\n    connection: erp\n    with:\n${step}\n`;
  const { file } = parseWorkspaceFile({ file: 'sluice.yaml', bytes: bytes(workspace) });
  const plugins = new Map([[plugin.name, plugin]]);
  const flows = [{ file: 'flows/orders.yaml', bytes: bytes(flow) }];
  const compiled = file && compileWorkspace({ workspace: file, flows, plugins, env: {} });
  if (!compiled?.workspace) throw new Error(JSON.stringify(compiled?.findings));
  const { connections } = compiled.workspace;
  const findings = await checkRemotes({ flows, plugins, connections }, new AbortController().signal);
  return findings.map(({ code, line, column, message, write }) => [code, line, column, message, write]);
}

const GOOD = `      service: ${SERVICE}
      operation: ЗагрузитьЗаказ
      arguments: { Заказ: '\${{ trigger.data }}' }`;

describe('the lint of onec-soap', () => {
  it('accepts arguments and expressions that match the WSDL', async () => {
    const { connection } = await start();
    expect(await lintOf(connection, GOOD)).toEqual([]);
  });

  it('reports an unknown operation with the most similar name', async () => {
    const { connection } = await start();
    expect(await lintOf(connection, GOOD.replace('ЗагрузитьЗаказ', 'ЗагрузитьЗаказы'))).toEqual([
      ['REF_REMOTE', 10, 18, expect.stringContaining('has no operation ЗагрузитьЗаказы'), 'ЗагрузитьЗаказ'],
    ]);
  });

  it('reports every argument that does not match the WSDL, at any depth', async () => {
    const { connection } = await start();
    const step = `      service: ${SERVICE}
      operation: ПроверитьЗаказ
      arguments:
        Заказ:
          Номер: \${{ trigger.data.number }}
          Дата: вчера
          Контрагент: { Наименование: Ёж, Телефон: null, ИНЕ: '77' }
        Заказы: 1`;
    expect(await lintOf(connection, step)).toEqual([
      ['REF_REMOTE', 13, 11, 'Заказ needs "Итого"', undefined],
      ['REF_REMOTE', 14, 17, expect.stringContaining('dateTime is a date'), undefined],
      ['REF_REMOTE', 15, 58, expect.stringContaining('Контрагент has no "ИНЕ"'), 'ИНН'],
      ['REF_REMOTE', 16, 9, expect.stringContaining('has no "Заказы"'), 'Заказ'],
    ]);
  });

  it('reports a service that 1C does not publish', async () => {
    const { connection } = await start();
    expect(await lintOf(connection, GOOD.replace(SERVICE, 'ОбменССайт'))).toEqual([
      ['REF_REMOTE', 9, 16, expect.stringContaining('404 for the web service ОбменССайт'), undefined],
    ]);
  });

  it('reports why a step cannot be checked', async () => {
    const { onec, connection } = await start();
    const wsdl = await (await fetch(`${onec.url}/base/ws/${encodeURIComponent(SERVICE)}?wsdl`)).text();
    const answer = async (body: string) => {
      const service = await startWebService(
        (_request, response) => void response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' }).end(body),
      );
      closing.push(service);
      return lintOf({ ...connection, baseUrl: `${service.url}/base/ws` }, GOOD);
    };
    expect(await answer('<html/>')).toEqual([
      ['REF_REMOTE', 9, 16, expect.stringMatching(/the step cannot be checked: .* is not a WSDL/), undefined],
    ]);
    expect(await answer(wsdl.replaceAll('style="document" soapAction', 'style="rpc" soapAction'))).toEqual([
      [
        'REF_REMOTE',
        10,
        18,
        expect.stringMatching(/the operation ЗагрузитьЗаказ cannot be called: it is not document/),
        undefined,
      ],
    ]);
    // the WSDL does not describe the type of an argument
    expect(
      await answer(
        wsdl
          .replaceAll(/<complexType name="Заказ"/g, '<complexType name="Прочее"')
          .replaceAll(/<xs:complexType name="Заказ"/g, '<xs:complexType name="Прочее"'),
      ),
    ).toEqual([['REF_REMOTE', 10, 18, expect.stringContaining('is not described'), undefined]]);
  });

  it('uses the copy on the disk when 1C cannot be reached, and reports nothing without a copy', async () => {
    const { onec, connection } = await start();
    const wrong = GOOD.replace('ЗагрузитьЗаказ', 'ЗагрузитьЗаказы');
    const opened = await openPlugin(plugin, connection);
    await opened.actions.call({ service: SERVICE, operation: 'Пинг' });
    await opened.close();
    await onec.close();
    expect(await lintOf(connection, wrong)).toHaveLength(1);
    expect(await lintOf({ ...connection, wsdl: { cache: `${connection.wsdl.cache}/none` } }, wrong)).toEqual([]);
  });
});
