import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Fault, type Onec, type OnecOptions } from '@sluice/emulator';
import { actionContract, openPlugin, until } from '@sluice/testing';
import { cacheFolder, onecPeer, SERVICE } from '../test/onec-peer.js';
import { plugin } from './plugin.js';

const ORDER = {
  Номер: 'S-1',
  Дата: '2026-02-01T10:00:00+03:00',
  Контрагент: { Наименование: 'ООО «Ёлка» & Ко', Телефон: null },
  Товары: [{ Артикул: 'A-1', Количество: 3, Цена: 0.1, Сумма: 0.3 }],
  Итого: 0.3,
};

actionContract(plugin, 'call', {
  peer: onecPeer,
  input: { service: SERVICE, operation: 'ЗагрузитьЗаказ', arguments: { Заказ: ORDER } },
});

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function start(options: Partial<OnecOptions> = {}): Promise<Onec> {
  const onec = await startOnec({ port: 0, latencyMs: 1, ...options });
  closing.push(onec);
  return onec;
}

async function open(onec: { readonly url: string }, config: object = {}, now?: () => Date) {
  const folder = await cacheFolder();
  closing.push(folder);
  const connection = { baseUrl: `${onec.url}/base/ws`, wsdl: { cache: folder.cache }, ...config };
  const opened = await openPlugin(plugin, connection, now && { now });
  closing.push(opened);
  const call = (operation: string, args: Record<string, unknown> = {}, input: object = {}) =>
    opened.actions.call({ service: SERVICE, operation, arguments: args, ...input });
  return { ...opened, call };
}

async function failureOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => 'the call went well',
    (error: unknown) => error,
  );
}

/** Returns the error of a call to a 1C with this fault. */
async function failureIn(fault: Fault, config: object = {}) {
  const { call } = await open(await start({ faults: [fault] }), config);
  return failureOf(call('Пинг'));
}

describe.each(['1.1', '1.2'] as const)('onec-soap.call over SOAP %s', (soap) => {
  it('writes an order by its type and reads it back', async () => {
    const { call } = await open(await start(), { soap });
    expect(await call('ПроверитьЗаказ', { Заказ: ORDER })).toEqual({ ...ORDER, Дата: '2026-02-01T10:00:00' });
  });

  it('reports the module and the line in 1C that raised an error', async () => {
    const { call } = await open(await start(), { soap });
    expect(await failureOf(call('ВыполнитьМетод', { Метод: 'Fail', Данные: '{"Текст":"нет остатка"}' }))).toMatchObject({
      code: 'ONEC_BUSINESS',
      fate: 'rejected',
      message: 'нет остатка',
      options: { sent: 'yes', details: { module: 'ОбщийМодуль.Обмен', line: 12 } },
    });
  });
});

describe('onec-soap.call', () => {
  it('returns a single result as a value and several results as a map', async () => {
    const { call } = await open(await start());
    expect(await call('Пинг')).toBe('Pong');
    expect(await call('НайтиКонтрагента', { Телефон: '74951234567', КодОшибки: 5 })).toEqual({
      return: true,
      Наименование: 'АО «Василёк»',
      КодОшибки: 5,
    });
    expect(await call('НайтиКонтрагента', { Телефон: '' })).toEqual({ return: false, Наименование: null, КодОшибки: 404 });
  });

  it('keeps the digits of a sum that JavaScript would round', async () => {
    const { call } = await open(await start());
    const sum = '12345678901234567.89';
    expect(await call('ПроверитьЗаказ', { Заказ: { ...ORDER, Итого: sum } })).toMatchObject({ Итого: sum });
  });

  it('writes and reads all kinds of values of 1C in a parameter of any type', async () => {
    const { call } = await open(await start());
    const value = {
      Имя: 'Ёж',
      Список: [1.5, 'x', null, true, []],
      Вложено: { пусто: {} },
      Когда: { '#type': 'xs:dateTime', '#value': '2026-02-01T10:00:00' },
      Ключ: { '#type': 'v8:UUID', '#value': '00000000-0000-0000-0000-000000000001' },
      Соответствие: { '#type': 'v8:Map', '#value': { a: 1 } },
      Таблица: { '#type': 'v8:ValueTable', '#value': [{ A: 1 }, { B: 'x' }] },
      Ссылка: { '#type': 'cfg:CatalogRef.Контрагенты', '#value': '00000000-0000-0000-0000-000000000002' },
    };
    expect(await call('Эхо', { Значение: value })).toEqual({
      ...value,
      Когда: '2026-02-01T10:00:00',
      Ключ: '00000000-0000-0000-0000-000000000001',
      Соответствие: { a: 1 },
      Таблица: [
        { A: 1, B: null },
        { A: null, B: 'x' },
      ],
      Ссылка: '00000000-0000-0000-0000-000000000002',
    });
  });

  it('passes JSON in strings with `json: true`', async () => {
    const { call } = await open(await start());
    expect(await call('ВыполнитьМетод', { Метод: 'Echo', Данные: { Код: 'A-1' } }, { json: true })).toEqual({ Код: 'A-1' });
  });

  it('throws for an error in a JSON result', async () => {
    const { call } = await open(await start());
    const refused = call('ВыполнитьМетод', { Метод: 'Echo', Данные: { Ошибка: 'Конфликт блокировок' } }, { json: true });
    expect(await failureOf(refused)).toMatchObject({ code: 'ONEC_LOCKED' });
  });

  it('authenticates with the user of the connection, also for the WSDL', async () => {
    const user = { user: 'Обмен', password: 'пароль' };
    const { call } = await open(await start(user), user);
    expect(await call('Пинг')).toBe('Pong');
  });

  it('calls a service by its alias', async () => {
    const { actions } = await open(await start());
    const asked = { service: 'InterfaceVersion.1cws', operation: 'GetVersions', arguments: { InterfaceName: 'Exchange' } };
    expect(await actions.call(asked)).toEqual(['2.0.1.6', '3.0.1.1']);
  });

  it('gets the stored answer for a repeated call, so that 1C does the work once', async () => {
    const onec = await start();
    const { actions } = await open(onec);
    const asked = { service: SERVICE, operation: 'ЗагрузитьЗаказ', arguments: { Заказ: ORDER } };
    const first = await actions.call(asked, { id: 'run/save' });
    expect(await actions.call(asked, { id: 'run/save', attempt: 2 })).toEqual(first);
    expect(onec.stats()).toMatchObject({ done: 1, replayed: 1 });
  });

  it('passes the id of the call in the parameter `idArgument`', async () => {
    const { actions } = await open(await start());
    const asked = { service: SERVICE, operation: 'Эхо', idArgument: 'Значение' };
    expect(await actions.call(asked, { id: 'run/save' })).toBe('run/save');
  });

  it('publishes the answer with the id_request of the call', async () => {
    const { call, emitted } = await open(await start());
    await call('Эхо', { Значение: { id_request: '7f' } }, { emitAs: 'onec.response' });
    expect(emitted).toEqual([
      {
        type: 'onec.response',
        subject: '7f',
        correlationid: '7f',
        data: { id_request: '7f', ok: true, result: { id_request: '7f' } },
      },
    ]);
  });

  it.each([
    ['busy', 'OVERLOADED', 'overload', 'no'],
    ['unavailable', 'OVERLOADED', 'overload', 'no'],
    ['html', 'OVERLOADED', 'overload', 'unknown'],
    ['licence', 'ONEC_LICENCE', 'overload', 'no'],
    ['lock', 'ONEC_LOCKED', 'retry', 'yes'],
    ['killed', 'ONEC_SESSION_GONE', 'retry', 'unknown'],
    ['rphost', 'ONEC_RESTARTING', 'retry', 'unknown'],
    ['blocked', 'ONEC_BLOCKED', 'unavailable', 'no'],
    ['business', 'ONEC_BUSINESS', 'rejected', 'yes'],
    ['down', 'ONEC_CUT_OFF', 'retry', 'unknown'],
    ['lost', 'ONEC_CUT_OFF', 'retry', 'unknown'],
  ] as const)('knows the trouble "%s" as %s', async (kind, code, fate, sent) => {
    expect(await failureIn({ kind })).toMatchObject({ code, fate, options: { sent } });
  });

  it('changes the fate of a fault that `errors` of the connection matches', async () => {
    const errors = [{ contains: 'контрагент заблокирован', fate: 'retry' }];
    expect(await failureIn({ kind: 'business' }, { errors })).toMatchObject({
      fate: 'retry',
      message: 'Контрагент заблокирован',
    });
  });

  it('reads an answer that begins with a byte order mark', async () => {
    const { call } = await open(await start({ faults: [{ kind: 'bom' }] }));
    expect(await call('Пинг')).toBe('Pong');
  });

  it('fails after its timeout with an unknown outcome', async () => {
    expect(await failureIn({ kind: 'hang' }, { timeout: '200ms' })).toMatchObject({
      code: 'TIMED_OUT',
      options: { sent: 'unknown' },
    });
  });

  it('rejects an answer that is too large', async () => {
    const { call } = await open(await start(), { maxResponse: '64KiB' });
    const large = failureOf(call('Эхо', { Значение: 'x'.repeat(100_000) }));
    expect(await large).toMatchObject({ code: 'BAD_ANSWER', fate: 'rejected', options: { sent: 'yes' } });
  });

  it('waits for the first call under the same id', async () => {
    const onec = await start();
    const { actions } = await open(onec);
    const asked = { service: SERVICE, operation: 'Пинг' };
    await actions.call(asked);
    onec.setFault({ kind: 'hang', times: 1 });
    const first = failureOf(actions.call(asked, { id: 'run/ping' }));
    await until('the first call in 1C', () => onec.stats().inFlight > 0);
    expect(await failureOf(actions.call(asked, { id: 'run/ping', attempt: 2 }))).toMatchObject({
      code: 'ONEC_RUNNING',
      options: { retryAfterMs: 2_000 },
    });
    onec.setFault();
    expect(await first).toMatchObject({ code: 'ONEC_CUT_OFF' });
  });
});

describe('arguments of onec-soap.call', () => {
  it('rejects an unknown operation before sending and suggests the most similar name', async () => {
    const onec = await start();
    const { call } = await open(onec);
    const failed = await failureOf(call('ЗагрузитьЗаказы', { Заказ: ORDER }));
    expect(failed).toMatchObject({ code: 'NOT_FOUND', fate: 'fatal', options: { sent: 'no' } });
    expect((failed as Error).message).toContain('did you mean ЗагрузитьЗаказ?');
    expect(onec.stats()).toMatchObject({ calls: 1, described: 1 });
  });

  it('rejects wrong arguments before sending and reports all of them', async () => {
    const onec = await start();
    const { call } = await open(onec);
    const { Номер: _, ...wrong } = { ...ORDER, Итог: 1, Дата: 'вчера' };
    const failed = (await failureOf(call('ЗагрузитьЗаказ', { Заказ: wrong }))) as Error;
    expect(failed).toMatchObject({ code: 'ONEC_ARGUMENT', fate: 'rejected', options: { sent: 'no' } });
    for (const told of ['Заказ.Итог: Заказ has no "Итог"', 'Заказ needs "Номер"', 'Заказ.Дата: dateTime is a date'])
      expect(failed.message).toContain(told);
    expect(onec.stats().done).toBe(0);
  });
});

describe('sessions of onec-soap', () => {
  it('keeps its session between calls and the WSDL request, and ends it on close', async () => {
    const onec = await start();
    const opened = await open(onec);
    for (let n = 0; n < 3; n++) await opened.call('Пинг');
    expect(onec.stats().sessions).toMatchObject({ started: 1, held: 1 });
    await opened.close();
    await until('the session given back', () => onec.stats().sessions.held === 0, 5_000);
  });

  it('starts one new session when 1C has ended the old session', async () => {
    const onec = await start({ sessionMaxAgeMs: 300 });
    const { call } = await open(onec);
    await call('Пинг');
    await until('the session expired', () => onec.stats().sessions.held === 0, 5_000);
    expect(await call('Пинг')).toBe('Pong');
    expect(onec.stats().sessions.started).toBe(2);
  });
});

describe('the check of onec-soap', () => {
  const check = async (options: Partial<OnecOptions>, config: object = {}) => {
    const { client } = await open(await start(options), config);
    return plugin.check?.(client);
  };

  it('accepts a server before the first call', () => check({}));
  it('reports a wrong password', () =>
    expect(check({ user: 'a', password: 'b' }, { user: 'a', password: 'cccc' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' }));
  it('reports that 1C cannot be reached', async () => {
    const onec = await start();
    const { call, client } = await open(onec);
    await call('Пинг');
    await onec.close();
    await expect(plugin.check?.(client)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});
