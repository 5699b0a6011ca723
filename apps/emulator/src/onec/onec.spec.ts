import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec, type OnecOptions } from '../index.js';

let onec: Onec;

async function start(options: Partial<OnecOptions> = {}): Promise<Onec> {
  onec = await startOnec({ port: 0, latencyMs: 5, ...options });
  return onec;
}

afterEach(() => onec.close());

function call(method: string, data: unknown = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${onec.url}/base/hs/gate/v1`, { method: 'POST', body: JSON.stringify({ method, data }), headers });
}

async function settles(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const cookieOf = (response: Response) => ({ cookie: (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '' });

describe('the emulated 1C', () => {
  it('answers a method called by POST and by GET', async () => {
    await start();
    expect(await (await call('Echo', { Код: 1 })).json()).toEqual({ Код: 1 });
    const query = new URLSearchParams({ method: 'Echo', data: '{"Код":2}' }).toString();
    expect(await (await fetch(`${onec.url}/base/hs/gate/v1?${query}`)).json()).toEqual({ Код: 2 });
  });

  const CITY = '{"method":"Echo","data":{"city":"Тверь"}}';
  const CITY_IN_CP1251 = Buffer.from(CITY.replace('Тверь', '\xd2\xe2\xe5\xf0\xfc'), 'latin1');
  it.each([
    ['the charset of its content type', 'application/json; charset=windows-1251', CITY_IN_CP1251],
    ['its mark', 'application/json', Buffer.from(`\ufeff${CITY}`, 'utf16le')],
  ])('reads a request by %s', async (_by, type, body) => {
    await start();
    const options = { method: 'POST', body, headers: { 'content-type': type } };
    expect(await (await fetch(`${onec.url}/base/hs/gate/v1`, options)).json()).toEqual({ city: 'Тверь' });
  });

  it('refuses a request in an unknown charset', async () => {
    await start();
    const answer = await call('Echo', {}, { 'content-type': 'application/json; charset=klingon' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('кодировка')]);
  });

  it('resets and counts the connection of a call beyond the limit', async () => {
    await start({ maxCalls: 2, faults: [{ kind: 'hang', times: 2 }] });
    const hanging = Promise.allSettled([call('Echo'), call('Echo')]);
    await settles(() => onec.stats().inFlight === 2);
    await expect(call('Echo')).rejects.toThrow();
    expect(onec.stats()).toMatchObject({ calls: 3, refused: 1, peak: 2, inFlight: 2 });
    onec.setFault();
    await hanging;
    expect((await call('Echo')).status).toBe(200);
  });

  it('keeps a call open until its work ends, although the caller has disconnected', async () => {
    await start({ maxCalls: 1, faults: [{ kind: 'hang', times: 1 }] });
    const leaving = new AbortController();
    const gone = fetch(`${onec.url}/base/hs/gate/v1`, { method: 'POST', body: '{}', signal: leaving.signal });
    await settles(() => onec.stats().inFlight === 1);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await expect(call('Echo')).rejects.toThrow();
    expect(onec.stats()).toMatchObject({ refused: 1, inFlight: 1 });
  });

  it('answers a repeat with the stored reply and does the work once', async () => {
    await start();
    const first = await call('SaveOrder', {}, { 'x-request-id': 'r/1' });
    const again = await call('SaveOrder', {}, { 'x-request-id': 'r/1' });
    expect(again.headers.get('x-request-replayed')).toBe('1');
    expect(await again.json()).toEqual(await first.json());
    expect(onec.stats({ ids: true })).toMatchObject({
      calls: 2,
      done: 1,
      replayed: 1,
      distinct: 1,
      ids: { 'r/1': { count: 2, first: 1, unanswered: 0 } },
    });
  });

  it('answers 409 while the first call of the same id is running', async () => {
    await start({ faults: [{ kind: 'hang', times: 1 }] });
    const first = call('SaveOrder', {}, { 'x-request-id': 'r/1' });
    await settles(() => onec.stats().inFlight === 1);
    const again = await call('SaveOrder', {}, { 'x-request-id': 'r/1' });
    expect([again.status, again.headers.get('retry-after')]).toEqual([409, '2']);
    onec.setFault();
    await expect(first).rejects.toThrow();
  });

  it('does the work again for the repeat of a failed call', async () => {
    await start();
    expect((await call('Fail', { Текст: 'нет остатка' }, { 'x-request-id': 'r/1' })).status).toBe(500);
    expect((await call('Echo', {}, { 'x-request-id': 'r/1' })).status).toBe(200);
    expect(onec.stats()).toMatchObject({ done: 1, failed: 1, replayed: 0 });
  });

  it('starts a session for IBSession: start and ends it for finish', async () => {
    await start({ sessions: 1, poolTimeoutMs: 10 });
    const session = cookieOf(await call('Echo', {}, { ibsession: 'start' }));
    expect(session.cookie).toMatch(/^ibsession=/);
    expect((await call('Echo', {}, session)).status).toBe(200);
    expect((await call('Echo', {}, { ibsession: 'start' })).status).toBe(406);
    expect((await call('Echo', {}, { ...session, ibsession: 'finish' })).status).toBe(200);
    expect((await call('Echo', {}, session)).status).toBe(400);
    expect((await call('Echo', {}, { ibsession: 'start' })).status).toBe(200);
  });

  it('ends a session that was idle too long', async () => {
    await start({ sessions: 1, sessionMaxAgeMs: 20, poolTimeoutMs: 2_000 });
    const session = cookieOf(await call('Echo', {}, { ibsession: 'start' }));
    await settles(() => onec.stats().sessions.held === 0);
    expect((await call('Echo', {}, session)).status).toBe(400);
  });

  it('delays a call until a session is free', async () => {
    await start({ sessions: 1, poolTimeoutMs: 5_000, latencyMs: 20 });
    const answers = await Promise.all([call('Echo'), call('Echo'), call('Echo')]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  });

  it('sets no cookie when IBSession is ignored', async () => {
    await start({ ignoreIbSession: true });
    expect((await call('Echo', {}, { ibsession: 'start' })).headers.get('set-cookie')).toBeNull();
  });

  it('answers in Russian when no licence is free', async () => {
    await start({ licences: 1 });
    await call('Echo', {}, { ibsession: 'start' });
    const refused = await call('Echo');
    expect([refused.status, await refused.text()]).toEqual([500, 'Не обнаружено свободной лицензии!']);
  });

  it('authenticates its user by a Basic header in UTF-8', async () => {
    await start({ user: 'Обмен', password: 'пароль' });
    expect((await call('Echo')).status).toBe(401);
    const authorization = `Basic ${Buffer.from('Обмен:пароль').toString('base64')}`;
    expect((await call('Echo', {}, { authorization })).status).toBe(200);
  });

  it('applies faults in their order and then works normally', async () => {
    await start();
    const order = {
      faults: [
        { kind: 'busy', times: 1 },
        { kind: 'html', times: 1 },
        { kind: 'bom', times: 1 },
      ],
    };
    await fetch(`${onec.url}/__fault`, { method: 'POST', body: JSON.stringify(order) });
    expect((await call('Echo')).status).toBe(406);
    expect((await call('Echo')).status).toBe(502);
    expect(Buffer.from(await (await call('Echo')).arrayBuffer()).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect((await call('Echo')).status).toBe(200);
  });

  it('does the work of a lost call and answers its repeat with the stored reply', async () => {
    await start({ faults: [{ kind: 'lost', times: 1 }] });
    await expect(call('SaveOrder', {}, { 'x-request-id': 'r/1' })).rejects.toThrow();
    const again = await call('SaveOrder', {}, { 'x-request-id': 'r/1' });
    expect(again.headers.get('x-request-replayed')).toBe('1');
  });

  it('counts the calls of an id without an answer: reset, or ended by the caller', async () => {
    await start({
      faults: [
        { kind: 'lost', times: 1 },
        { kind: 'hang', times: 1 },
      ],
    });
    await expect(call('SaveOrder', {}, { 'x-request-id': 'lost' })).rejects.toThrow();
    const leaving = new AbortController();
    const left = fetch(`${onec.url}/base/hs/gate/v1`, {
      method: 'POST',
      headers: { 'x-request-id': 'left' },
      signal: leaving.signal,
    });
    await settles(() => onec.stats().inFlight === 1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await settles(() => onec.stats({ ids: true }).ids?.['left']?.unanswered === 1);
    await call('SaveOrder', {}, { 'x-request-id': 'lost' });
    expect(onec.stats({ ids: true }).ids).toMatchObject({ lost: { count: 2, unanswered: 1 }, left: { count: 1, unanswered: 1 } });
  });

  it('refuses an unknown fault', async () => {
    await start();
    const refused = await fetch(`${onec.url}/__fault`, { method: 'POST', body: '{"faults":[{"kind":"flood"}]}' });
    expect(refused.status).toBe(400);
    const { message } = (await refused.json()) as { message: string };
    expect(message).toMatch(/expected one of "busy"[^]*faults\[0\]\.kind/);
  });

  it('returns its counters over HTTP and resets them', async () => {
    await start();
    await call('Echo', {}, { 'x-request-id': 'r/1' });
    const stats = async () => (await fetch(`${onec.url}/__stats?ids=1`)).json();
    expect(await stats()).toMatchObject({ calls: 1, distinct: 1, ids: { 'r/1': { count: 1, first: 1 } } });
    await fetch(`${onec.url}/__reset`, { method: 'POST' });
    expect(await stats()).toMatchObject({ calls: 0, distinct: 0, ids: {} });
  });
});
