import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOnec } from '@sluice/emulator';
import { plugin } from '@sluice/plugin-onec-soap';
import { openPlugin } from '@sluice/testing';
import { freePort } from '@sluice/runtime';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

const FILES = path.join(import.meta.dirname, 'soap');
/** The folder of {@link FILES} in the Debian of the servers. */
const INSIDE = '/soap';
const VERSIONS = ['1.1', '1.2'] as const;
type Version = (typeof VERSIONS)[number];

const ORDER = {
  Номер: 'S-1',
  Комментарий: '',
  Создан: '2026-02-01T10:00:00',
  День: '2026-02-01',
  Час: '10:00:00',
  Срочный: true,
  Покупатель: { Наименование: 'ООО «Ёлка» & <Ко>', Телефон: null, Код: 7 },
  Файл: '0YLQtdGB0YI=',
};
const LINES = [
  { Артикул: ' A-1 ', Количество: 1.5 },
  { Артикул: '', Количество: 0 },
];

/** Returns the folder of the Debian with the servers. Throws outside of `npm run test:real`. */
function soapRoot(): string {
  const root = process.env['SLUICE_REAL_SOAP_ROOT'];
  if (root === undefined) throw new Error('these tests need the servers that "npm run test:real" installs');
  return root;
}

/** Lets the kernel end the program together with the test process. */
const inside = (...command: readonly string[]) => ['--pdeathsig', 'KILL', 'chroot', soapRoot(), ...command];

/** A third-party SOAP server. */
class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(port: number, ...command: readonly string[]): Promise<Server> {
    const child = spawn('setpriv', inside(...command), { stdio: ['ignore', 'ignore', 'inherit'] });
    const url = `http://127.0.0.1:${port}`;
    await until(`${command.join(' ')} to answer`, async () => (await fetch(`${url}/Shop?wsdl`)).ok);
    return new Server(child, url);
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}

let folder: Folder;
beforeAll(() => {
  folder = makeFolder('soap');
  cpSync(FILES, path.join(soapRoot(), INSIDE), { recursive: true });
});
afterAll(() => folder?.remove());

async function open(url: string, soap: Version, service = 'Shop') {
  const opened = await openPlugin(plugin, { baseUrl: url, soap, wsdl: { cache: path.join(folder.path, soap) } });
  const call = (operation: string, args: Readonly<Record<string, unknown>> = {}) =>
    opened.actions.call({ service, operation, arguments: args });
  return { call, close: () => opened.close() };
}

describe.each(VERSIONS)('spyne over SOAP %s', (version) => {
  let server: Server;
  let opened: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    const port = await freePort();
    server = await Server.start(port, 'python3', `${INSIDE}/spyne_server.py`, String(port), version);
    opened = await open(server.url, version);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await opened?.close();
    server?.stop();
  });

  it('returns an object unchanged', async () => {
    const order = { ...ORDER, Вид: 'Опт', Товары: { Строка: LINES }, Метки: ['a', 'б'], Сумма: '12345678901234567890' };
    expect(await opened.call('echo', { order })).toEqual({ echoResult: order });
  });

  it.each([
    ['null', null, 'None'],
    ['nothing', undefined, 'None'],
    ['an empty text', '', '0:'],
    ['blanks and Cyrillic letters', ' Ёж\n', '4: Ёж\n'],
  ])('receives %s without loss', async (_what, text, understood) => {
    expect(await opened.call('describe', text === undefined ? {} : { text })).toEqual({ describeResult: understood });
  });

  it.each([
    ['2026-02-01T10:00:00', '2026-02-01T10:00:00'],
    ['2026-02-01T10:00:00Z', '2026-02-01T13:00:00'],
    ['2026-02-01T10:00:00+05:00', '2026-02-01T08:00:00'],
  ])('receives the time %s in the time zone of the workspace', async (at, understood) => {
    expect(await opened.call('when', { at })).toEqual({ whenResult: understood });
  });

  it('returns an empty list', async () => {
    expect(await opened.call('lines')).toEqual({ linesResult: { Строка: [] } });
  });

  // spyne 2.14 has a bug: it cannot write a fault with a detail in SOAP 1.2
  if (version === '1.1')
    it('keeps the detail of a fault', async () => {
      await expect(opened.call('refuse', { text: 'Кредит исчерпан' })).rejects.toMatchObject({
        code: 'ONEC_BUSINESS',
        message: 'Кредит исчерпан',
        options: { details: { text: expect.stringContaining('E17') } },
      });
    });
});

describe.each(VERSIONS)('the SOAP server of PHP over SOAP %s', (version) => {
  let server: Server;
  let opened: Awaited<ReturnType<typeof open>>;
  let received: string;
  beforeAll(async () => {
    const requests = `${INSIDE}/requests-${version}`;
    received = path.join(soapRoot(), requests);
    rmSync(received, { force: true });
    const port = await freePort();
    server = await Server.start(
      port,
      'env',
      `SOAP_REQUESTS=${requests}`,
      'php',
      '-q',
      '-S',
      `127.0.0.1:${port}`,
      `${INSIDE}/php_server.php`,
    );
    opened = await open(server.url, version);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await opened?.close();
    server?.stop();
  });

  /** Returns the last message without its envelope, for validation by the schema. */
  const lastRequest = () => {
    const message = Buffer.from(readFileSync(received, 'utf8').trimEnd().split('\n').at(-1) ?? '', 'base64').toString();
    const [, declarations = '', tag = '', rest = ''] =
      /:Envelope xmlns:soap="[^"]*"([^>]*)><soap:Body><([^\s/>]+)([^]*)<\/soap:Body>/.exec(message) ?? [];
    return `<${tag}${declarations}${rest}`;
  };

  const order = { ...ORDER, Товары: LINES, Адрес: 'Тверь', Этаж: 3, Сумма: { __content: 10.5, Валюта: 'RUB' } };

  it('returns an object unchanged', async () => {
    expect(await opened.call('Эхо', { Заказ: order })).toEqual(order);
  });

  it.each([
    ['a choice', order],
    ['the other alternative', { ...order, Адрес: undefined, Этаж: undefined, Самовывоз: 'склад' }],
    ['a member of a substitution group', { ...order, Карта: '4111' }],
    [
      'a type that extends another',
      { ...order, Покупатель: { '#type': 'Юрлицо', '#value': { ...order.Покупатель, ИНН: '77' } } },
    ],
    ['an empty list', { ...order, Товары: [] }],
  ])('receives a message that is valid by the schema of its WSDL: %s', async (_what, given) => {
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    await opened.call('Эхо', { Заказ: known });
    writeFileSync(path.join(soapRoot(), INSIDE, 'shop.xsd'), /<xs:schema[^]*<\/xs:schema>/.exec(wsdlWithPrefixes())?.[0] ?? '');
    writeFileSync(path.join(soapRoot(), INSIDE, 'message.xml'), lastRequest());
    const command = ['xmllint', '--noout', '--schema', `${INSIDE}/shop.xsd`, `${INSIDE}/message.xml`];
    expect(() => execFileSync('setpriv', inside(...command), { stdio: 'pipe' })).not.toThrow();
  });

  it.each([[null], [''], [' Ёж ']])('returns the text %j', async (text) => {
    expect(await opened.call('Найти', { Что: text })).toBe(text);
  });

  it('keeps the detail of a fault', async () => {
    await expect(opened.call('Отказать', { Текст: 'Кредит исчерпан' })).rejects.toMatchObject({
      code: 'ONEC_BUSINESS',
      message: 'Кредит исчерпан',
      options: { details: { text: expect.stringContaining('E17') } },
    });
  });
});

/** Returns the schema of the WSDL as a separate document, with the prefixes of the root. */
function wsdlWithPrefixes(): string {
  return readFileSync(path.join(FILES, 'shop.wsdl'), 'utf8').replace(
    '<xs:schema ',
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://shop.example/exchange" ',
  );
}

describe.each(VERSIONS)('zeep over SOAP %s', (version) => {
  // the namespace of the service has only Latin letters, because libxml2 rejects others
  it('calls the emulated 1C by its WSDL', async () => {
    const onec = await startOnec({ port: 0, latencyMs: 1 });
    try {
      const command = ['python3', `${INSIDE}/zeep_client.py`, `${onec.url}/base/ws/InterfaceVersion?wsdl`, version];
      const { stdout } = await promisify(execFile)('setpriv', inside(...command));
      expect(JSON.parse(stdout)).toEqual(await versionsReadByUs(onec.url, version));
    } finally {
      await onec.close();
    }
  });
});

async function versionsReadByUs(url: string, version: Version): Promise<unknown> {
  const { call, close } = await open(`${url}/base/ws`, version, 'InterfaceVersion');
  const versions = await call('GetVersions', { InterfaceName: 'Обмен' });
  await close();
  return versions;
}
