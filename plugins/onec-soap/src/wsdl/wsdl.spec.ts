import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec } from '@sluice/emulator';
import { openPlugin, startWebService, type Answer } from '@sluice/testing';
import { cacheFolder, SERVICE } from '../../test/onec-peer.js';
import { plugin } from '../plugin.js';

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

const keep = <Closable extends { close(): Promise<void> }>(one: Closable): Closable => {
  closing.push(one);
  return one;
};

async function open(url: string, config: object = {}, now?: () => Date) {
  const { cache } = keep(await cacheFolder());
  const opened = keep(await openPlugin(plugin, { baseUrl: `${url}/base/ws`, wsdl: { cache }, ...config }, now && { now }));
  const call = (operation = 'Пинг') =>
    opened.actions.call({ service: SERVICE, operation }).catch((error: unknown) => error as Error);
  return { ...opened, cache, call };
}

/** Calls a service that answers the request for its WSDL with this answer. */
async function described(answer: Answer, config: object = {}) {
  const service = keep(await startWebService(answer));
  const { call } = await open(service.url, config);
  return { failed: await call(), service };
}

const answering =
  (status: number, type: string, body: string): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': type }).end(body);

/** Returns the WSDL of the emulator. */
async function wsdlOfEmulator(): Promise<string> {
  const onec = keep(await startOnec({ port: 0, latencyMs: 0 }));
  return (await fetch(`${onec.url}/base/ws/${encodeURIComponent(SERVICE)}?wsdl`)).text();
}

const XML = 'text/xml; charset=utf-8';

describe('operations that cannot be called', () => {
  const broken: readonly (readonly [string, (wsdl: string) => string, string])[] = [
    [
      'is rpc',
      (wsdl) =>
        wsdl.replace(
          /(<(?:\w+:)?operation name="ПроверитьЗаказ">\s*<soap\w*:operation [^>]*?)style="document"/g,
          '$1style="rpc"',
        ),
      'not document/literal',
    ],
    [
      'has an empty message',
      (wsdl) => wsdl.replace(/(<(?:\w+:)?message name="ПроверитьЗаказRequest[^>]*>)[^]*?(<\/(?:\w+:)?message>)/, '$1$2'),
      'empty',
    ],
    [
      'requires a header',
      (wsdl) =>
        wsdl.replace(
          /(<(?:\w+:)?operation name="ПроверитьЗаказ">\s*<soap\w*:operation [^>]*>\s*<(?:\w+:)?input[^>]*>)/g,
          '$1<soapbind:header message="tns:H" part="Ключ" use="literal"/>',
        ),
      'the SOAP header Ключ',
    ],
    [
      'has a message of several parts',
      (wsdl) => wsdl.replace(/(<(?:\w+:)?message name="ПроверитьЗаказRequest[^>]*>)([^]*?)(<\/(?:\w+:)?message>)/, '$1$2$2$3'),
      'several parts',
    ],
    [
      'names its message with a prefix that is not declared',
      (wsdl) => wsdl.replace(/(<input name="ПроверитьЗаказRequest" message=")tns:/, '$1nowhere:'),
      'the prefix nowhere is not declared',
    ],
  ];

  it.each(broken)('keeps the other operations usable when one %s', async (_why, change, reason) => {
    const onec = keep(await startOnec({ port: 0, latencyMs: 0 }));
    const original = await (await fetch(`${onec.url}/base/ws/${encodeURIComponent(SERVICE)}?wsdl`)).text();
    const changed = change(original);
    expect(changed).not.toBe(original);
    const namespace = /targetNamespace="([^"]*)"/.exec(original)?.[1] ?? '';
    const pong = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><m:ПингResponse xmlns:m="${namespace}"><m:return>да</m:return></m:ПингResponse></e:Body></e:Envelope>`;
    const service = keep(
      await startWebService(
        (request, response) =>
          void response.writeHead(200, { 'content-type': XML }).end(request.method === 'GET' ? changed : pong),
      ),
    );
    const { call, client } = await open(service.url);
    expect(await call('Пинг')).not.toBeInstanceOf(Error);
    await client.check();
    expect(await call('ПроверитьЗаказ')).toMatchObject({
      code: 'ONEC_WSDL_UNSUPPORTED',
      message: expect.stringMatching(new RegExp(`the operation ПроверитьЗаказ cannot be called: .*${reason}`)),
      options: { sent: 'no' },
    });
    // `doctor` runs the same check
    await expect(client.check()).rejects.toThrow(`ПроверитьЗаказ of ${SERVICE} cannot be called`);
  });
});

describe('WSDLs that cannot be used', () => {
  it.each([
    ['a web page', 200, 'text/html', '<html><body>Вход</body></html>', 'ONEC_WSDL', 'unavailable', 'a web page'],
    [
      'nothing',
      404,
      'text/html',
      'x',
      'NOT_FOUND',
      'fatal',
      'check that the base and the web service are published under this name',
    ],
    ['for another user', 401, 'text/plain', '', 'UNAUTHORIZED', 'fatal', 'check the user and its right to the web service'],
    ['of a full pool', 406, 'text/plain', '', 'OVERLOADED', 'overload', 'session pool'],
    [
      'of a base that is closed',
      500,
      'text/plain',
      'Начало сеанса с информационной базой запрещено',
      'ONEC_BLOCKED',
      'unavailable',
      'запрещено',
    ],
    ['no XML', 200, XML, '{"a":1}', 'ONEC_WSDL', 'unavailable', 'incomplete or not XML'],
    ['other XML', 200, XML, '<a/>', 'ONEC_WSDL', 'unavailable', 'this XML is not a WSDL'],
    [
      'without a service',
      200,
      XML,
      '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>',
      'ONEC_WSDL_UNSUPPORTED',
      'fatal',
      'describes no service',
    ],
  ])('explains a WSDL that is %s with sent: no', async (_what, status, type, body, code, fate, words) => {
    const { failed } = await described(answering(status, type, body));
    expect(failed).toMatchObject({ code, fate, options: { sent: 'no' } });
    expect(failed).toHaveProperty('message', expect.stringContaining(words));
  });

  it.each([
    [
      'in a character set that nobody knows',
      Buffer.from('<?xml version="1.0" encoding="klingon"?><a/>'),
      'the charset "klingon"',
    ],
    ['in bytes that are not of its encoding', Buffer.from([0x3c, 0x61, 0x3e, 0xd2]), 'the body is not UTF-8'],
  ])('reports the encoding error of a WSDL that is %s', async (_what, body, words) => {
    const { failed } = await described(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/xml' }).end(body),
    );
    expect(failed).toMatchObject({ code: 'ONEC_WSDL', message: expect.stringContaining(words) });
  });

  it('reads a WSDL in UTF-16 with a byte order mark', async () => {
    const whole = await wsdlOfEmulator();
    const body = Buffer.from(`\ufeff${whole.replace('UTF-8', 'UTF-16')}`, 'utf16le');
    const { failed } = await described((request, response) => {
      const isWsdl = request.method === 'GET';
      response
        .writeHead(isWsdl ? 200 : 500, { 'content-type': isWsdl ? 'text/xml' : 'text/plain' })
        .end(isWsdl ? body : 'Нет остатка');
    });
    expect(failed).toMatchObject({ code: 'ONEC_BUSINESS' });
  });

  it('rejects a truncated WSDL', async () => {
    const whole = await wsdlOfEmulator();
    const { failed } = await described(answering(200, XML, whole.slice(0, whole.length / 2)));
    expect(failed).toMatchObject({ code: 'ONEC_WSDL', fate: 'unavailable' });
  });

  it('limits the size of a WSDL', async () => {
    const { failed } = await described(answering(200, XML, `<a>${'x'.repeat(100_000)}</a>`), { maxResponse: '64KiB' });
    expect(failed).toMatchObject({ code: 'ONEC_WSDL', message: expect.stringContaining('larger than maxResponse') });
  });

  it.each([
    ['an entity bomb', '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'],
    [
      'a reference to a local file',
      `<!-- x -->\n${' '.repeat(5_000)}<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
    ],
    ['an undefined entity', '<a>&x;</a>'],
  ])('rejects a WSDL with %s', async (_what, body) => {
    const { failed } = await described(answering(200, XML, body));
    expect(failed).toMatchObject({ code: 'ONEC_WSDL' });
  });

  it('reports that the WSDL has only the other version of SOAP', async () => {
    const wsdl = (await wsdlOfEmulator()).replaceAll(/soap12bind:binding/g, 'soap12bind:nothing');
    const { failed } = await described(answering(200, XML, wsdl), { soap: '1.2' });
    expect(failed).toMatchObject({ code: 'ONEC_WSDL_UNSUPPORTED', message: expect.stringContaining('no binding for SOAP 1.2') });
  });
});

describe('WSDLs in several documents', () => {
  /** Moves the types to a second document, which imports the first one. */
  async function split(location: string) {
    const whole = await wsdlOfEmulator();
    const types = /<types>[^]*<\/types>/.exec(whole)?.[0] ?? '';
    const head = /<definitions[^>]*>/.exec(whole)?.[0] ?? '';
    const first = whole.replace(types, `<import namespace="x" location="${location}"/>`);
    const second = `${head}<import location="?wsdl"/>${types}</definitions>`;
    const answer: Answer = (request, response) =>
      void response.writeHead(200, { 'content-type': XML }).end(request.url?.endsWith('types') ? second : first);
    return described(answer);
  }

  it('reads each document once from the configured server', async () => {
    const { service } = await split(`http://srv-1c.local/base/ws/${SERVICE}?types`);
    const asked = service.seen.map(({ method, url }) => `${method} ${decodeURIComponent(url)}`);
    expect(asked).toEqual([`GET /base/ws/${SERVICE}?wsdl`, `GET /base/ws/${SERVICE}?types`, `POST /base/ws/${SERVICE}`]);
  });

  it.each(['/admin?types', 'file:///base/other?types', '../../secret?types'])(
    'rejects an import outside the base URL: %s',
    async (location) => {
      const { failed, service } = await split(location);
      expect(failed).toMatchObject({ code: 'ONEC_WSDL_UNSUPPORTED', message: expect.stringContaining('is not below') });
      expect(service.seen).toHaveLength(1);
    },
  );
});

describe('copies of WSDLs', () => {
  /** Calls a service, which saves its WSDL, and then calls it from a new connection while it answers WSDL requests with this status. */
  async function later(status: number) {
    const wsdl = await wsdlOfEmulator();
    let now = 200;
    const service = keep(
      await startWebService((request, response) => {
        if (request.method === 'GET') response.writeHead(now, { 'content-type': XML }).end(now === 200 ? wsdl : '');
        else response.writeHead(500, { 'content-type': 'text/plain' }).end('Конфликт блокировок');
      }),
    );
    const first = await open(service.url);
    await first.call();
    now = status;
    const again = keep(await openPlugin(plugin, { baseUrl: `${service.url}/base/ws`, wsdl: { cache: first.cache } }));
    const failed = await again.actions.call({ service: SERVICE, operation: 'Пинг' }).catch((error: unknown) => error);
    return { failed, warned: again.host.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message) };
  }

  it('uses the copy while 1C cannot return the WSDL', async () => {
    const { failed, warned } = await later(406);
    expect(failed).toMatchObject({ code: 'ONEC_LOCKED' }); // the answer to the call itself
    expect(warned).toEqual(['the WSDL cannot be read from 1C: using the last copy']);
  });

  it('does not use the copy when 1C answers that the service does not exist', async () => {
    const { failed, warned } = await later(404);
    expect([failed, warned]).toMatchObject([{ code: 'NOT_FOUND', fate: 'fatal', options: { sent: 'no' } }, []]);
  });

  it('ignores a broken copy', async () => {
    const onec = keep(await startOnec({ port: 0, latencyMs: 1 }));
    const opened = await open(onec.url);
    const { cache } = opened;
    await opened.call();
    await opened.close();
    for (const file of await readdir(cache)) await writeFile(path.join(cache, file), '{"documents":');
    await onec.close();
    const again = keep(await openPlugin(plugin, { baseUrl: `${onec.url}/base/ws`, wsdl: { cache } }));
    await expect(again.actions.call({ service: SERVICE, operation: 'Пинг' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      options: { sent: 'no' },
    });
  });

  it('works without a copy when the folder cannot be written', async () => {
    const onec = keep(await startOnec({ port: 0, latencyMs: 1 }));
    const { cache } = keep(await cacheFolder());
    await writeFile(path.join(cache, 'file'), '');
    const opened = await open(onec.url, { wsdl: { cache: path.join(cache, 'file') } });
    expect(await opened.call()).toBe('Pong');
    expect(opened.host.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('reads an old WSDL again, and after a minute also for an unknown operation', async () => {
    let now = 0;
    const onec = keep(await startOnec({ port: 0, latencyMs: 1 }));
    const { call } = await open(onec.url, {}, () => new Date(now));
    const asked = async (at: number, operation: string) => {
      now = at;
      await call(operation);
      return onec.stats().described;
    };
    const MINUTE = 60_000;
    expect(await asked(0, 'Пинг')).toBe(1);
    expect(await asked(MINUTE / 2, 'Новая')).toBe(1);
    expect(await asked(MINUTE, 'Новая')).toBe(2);
    expect(await asked(61 * MINUTE, 'Пинг')).toBe(3);
  });

  it('reads the WSDL once for concurrent calls', async () => {
    const onec = keep(await startOnec({ port: 0, latencyMs: 1 }));
    const { call } = await open(onec.url);
    await Promise.all([call(), call(), call()]);
    expect(onec.stats()).toMatchObject({ described: 1, done: 3 });
  });
});
