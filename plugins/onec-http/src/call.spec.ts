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

/** Returns the error of a call to a 1C with this fault. */
async function failureOf(fault: Fault, config: object = {}) {
  const opened = await open(await start({ faults: [fault] }), config);
  return opened.actions.call({ method: 'SaveOrder' }).then(
    () => 'the call succeeded',
    (error: unknown) => error,
  );
}

describe('onec-http.call', () => {
  it('returns the answer of the method', async () => {
    const opened = await open(await start());
    expect(await opened.actions.call({ method: 'Echo', data: { Код: 'A-1' } })).toEqual({ Код: 'A-1' });
  });

  it('calls an older service with a query', async () => {
    const opened = await open(await start(), { style: 'query' });
    expect(await opened.actions.call({ method: 'Echo', data: { Имя: 'Ёж + К°' } })).toEqual({ Имя: 'Ёж + К°' });
  });

  it('sends a Cyrillic user name and password', async () => {
    const onec = await start({ user: 'Обмен', password: 'пароль' });
    const opened = await open(onec, { user: 'Обмен', password: 'пароль' });
    expect(await opened.actions.call({ method: 'Echo', data: { a: 1 } })).toEqual({ a: 1 });
  });

  it('gets the stored answer for a repeated call, so that 1C does the work once', async () => {
    const onec = await start();
    const opened = await open(onec);
    const first = await opened.actions.call({ method: 'SaveOrder' }, { id: 'run/save' });
    expect(await opened.actions.call({ method: 'SaveOrder' }, { id: 'run/save', attempt: 2 })).toEqual(first);
    expect(onec.stats()).toMatchObject({ done: 1, replayed: 1 });
  });

  it('publishes the answer with the id_request of the call', async () => {
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

  it('publishes the answer with the correlation id of the run when the call has no id_request', async () => {
    const opened = await open(await start());
    await opened.actions.call({ method: 'Echo', emitAs: 'onec.response' }, { correlationid: 'c-1' });
    expect(opened.emitted).toMatchObject([{ correlationid: 'c-1', subject: 'c-1', data: { id_request: 'c-1', ok: true } }]);
  });

  it('reads an answer that begins with a byte order mark', async () => {
    const opened = await open(await start({ faults: [{ kind: 'bom' }] }));
    expect(await opened.actions.call({ method: 'Echo', data: { a: 1 } })).toEqual({ a: 1 });
  });

  it('reports the module and the line in 1C that raised an error', async () => {
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
  ] as const)('maps the fault "%s" to %s', async (kind, code, fate, sent) => {
    expect(await failureOf({ kind })).toMatchObject({ code, fate, options: { sent } });
  });

  it('passes on Retry-After of 1C', async () => {
    expect(await failureOf({ kind: 'unavailable' })).toMatchObject({ options: { retryAfterMs: 1_000 } });
  });

  it('changes the fate of an error that `errors` of the connection matches', async () => {
    const errors = [{ contains: 'контрагент заблокирован', fate: 'retry' }];
    expect(await failureOf({ kind: 'business' }, { errors })).toMatchObject({
      fate: 'retry',
      message: 'Контрагент заблокирован',
    });
  });

  it('fails after its timeout with an unknown outcome', async () => {
    expect(await failureOf({ kind: 'hang' }, { timeout: '50ms' })).toMatchObject({
      code: 'TIMED_OUT',
      fate: 'retry',
      options: { sent: 'unknown' },
    });
  });

  it('rejects an answer that is too large', async () => {
    const opened = await open(await start(), { maxResponse: '64B' });
    const large = opened.actions.call({ method: 'Echo', data: { text: 'x'.repeat(100) } });
    await expect(large).rejects.toMatchObject({ code: 'BAD_ANSWER', fate: 'rejected' });
  });

  it('explains status 401 without showing the password', async () => {
    const onec = await start({ user: 'Обмен', password: 'верный' });
    const opened = await open(onec, { user: 'Обмен', password: 'неверный-пароль' });
    const failed = opened.actions.call({ method: 'Echo' });
    await expect(failed).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      fate: 'fatal',
      message: `401 from ${onec.url}/base/hs/gate: check the user and its right to the HTTP service`,
    });
  });

  it('reports that the service does not exist', async () => {
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
  it('keeps its session between calls and ends it on close', async () => {
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

  it('starts a new session and repeats the call when 1C has ended the old session', async () => {
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

  it('works without sessions when the publication does not support them', async () => {
    const onec = await start({ ignoreIbSession: true });
    const opened = await open(onec, { sessions: { mode: 'cookie' } });
    for (let n = 0; n < 3; n++) await opened.actions.call({ method: 'Echo' });
    expect(onec.stats()).toMatchObject({ done: 3 });
    expect(opened.host.log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  });

  it('starts no session in the mode none', async () => {
    const onec = await start();
    const opened = await open(onec, { sessions: { mode: 'none' } });
    await opened.actions.call({ method: 'Echo' });
    expect(onec.stats().sessions.started).toBe(0);
  });

  it('keeps its session after an error of 1C', async () => {
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

  it('accepts a service that answers', () => check({}));
  it('accepts a service without a method Ping', () => check({ faults: [{ kind: 'business' }] }));
  it('reports a base that is blocked', () =>
    expect(check({ faults: [{ kind: 'blocked' }] })).rejects.toMatchObject({ code: 'ONEC_BLOCKED' }));
  it('reports a wrong password', () =>
    expect(check({ user: 'a', password: 'b' }, { user: 'a', password: 'cccc' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' }));
});
