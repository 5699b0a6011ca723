import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec, type OnecOptions } from '../index.js';

let onec: Onec;

async function start(options: Partial<OnecOptions> = {}): Promise<void> {
  onec = await startOnec({ port: 0, latencyMs: 1, ...options });
}

afterEach(() => onec.close());

const NS = 'http://www.sample-package.org/ОбменССайтом';
const address = (service = 'ОбменССайтом') => `${onec.url}/base/ws/${encodeURIComponent(service)}`;
const SOAP = { '1.1': 'http://schemas.xmlsoap.org/soap/envelope/', '1.2': 'http://www.w3.org/2003/05/soap-envelope' };
const TYPE = { '1.1': 'text/xml', '1.2': 'application/soap+xml' };

interface Asked {
  readonly version?: '1.1' | '1.2';
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function call(content: string, { version = '1.1', type = TYPE[version], headers = {} }: Asked = {}) {
  const body = `<s:Envelope xmlns:s="${SOAP[version]}" xmlns:q="${NS}"><s:Body>${content}</s:Body></s:Envelope>`;
  const response = await fetch(address(), { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text(), response };
}

const PING = '<q:Пинг/>';

describe('the web services of the emulated 1C', () => {
  it('read a message in the encoding of its XML declaration', async () => {
    await start();
    const name = '\xcf\xe8\xed\xe3'; // Пинг in windows-1251
    const body = `<?xml version="1.0" encoding="windows-1251"?><s:Envelope xmlns:s="${SOAP['1.1']}"><s:Body><q:${name} xmlns:q="http://www.sample-package.org/\xce\xe1\xec\xe5\xed\xd1\xd1\xe0\xe9\xf2\xee\xec"/></s:Body></s:Envelope>`;
    const headers = { 'content-type': 'text/xml' };
    const answer = await fetch(address(), { method: 'POST', body: Buffer.from(body, 'latin1'), headers });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('ПингResponse')]);
  });

  it('have a WSDL with the address of an internal server, as real publications do', async () => {
    await start();
    const wsdl = await (await fetch(`${address()}?wsdl`)).text();
    for (const part of [
      'soapAction="http://www.sample-package.org/ОбменССайтом#ОбменССайтом:Пинг"',
      'http://srv-1c.local/base/ws/',
      'nillable="true"',
    ])
      expect(wsdl).toContain(part);
    expect((await fetch(`${address('НетТакого')}?wsdl`)).status).toBe(404);
    expect(onec.stats()).toMatchObject({ calls: 2, described: 2, done: 0 });
  });

  it.each(['1.1', '1.2'] as const)('answer SOAP %s in the same version', async (version) => {
    await start();
    const { status, type, text } = await call(PING, { version });
    expect([status, type]).toEqual([200, `${TYPE[version]}; charset=utf-8`]);
    expect(text).toContain(`<soap:Envelope xmlns:soap="${SOAP[version]}">`);
    expect(text).toMatch(/<m:return [^>]*>Pong<\/m:return>/);
  });

  it.each([
    ['an operation that they do not have', '<q:Понг/>'],
    ['a parameter too few', '<q:ЗагрузитьФайл><q:Имя>x</q:Имя></q:ЗагрузитьФайл>'],
    ['another order of parameters', '<q:ЗагрузитьФайл><q:Содержимое/><q:Имя/></q:ЗагрузитьФайл>'],
    ['a parameter of another namespace', '<q:Эхо><Значение/></q:Эхо>'],
    ['half a message', '<q:Эхо>'],
    ['a document type', '<!DOCTYPE a><q:Пинг/>'],
  ])('refuse %s and do no work', async (_what, content) => {
    await start();
    const { status, text } = await call(content);
    expect([status, onec.stats().done]).toEqual([500, 0]);
    expect(text).toContain('<faultcode>soap:Client</faultcode><faultstring>Ошибка преобразования данных XDTO');
  });

  it('refuse a message with another content type', async () => {
    await start();
    expect((await call(PING, { type: 'application/json' })).status).toBe(415);
  });

  it('answer with an exception and its causes', async () => {
    await start();
    const { status, text } = await call('<q:ВыполнитьМетод><q:Метод>Fail</q:Метод><q:Данные>{}</q:Данные></q:ВыполнитьМетод>');
    expect(status).toBe(500);
    expect(text).toMatch(
      /\{WebСервис\.ОбменССайтом\.Модуль\(25\)\}[^]*по причине:\n\{ОбщийМодуль\.Обмен\.Модуль\(12\)\}: Контрагент заблокирован/,
    );
  });

  it('share sessions, request ids and faults with the HTTP services', async () => {
    await start({ sessions: 1, poolTimeoutMs: 10, faults: [{ kind: 'lock', times: 1 }] });
    expect((await call(PING)).text).toContain('<faultstring>Неизвестная ошибка. {ОбщийМодуль.Обмен.Модуль(48)}');
    const { response } = await call(PING, { headers: { ibsession: 'start' } });
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await call(PING)).status).toBe(406);
    const gate = await fetch(`${onec.url}/base/hs/gate/v1`, { method: 'POST', body: '{"method":"Ping"}', headers: { cookie } });
    expect(gate.status).toBe(200);
    const id = { cookie, 'x-request-id': 'r/1' };
    const [first, again] = [await call(PING, { headers: id }), await call(PING, { headers: id })];
    expect([again.text, again.response.headers.get('x-request-replayed')]).toEqual([first.text, '1']);
  });

  it('apply no fault to a request for the WSDL', async () => {
    await start({ faults: [{ kind: 'busy', times: 1 }] });
    expect((await fetch(`${address()}?wsdl`)).status).toBe(200);
    expect((await call(PING)).status).toBe(406);
  });
});
