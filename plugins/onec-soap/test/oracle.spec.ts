import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import * as soap from 'soap';
import { readReply } from '../src/soap/reply.js';
import { readResults, writeRequest } from '../src/soap/message.js';
import { serviceOf } from '../src/wsdl/load-wsdl.js';
import type { Service } from '../src/wsdl/service.js';
import { readXml, type XmlElement } from '../src/xml/read-xml.js';
import { SERVICE } from './onec-peer.js';

/** The request of the npm package soap, the response, and the result that the package returned. */
interface Exchange {
  readonly sent: string;
  readonly answer: Buffer;
  readonly result: unknown;
}

const ORDER = {
  Номер: 'S-1',
  Дата: '2026-02-01T10:00:00',
  Контрагент: { Наименование: 'ООО «Ёлка» & Ко <тест> "1"', ИНН: '7707083893', Телефон: '74951234567' },
  Товары: [
    { Артикул: 'A-1', Количество: 3, Цена: 0.1, Сумма: 0.3 },
    { Артикул: 'A-2', Количество: 1.5, Цена: 120 },
  ],
  Комментарий: 'строка 1\nстрока 2',
  Итого: 180.3,
};

/** Operations with arguments in the order of the WSDL: the npm package does not sort them. */
const CALLS: readonly [string, Record<string, unknown>][] = [
  ['ЗагрузитьЗаказ', { Заказ: ORDER }],
  ['ЗагрузитьЗаказ', { Заказ: { ...ORDER, Товары: [] } }],
  ['НайтиКонтрагента', { Телефон: '74951234567', КодОшибки: 5 }],
  ['ВыполнитьМетод', { Метод: 'Echo', Данные: '{"Код":"<&>"}' }],
  ['ЗагрузитьФайл', { Имя: 'счёт.pdf', Содержимое: '0J/RgNC40LLQtdGC' }],
  ['Пинг', {}],
];

type OracleMethod = (given: object, callback: (error: unknown, result: unknown) => void) => void;

let onec: Onec;
let wsdl: string;

beforeAll(async () => {
  onec = await startOnec({ port: 0, latencyMs: 0 });
  wsdl = await (await fetch(`${onec.url}/base/ws/${encodeURIComponent(SERVICE)}?wsdl`)).text();
});

afterAll(() => onec.close());

/** Sends the message with fetch, because the HTTP client of the npm package rejects a Cyrillic SOAPAction. */
async function byOracle(version: '1.1' | '1.2', operation: string, given: object): Promise<Exchange> {
  const address = `${onec.url}/base/ws/${encodeURIComponent(SERVICE)}`;
  const type = version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8';
  let sent = '';
  let answer = Buffer.alloc(0);
  const httpClient = {
    request(_url: string, data: string | null | undefined, callback: (error: unknown, response?: object, body?: string) => void) {
      if (data === undefined || data === null) callback(null, { status: 200, data: wsdl }, wsdl);
      else {
        sent = data;
        void fetch(address, { method: 'POST', body: sent, headers: { 'content-type': type } }).then(async (response) => {
          answer = Buffer.from(await response.arrayBuffer());
          callback(null, { status: response.status, headers: {}, data: answer.toString() }, answer.toString());
        }, callback);
      }
      return Promise.resolve();
    },
  } as unknown as soap.IHttpClient;
  const client = await soap.createClientAsync(`${address}?wsdl`, { httpClient, forceSoap12Headers: version === '1.2' }, address);
  const ports = client[SERVICE] as Record<string, Record<string, OracleMethod>>;
  // the package adds promise methods only for Latin names
  const call = ports[`${SERVICE}Soap${version === '1.2' ? '12' : ''}`]?.[operation];
  const result = await new Promise((resolve, reject) =>
    call?.(given, (error, value) => (error instanceof Error ? reject(error) : resolve(value))),
  );
  return { sent, answer, result };
}

function described(version: '1.1' | '1.2'): Service {
  return serviceOf([{ place: '?wsdl', text: wsdl }], version, FROM);
}

const FROM = { where: 'oracle', baseUrl: '', kind: 'web service' as const, patterns: [] };

/** Returns the content of a message without prefixes and white space. */
function meaning({ name, attributes, children, text }: XmlElement): unknown {
  const content = children.length > 0 ? children.map(meaning) : text;
  return [name, Object.fromEntries([...attributes].sort()), content];
}

describe.each(['1.1', '1.2'] as const)('onec-soap compared with the npm package soap over SOAP %s', (version) => {
  it.each(CALLS)('writes the same elements for %s and reads the same answer: %j', async (operation, given) => {
    const oracle = await byOracle(version, operation, given);
    const service = described(version);
    const found = service.operations.get(operation);
    if (!found) throw new Error(`${operation} is not described`);
    const written = writeRequest(service, found, { arguments: given, json: false }, version, undefined, FROM);
    if (!('text' in written)) throw new Error(JSON.stringify(written));
    expect(meaning(readXml(written.text))).toEqual(meaning(readXml(oracle.sent)));

    const headers = { 'content-type': 'text/xml; charset=utf-8' };
    const reply = readReply({ status: 200, headers, body: oracle.answer }, FROM);
    const ours = readResults(service, found, reply, { arguments: {}, json: false }, FROM);
    const alone = found.results.length === 1;
    expect(ours).toEqual(alone ? (oracle.result as { return: unknown }).return : oracle.result);
  });
});
