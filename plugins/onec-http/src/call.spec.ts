import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Fault, type Onec, type OnecOptions } from '@sluice/emulator';
import { actionContract, openPlugin, until } from '@sluice/testing';
import { plugin } from './plugin.js';
import { onecPeer } from '../test/onec-peer.js';

actionContract(plugin, 'call', { peer: onecPeer, input: { method: 'SaveOrder', data: { Номер: 'S-1' } } });

const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function start(options: Partial<OnecOptions> = {}): Promise<Onec> {
  const onec = await startOnec({ port: 0, latencyMs: 1, ...options });
  closing.push(onec);
  return onec;
}

async function open(onec: Onec, config: object = {}, now?: () => Date) {
  const opened = await openPlugin(plugin, { baseUrl: `${onec.url}/base/hs/gate`, ...config }, now && { now });
  closing.push(opened);
  return opened;
}

/** What a call meets when 1C is in this trouble. */
async function failureOf(fault: Fault, config: object = {}) {
  const opened = await open(await start({ faults: [fault] }), config);
  return opened.actions.call({ method: 'SaveOrder' }).then(
    () => 'the call went well',
    (error: unknown) => error,
  );
}

describe('onec-http.call', () => {
  it('gives what the method answers', async () => {
    const opened = await open(await start());
    expect(await opened.actions.call({ method: 'Echo', data: { Код: 'A-1' } })).toEqual({ Код: 'A-1' });
  });

  it('reaches an older service by its query', async () => {
    const opened = await open(await start(), { style: 'query' });
    expect(await opened.actions.call({ method: 'Echo', data: { Имя: 'Ёж + К°' } })).toEqual({ Имя: 'Ёж + К°' });
  });

  it('is known to 1C by a Cyrillic name and password', async () => {
    const onec = await start({ user: 'Обмен', password: 'пароль' });
    const opened = await open(onec, { user: 'Обмен', password: 'пароль' });
    expect(await opened.actions.call({ method: 'Echo', data: { a: 1 } })).toEqual({ a: 1 });
  });

  it('gets the stored answer when it is repeated, and the work is done once', async () => {
    const onec = await start();
    const opened = await open(onec);
    const first = await opened.actions.call({ method: 'SaveOrder' }, { id: 'run/save' });
    expect(await opened.actions.call({ method: 'SaveOrder' }, { id: 'run/save', attempt: 2 })).toEqual(first);
    expect(onec.stats()).toMatchObject({ done: 1, replayed: 1 });
  });

  it('publishes the answer under the id of the question', async () => {
    const opened = await open(await start());
    await opened.actions.call({ method: 'Echo', data: { id_request: '7f' }, emitAs: 'onec.response' });
    expect(opened.emitted).toEqual([
      {
        type: 'onec.response',
        subject: '7f',
        correlationid: '7f',
        data: { id_request: '7f', ok: true, result: { id_request: '7f' } },
      },
    ]);
  });

  it('publishes it under the correlation id of the run where the question has none', async () => {
    const opened = await open(await start());
    await opened.actions.call({ method: 'Echo', emitAs: 'onec.response' }, { correlationid: 'c-1' });
    expect(opened.emitted).toMatchObject([{ correlationid: 'c-1', subject: 'c-1', data: { id_request: 'c-1', ok: true } }]);
  });

  it('reads an answer that begins with a byte order mark', async () => {
    const opened = await open(await start({ faults: [{ kind: 'bom' }] }));
    expect(await opened.actions.call({ method: 'Echo', data: { a: 1 } })).toEqual({ a: 1 });
  });

  it('shows where in 1C the refusal came from', async () => {
    expect(await failureOf({ kind: 'business' })).toMatchObject({
      code: 'ONEC_BUSINESS',
      fate: 'rejected',
      message: 'Контрагент заблокирован',
      options: { sent: 'yes', details: { module: 'ОбщийМодуль.Обмен', line: 12 } },
    });
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
    ['down', 'ONEC_CUT_OFF', 'retry', 'unknown'],
    ['lost', 'ONEC_CUT_OFF', 'retry', 'unknown'],
  ] as const)('knows the trouble "%s" as %s', async (kind, code, fate, sent) => {
    expect(await failureOf({ kind })).toMatchObject({ code, fate, options: { sent } });
  });

  it('passes on how long 1C asks to wait', async () => {
    expect(await failureOf({ kind: 'unavailable' })).toMatchObject({ options: { retryAfterMs: 1_000 } });
  });

  it('treats a refusal as the connection says', async () => {
    const errors = [{ contains: 'контрагент заблокирован', fate: 'retry' }];
    expect(await failureOf({ kind: 'business' }, { errors })).toMatchObject({
      fate: 'retry',
      message: 'Контрагент заблокирован',
    });
  });

  it('does not wait longer than its timeout, and does not know the outcome', async () => {
    expect(await failureOf({ kind: 'hang' }, { timeout: '50ms' })).toMatchObject({
      code: 'TIMED_OUT',
      fate: 'retry',
      options: { sent: 'unknown' },
    });
  });

  it('refuses an answer that is too large', async () => {
    const opened = await open(await start(), { maxResponse: '64B' });
    const large = opened.actions.call({ method: 'Echo', data: { text: 'x'.repeat(100) } });
    await expect(large).rejects.toMatchObject({ code: 'BAD_ANSWER', fate: 'rejected' });
  });

  it('says in words why 401, and shows no password', async () => {
    const onec = await start({ user: 'Обмен', password: 'верный' });
    const opened = await open(onec, { user: 'Обмен', password: 'неверный-пароль' });
    const failed = opened.actions.call({ method: 'Echo' });
    await expect(failed).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      fate: 'fatal',
      message: `401 from ${onec.url}/base/hs/gate: check the user and its right to the HTTP service`,
    });
  });

  it('says that the service is not there', async () => {
    const onec = await start();
    const opened = await openPlugin(plugin, { baseUrl: `${onec.url}/base` });
    closing.push(opened);
    await expect(opened.actions.call({ method: 'Echo' })).rejects.toMatchObject({ code: 'NOT_FOUND', fate: 'fatal' });
  });

  it('waits for the first call under the same id', async () => {
    const onec = await start({ faults: [{ kind: 'hang', times: 1 }] });
    const opened = await open(onec);
    const first = opened.actions.call({ method: 'SaveOrder' }, { id: 'run/save' });
    const ended = expect(first).rejects.toMatchObject({ code: 'ONEC_CUT_OFF' });
    await until('the first call in 1C', () => onec.stats().inFlight > 0);
    const second = opened.actions.call({ method: 'SaveOrder' }, { id: 'run/save', attempt: 2 });
    await expect(second).rejects.toMatchObject({ code: 'ONEC_RUNNING', fate: 'retry', options: { retryAfterMs: 2_000 } });
    onec.setFault();
    await ended;
  });
});

describe('sessions of onec-http', () => {
  it('keeps its session from call to call, and ends it at the close', async () => {
    const onec = await start();
    const opened = await open(onec);
    for (let n = 0; n < 3; n++) await opened.actions.call({ method: 'Echo' });
    expect(onec.stats().sessions).toMatchObject({ held: 1, started: 1 });
    await opened.close();
    expect(onec.stats().sessions.held).toBe(0);
  });

  it('never sends two calls at once on one session', async () => {
    const onec = await start({ latencyMs: 5, sessions: 4 });
    const opened = await open(onec, { sessions: { max: 4 } });
    const four = () => Promise.all(Array.from({ length: 4 }, () => opened.actions.call({ method: 'Echo' })));
    for (let n = 0; n < 5; n++) await four();
    expect(onec.stats().sessions).toMatchObject({ started: 4, overlapped: 0 });
  });

  it('starts a new session when 1C has forgotten the old one, and nobody notices', async () => {
    const onec = await start({ sessionMaxAgeMs: 15 });
    const opened = await open(onec);
    await opened.actions.call({ method: 'Echo' });
    await until('the end of the session', () => onec.stats().sessions.held === 0);
    expect(await opened.actions.call({ method: 'Echo', data: { a: 1 } })).toEqual({ a: 1 });
    expect(onec.stats().sessions.started).toBe(2);
  });

  it('does not use a session that is about to expire', async () => {
    let now = 0;
    const onec = await start();
    const opened = await open(onec, { sessions: { maxAge: '20s' } }, () => new Date(now));
    await opened.actions.call({ method: 'Echo' });
    now = 19_000;
    await opened.actions.call({ method: 'Echo' });
    expect(onec.stats().sessions.started).toBe(2);
  });

  it('goes on without sessions where the publication knows none', async () => {
    const onec = await start({ ignoreIbSession: true });
    const opened = await open(onec, { sessions: { mode: 'cookie' } });
    for (let n = 0; n < 3; n++) await opened.actions.call({ method: 'Echo' });
    expect(onec.stats()).toMatchObject({ done: 3 });
    expect(opened.host.log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  });

  it('asks for no session when it is told so', async () => {
    const onec = await start();
    const opened = await open(onec, { sessions: { mode: 'none' } });
    await opened.actions.call({ method: 'Echo' });
    expect(onec.stats().sessions.started).toBe(0);
  });

  it('keeps its session after a refusal by 1C', async () => {
    const onec = await start();
    const opened = await open(onec);
    await opened.actions.call({ method: 'Echo' });
    await expect(opened.actions.call({ method: 'Fail' })).rejects.toMatchObject({ code: 'ONEC_BUSINESS' });
    await opened.actions.call({ method: 'Echo' });
    expect(onec.stats().sessions.started).toBe(1);
  });
});

describe('the check of onec-http', () => {
  const check = async (options: Partial<OnecOptions>, config: object = {}) => {
    const opened = await open(await start(options), config);
    return plugin.check?.(opened.client);
  };

  it('is content with a service that answers', () => check({}));
  it('is content with a service that knows no Ping', () => check({ faults: [{ kind: 'business' }] }));
  it('reports a base that is blocked', () =>
    expect(check({ faults: [{ kind: 'blocked' }] })).rejects.toMatchObject({ code: 'ONEC_BLOCKED' }));
  it('reports a wrong password', () =>
    expect(check({ user: 'a', password: 'b' }, { user: 'a', password: 'cccc' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' }));
});
