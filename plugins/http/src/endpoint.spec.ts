import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { engineFail, failures } from '@sluice/plugin-api';
import { openEndpoint } from '@sluice/testing';
import { bodySchema, checkerOf } from './body-schema.js';
import { endpoint } from './endpoint.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const post = (body: unknown, headers: Record<string, string> = JSON_TYPE) => ({
  method: 'POST',
  path: '/in/orders',
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const open = (options: object = {}, behaviour?: Parameters<typeof openEndpoint>[2]) =>
  openEndpoint(endpoint, { path: '/in/orders', ...options }, behaviour);

describe('body schemas of several flows', () => {
  const named = (type: string) => ({
    $id: 'https://shop.test/order',
    type: 'object',
    properties: { a: { $ref: 'https://shop.test/part' } },
    $defs: { part: { $id: 'https://shop.test/part', type } },
  });

  it('keeps schemas with the same $id apart, nested ones included', async () => {
    const texts = await open({ body: named('string') });
    const numbers = await open({ body: named('number') });
    await texts.request(post({ a: 'x' }));
    await numbers.request(post({ a: 1 }));
    await expect(texts.request(post({ a: 1 }))).rejects.toMatchObject({ code: 'BODY_INVALID' });
    await expect(numbers.request(post({ a: 'x' }))).rejects.toMatchObject({ code: 'BODY_INVALID' });
    expect(() => checkerOf({ properties: { a: { $ref: 'https://shop.test/part' } } })).toThrow("can't resolve reference");
  });

  it('does not let a schema replace the meta-schema', () => {
    try {
      checkerOf({ $id: 'https://json-schema.org/draft/2020-12/schema', type: 'string' });
    } catch {
      // this schema may be rejected or not: the test verifies that other schemas still work
    }
    expect(() => checkerOf({ type: 'string' })('x')).not.toThrow();
    expect(() => checkerOf({ type: 'no type' })).toThrow();
  });
});

describe('check of a body schema without compilation', () => {
  // each of these fails or passes in a different part of Ajv: its meta-schema, its compiler, our patterns
  it.each<[string, Record<string, unknown>]>([
    ['an empty schema', {}],
    [
      'nested schemas',
      { type: 'object', properties: { a: { items: { anyOf: [true, { not: { const: 1 } }] } } }, required: ['a'] },
    ],
    ['properties with names of keywords', { properties: { $ref: { type: 'string' }, enum: { type: 'number' }, id: {} } }],
    ['an unknown type', { properties: { a: { type: 'objekt' } } }],
    ['required as a text', { required: 'a' }],
    ['a negative length', { properties: { a: { maxLength: -1 } } }],
    ['a list of schemas as items', { items: [{ type: 'string' }] }],
    ['an empty allOf', { allOf: [] }],
    ['an empty enum', { enum: [] }],
    ['properties as a list', { properties: [] }],
    ['a schema that is a text', { properties: { a: 'string' } }],
    ['a pattern that is not closed', { properties: { a: { pattern: '(' } } }],
    ['look-ahead in a pattern', { items: { pattern: '(?=a)' } }],
    ['look-ahead in patternProperties', { patternProperties: { '(?=a)': {} } }],
    ['a reference to nothing', { properties: { a: { $ref: '#/$defs/b' } } }],
    ['a reference', { properties: { a: { $ref: '#/$defs/b' } }, $defs: { b: { type: 'string' } } }],
    ['an anchor that is used twice', { properties: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } }],
    ['a dialect that does not exist', { $schema: 'https://shop.test/dialect' }],
    ['the keyword id of draft 4', { id: 'order' }],
    ['nullable without a type', { properties: { a: { nullable: true } } }],
    ['a keyword of nobody', { properties: { a: { range: [1, 2] } } }],
    ['minContains without contains', { minContains: 1 }],
  ])('agrees with the compiler about %s', (_, schema) => {
    let compiles = true;
    try {
      checkerOf(structuredClone(schema));
    } catch {
      compiles = false;
    }
    expect(bodySchema.safeParse(schema).success).toBe(compiles);
  });
});

describe('http.endpoint', () => {
  it('answers 202 with the id of the event after it is accepted', async () => {
    const { request, accepted } = await open();
    expect(await request(post({ number: 'S-1' }))).toEqual({ status: 202, headers: {}, data: { id: 'event-1' } });
    expect(accepted).toMatchObject([{ data: { number: 'S-1' }, datacontenttype: 'application/json' }]);
  });

  it('does not answer 202 when the broker does not confirm', async () => {
    const { request } = await open({}, { refuse: () => engineFail.BUS_UNAVAILABLE('no broker') });
    await expect(request(post({}))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('keeps the bytes of the body as received', async () => {
    const { request, accepted } = await open();
    await request(post('{ "number" : "S-1" }'));
    expect(Buffer.from(accepted[0]?.body ?? []).toString()).toBe('{ "number" : "S-1" }');
  });

  it('passes method, path, parameters and query as meta', async () => {
    const { request, accepted } = await openEndpoint(endpoint, { path: '/in/exchange/{node}', accepts: ['application/xml'] });
    await request({
      method: 'POST',
      path: '/in/exchange/42',
      query: { full: '1' },
      headers: { 'Content-Type': 'application/xml; charset=utf-8' },
      body: '<a/>',
    });
    expect(accepted).toMatchObject([
      { data: '<a/>', meta: { method: 'POST', path: '/in/exchange/42', params: { node: '42' }, query: { full: '1' } } },
    ]);
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=1&b=%D0%81', { a: '1', b: 'Ё' }],
    ['a text', { 'content-type': 'text/plain' }, 'привет', 'привет'],
    ['no body', {}, '', undefined],
  ])('reads %s', async (_what, headers, body, data) => {
    const { request, accepted } = await open();
    await request(post(body, headers));
    expect(accepted[0]?.data).toEqual(data);
  });

  it('uses the query of a GET as data', async () => {
    const { request, accepted } = await open({ method: 'GET' });
    await request({ method: 'GET', path: '/in/orders', query: { phone: '7916' } });
    expect(accepted[0]?.data).toEqual({ phone: '7916' });
  });

  it.each([
    ['a number that would be rounded', '{"a":{"b":[1,9007199254740993]}}', '/a/b/1'],
    ['a body that is not JSON', '{"a":', 'not JSON'],
  ])('rejects %s with its position', async (_what, body, where) => {
    const { request, accepted } = await open();
    await expect(request(post(body))).rejects.toMatchObject({
      code: 'BODY_INVALID',
      message: expect.stringContaining(where),
    });
    expect(accepted).toEqual([]);
  });

  it('rejects a content type that it does not accept', async () => {
    const { request } = await open({ accepts: ['application/xml'] });
    await expect(request(post({}))).rejects.toMatchObject({ code: 'MEDIA_TYPE' });
    const { request: any } = await open();
    await expect(any(post('x', { 'content-type': 'image/png' }))).rejects.toMatchObject({ code: 'MEDIA_TYPE' });
  });

  it('opens a route without a token when requests are signed, and otherwise requires the scope', async () => {
    const signed = await open({ signature: { header: 'x-signature', secret: 'shared' } });
    const scoped = await open({ scope: 'orders:write', limit: '1MiB' });
    expect(signed.route).toEqual({ method: 'POST', path: '/in/orders', scope: false });
    expect(scoped.route).toEqual({ method: 'POST', path: '/in/orders', scope: 'orders:write', limit: 1_048_576 });
    expect((await open()).route.scope).toBe('events:write');
  });

  it('removes its route when it stops', async () => {
    const opened = await open();
    await opened.close();
    expect(await opened.request(post({}))).toMatchObject({ status: 404 });
  });
});

describe('event id of http.endpoint', () => {
  it.each(['Idempotency-Key', 'ce-id'])('takes the event id from the header %s', async (header) => {
    const { request, accepted } = await open();
    await request(post({}, { ...JSON_TYPE, [header]: 'S-1/1' }));
    expect(accepted[0]?.id).toBe('S-1/1');
  });

  it('rejects an event id of more than 200 bytes', async () => {
    const { request, accepted } = await open();
    await expect(request(post({}, { ...JSON_TYPE, 'ce-id': 'Ё'.repeat(101) }))).rejects.toMatchObject({ code: 'HTTP_ID' });
    expect(accepted).toEqual([]);
  });
});

describe('body schema of http.endpoint', () => {
  const schema = {
    type: 'object',
    required: ['number', 'lines'],
    additionalProperties: false,
    properties: {
      number: { type: 'string', pattern: '^S-\\d+$' },
      code: { type: 'string', pattern: '^C$' },
      lines: { type: 'array', minItems: 1, items: { type: 'object' } },
    },
  };

  it('accepts a body that matches the schema', async () => {
    const { request } = await open({ body: schema });
    expect(await request(post({ number: 'S-1', code: 'C', lines: [{}] }))).toMatchObject({ status: 202 });
  });

  it.each([
    ['/lines/0', { number: 'S-1', lines: [1] }],
    ['its top', { number: 'S-1' }],
    ['/qty', { number: 'S-1', lines: [{}], qty: 1 }],
    ['/number', { number: `S-${'1'.repeat(20_000)}`, lines: [{}] }],
    ['/code', { number: 'S-1', code: 'S-1', lines: [{}] }],
  ])('rejects a body that does not match the schema at %s', async (where, data) => {
    const { request } = await open({ body: schema });
    const failed = request(post(data));
    await expect(failed).rejects.toMatchObject({
      code: 'BODY_INVALID',
      message: expect.stringContaining(`the body at ${where} `),
    });
  });

  it.each([
    ['a pattern with exponential backtracking', { type: 'string', pattern: '^([a-z0-9]+[.]?)+@x$' }, 'a'.repeat(10_000)],
    ['unique objects', { type: 'array', uniqueItems: true }, [...Array.from({ length: 50_000 }, (_, n) => ({ n })), { n: 1 }]],
    [
      'more text than patterns are matched against',
      { type: 'array', items: { type: 'string', pattern: '^a*$' } },
      Array.from({ length: 100 }, () => 'a'.repeat(10_000)),
    ],
  ])('validates in time proportional to the body: %s', async (_, items, data) => {
    const { request } = await open({ body: { properties: { data: items } } });
    const before = process.cpuUsage();
    await expect(request(post({ data }))).rejects.toMatchObject({ code: 'BODY_INVALID' });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(2_000);
  });

  it('compares the items of a unique list regardless of the order of their keys', async () => {
    const { request } = await open({ body: { properties: { list: { type: 'array', uniqueItems: true } } } });
    const list = [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ];
    await expect(request(post({ list }))).rejects.toMatchObject({ message: expect.stringContaining('duplicate') });
    expect(await request(post({ list: [1, '1', [1], { a: 1 }] }))).toMatchObject({ status: 202 });
  });

  it.each([
    ['a pattern with look-around', { type: 'string', pattern: '(?=a)b' }],
    ['more than 100 levels', JSON.parse(`${'{"not":'.repeat(200)}{}${'}'.repeat(200)}`) as Record<string, unknown>],
  ])('rejects a schema with %s', (_, body) => {
    expect(endpoint.options.safeParse({ path: '/in/orders', body }).success).toBe(false);
  });

  it('refuses a path that names two segments alike', () => {
    expect(endpoint.options.safeParse({ path: '/in/{a}/{a}' }).error?.issues).toMatchObject([
      { path: ['path'], message: 'two segments have one name: rename one of the two' },
    ]);
    expect(endpoint.options.safeParse({ path: '/in/{a}/{ab}' }).success).toBe(true);
  });

  it('accepts the same schema with an $id in two endpoints', () => {
    const body = { $id: 'https://example.com/order', type: 'object' };
    for (const path of ['/in/a', '/in/b']) expect(endpoint.options.safeParse({ path, body }).success).toBe(true);
  });

  it('rejects a body option that is not a JSON Schema', () => {
    expect(endpoint.options.safeParse({ path: '/in/orders', body: { type: 'objekt' } }).success).toBe(false);
  });
});

describe('signature of http.endpoint', () => {
  const signature = { header: 'X-Signature', algorithm: 'sha256', secret: 'shared-secret' };
  const body = '{"event":"payment.succeeded"}';
  const mac = (key = 'shared-secret') => createHmac('sha256', key).update(body).digest();
  const send = async (value?: string) => {
    const { request } = await open({ signature });
    const sent = request(post(body, { ...JSON_TYPE, ...(value !== undefined && { 'x-signature': value }) }));
    return sent.then(
      ({ status }) => status,
      (error: { code: string }) => error.code,
    );
  };

  it.each([
    ['hex', mac().toString('hex')],
    ['base64', mac().toString('base64')],
    ['hex with a prefix', `sha256=${mac().toString('hex')}`],
  ])('accepts a signature in %s', async (_form, value) => expect(await send(value)).toBe(202));

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['made with another secret', mac('another').toString('hex')],
    ['cut short', mac().toString('hex').slice(0, 32)],
  ])('rejects a signature that is %s', async (_how, value) => expect(await send(value)).toBe('HTTP_SIGNATURE'));

  it.each(['GET', 'DELETE'])('rejects the option signature for %s, which has no body to sign', (method) => {
    const parsed = endpoint.options.safeParse({ path: '/in/orders', method, signature });
    expect(parsed.error?.issues).toMatchObject([{ path: ['signature'] }]);
  });

  it('derives the event id from the signed body, so that a replay under another key, path or header is a duplicate', async () => {
    const { request, accepted } = await openEndpoint(endpoint, { path: '/in/{shop}', signature });
    const headers = { ...JSON_TYPE, 'x-signature': mac().toString('hex') };
    await request({ ...post(body, { ...headers, 'idempotency-key': 'first' }), path: '/in/a' });
    await request({ ...post(body, { ...headers, 'ce-id': 'second' }), path: '/in/b' });
    const [first, second] = accepted.map(({ id }) => id);
    expect(first).toMatch(/^signed-/);
    expect(second).toBe(first);
    expect(first).not.toContain(mac().toString('base64url'));
  });

  describe('with a time', () => {
    const timed = { ...signature, timestamp: { header: 'X-Time', tolerance: '5m' } };
    const now = Math.floor(Date.now() / 1_000);
    const sendAt = async (time: string | undefined, signed = `${time}.${body}`) => {
      const { request } = await open({ signature: timed });
      const value = createHmac('sha256', 'shared-secret').update(signed).digest('hex');
      const headers = { ...JSON_TYPE, 'x-signature': value, ...(time !== undefined && { 'x-time': time }) };
      return request(post(body, headers)).then(
        ({ status }) => status,
        (error: { code: string }) => error.code,
      );
    };

    it('accepts a time within the tolerance', async () => expect(await sendAt(String(now - 200))).toBe(202));

    it.each([
      ['too old', String(now - 400), undefined],
      ['in the future', String(now + 400), undefined],
      ['not a number', '2026-11-30', undefined],
      ['missing', undefined, body],
      ['not signed', String(now), body],
    ])('rejects a time that is %s', async (_how, time, signed) => expect(await sendAt(time, signed)).toBe('HTTP_SIGNATURE'));
  });

  it('rejects a signature together with a scope', () => {
    expect(endpoint.options.safeParse({ path: '/in/orders', signature, scope: 'orders' }).success).toBe(false);
  });
});

describe('shared secret of http.endpoint', () => {
  const sharedSecret = { header: 'X-Telegram-Bot-Api-Secret-Token', secret: 'shared' };
  const send = async (headers: Record<string, string>) => {
    const { request, accepted, route } = await open({ sharedSecret });
    const status = await request(post({}, { ...JSON_TYPE, ...headers })).then(
      (reply) => reply.status,
      (error: { code: string }) => error.code,
    );
    return { status, accepted, route };
  };

  it('replaces the token of the sender, and is hidden from the flow', async () => {
    const { status, accepted, route } = await send({ 'x-telegram-bot-api-secret-token': 'shared', 'x-other': '1' });
    expect({ status, scope: route.scope }).toEqual({ status: 202, scope: false });
    expect(accepted[0]?.meta).toMatchObject({ headers: { 'x-other': '1' } });
    expect(JSON.stringify(accepted[0]?.meta)).not.toContain('shared');
  });

  it.each([
    ['missing', {}],
    ['empty', { 'x-telegram-bot-api-secret-token': '' }],
    ['another one', { 'x-telegram-bot-api-secret-token': 'Shared' }],
  ])('refuses a secret that is %s', async (_how, headers) => {
    expect(await send(headers)).toMatchObject({ status: 'HTTP_SIGNATURE', accepted: [] });
  });

  it.each([{ scope: 'orders:write' }, { signature: { header: 'x-signature', secret: 'shared' } }])(
    'refuses a second way to prove the sender: %j',
    (other) => {
      const parsed = endpoint.options.safeParse({ path: '/in/orders', sharedSecret, ...other });
      expect(parsed.error?.issues).toMatchObject([{ path: ['sharedSecret'] }]);
    },
  );
});

describe('http.endpoint with respond: reply', () => {
  const late = failures({ REPLY_LATE: { fate: 'retry', cure: 'ask again' } });

  it('answers with the reply of the flow', async () => {
    const reply = { status: 200, headers: {}, data: { accepted: true } };
    const { request } = await open({ respond: 'reply', wait: '10s' }, { reply: async () => reply });
    expect(await request(post({}))).toEqual(reply);
  });

  it('answers 504 with the id when no reply comes in time', async () => {
    const { request } = await open(
      { respond: 'reply' },
      { reply: () => Promise.reject(late.REPLY_LATE('no reply within 30 s')) },
    );
    expect(await request(post({}))).toMatchObject({ status: 504, data: { id: 'event-1', code: 'REPLY_LATE' } });
  });
});
