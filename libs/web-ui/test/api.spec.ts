import { describe, expect, it, jest } from '@jest/globals';
import { ApiClient, ApiError, errorText, retryAfterMs, UnreachableError } from '../ui/client/api.js';
import { Session } from '../ui/client/session.js';
import type { KeyStore } from '../ui/client/storage.js';

function memory(): KeyStore {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

const json = (status: number, body: object) => new Response(JSON.stringify(body), { status });

describe('the token of a session', () => {
  it('is taken from the address, which keeps its other parts', () => {
    const session = new Session(memory());
    expect(session.takeFrom('#token=abc')).toBe('');
    expect(session.token).toBe('abc');
    expect(session.takeFrom('#room=5&token=def')).toBe('#room=5');
    expect(session.takeFrom('#room=5')).toBeUndefined();
    expect(session.token).toBe('def');
  });

  it('is kept for the tab', () => {
    const storage = memory();
    new Session(storage).signIn('abc');
    expect(new Session(storage).token).toBe('abc');
  });

  it('is asked for once when several requests were rejected', async () => {
    const session = new Session(memory());
    session.signIn('old');
    const changed = jest.fn();
    session.subscribe(changed);
    const both = Promise.all([session.replaced('old'), session.replaced('old')]);
    expect(session.state).toEqual({ token: undefined, wasRejected: true });
    expect(changed).toHaveBeenCalledTimes(1);
    session.signIn('new');
    expect(await both).toEqual(['new', 'new']);
    // a request that was sent with the old token and rejected later
    expect(await session.replaced('old')).toBe('new');
  });
});

describe('a request', () => {
  const open = (...answers: (Response | Error)[]) => {
    const session = new Session(memory());
    session.signIn('t1');
    const fetch = jest.fn<typeof globalThis.fetch>(async () => {
      const next = answers.shift();
      if (!(next instanceof Response)) throw next ?? new Error('no answer is prepared');
      return next;
    });
    return { session, fetch, client: new ApiClient(session, fetch) };
  };

  it('carries the token in a header, the query and the body', async () => {
    const { client, fetch } = open(json(200, { ok: true }));
    expect(await client.post('/api/x', { a: 1 }, { query: { q: 'а б', none: undefined } })).toEqual({ ok: true });
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe('/api/x?q=%D0%B0+%D0%B1');
    expect(init).toMatchObject({ method: 'POST', body: '{"a":1}', credentials: 'omit', headers: { authorization: 'Bearer t1' } });
  });

  it('is repeated with another token after a 401', async () => {
    const { client, fetch, session } = open(json(401, { code: 'TOKEN_INVALID' }), json(200, { ok: true }));
    const answer = client.get('/api/x');
    const unsubscribe = session.subscribe(() => {
      unsubscribe();
      session.signIn('t2');
    });
    expect(await answer).toEqual({ ok: true });
    expect(fetch.mock.calls[1]?.[1]).toMatchObject({ headers: { authorization: 'Bearer t2' } });
  });

  it('rejects with the code, the message and the further fields of the host', async () => {
    const { client } = open(json(409, { code: 'TAKEN', message: 'taken', cure: 'take another', entry: { id: 1 } }));
    await expect(client.get('/api/x')).rejects.toMatchObject({
      status: 409,
      code: 'TAKEN',
      cure: 'take another',
      body: { entry: { id: 1 } },
    });
  });

  it('rejects with UnreachableError without an answer, and with the abort of the caller', async () => {
    await expect(open(new TypeError('failed to fetch')).client.get('/api/x')).rejects.toBeInstanceOf(UnreachableError);
    const aborted = AbortSignal.abort();
    await expect(open(new DOMException('', 'AbortError')).client.get('/x', { signal: aborted })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('resolves with undefined for an answer without a body', async () => {
    expect(await open(new Response(null, { status: 204 })).client.delete('/api/x')).toBeUndefined();
  });
});

describe('the time that the host asks to wait', () => {
  it('is read from seconds or from a date, and has a limit', () => {
    const now = Date.UTC(2026, 10, 30, 12);
    expect(retryAfterMs('3', now)).toBe(3_000);
    expect(retryAfterMs('Mon, 30 Nov 2026 12:00:05 GMT', now)).toBe(5_000);
    expect(retryAfterMs('Mon, 30 Nov 2026 11:00:00 GMT', now)).toBe(0);
    expect(retryAfterMs('999999', now)).toBe(600_000);
    expect(['soon', '', null].map((header) => retryAfterMs(header, now))).toEqual([undefined, undefined, undefined]);
  });

  it('is part of the error', async () => {
    const session = new Session(memory());
    session.signIn('abc');
    const limited = new Response('{"code":"TOO_MANY"}', { status: 429, headers: { 'retry-after': '2' } });
    const client = new ApiClient(session, () => Promise.resolve(limited));
    await expect(client.get('/api/x')).rejects.toMatchObject({ status: 429, retryAfterMs: 2_000 });
  });
});

describe('the text of an error', () => {
  const error = (status: number, code: string) => new ApiError(status, code, 'it is not a JSON Web Token', 'sign another', {});

  it('is Russian for general codes, for codes of the page and for unknown codes', () => {
    expect(errorText(error(401, 'TOKEN_INVALID'))).toBe('Этот токен не подходит, или его срок истёк.');
    expect(errorText(error(403, 'FORBIDDEN'), { FORBIDDEN: 'Нет права.' })).toBe('Нет права.');
    expect(errorText(error(400, 'OTHER'))).toBe('Сервер не принял запрос (OTHER).');
    expect(errorText(error(502, ''))).toBe('На сервере произошла ошибка. Попробуйте ещё раз позже.');
    expect(errorText(new UnreachableError(''))).toContain('Сервер не отвечает');
  });

  it('does not take names of Object.prototype for codes', () => {
    expect(errorText(error(400, 'constructor'), {})).toBe('Сервер не принял запрос (constructor).');
  });
});
