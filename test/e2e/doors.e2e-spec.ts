import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, post, type Ask } from '../support/api.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { signToken, type TokenClaims } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const ERP_SECRET = 'the 1C of the tests signs with this one';

const WORKSPACE = erpWorkspace({
  more: `
settings: { limits: { event: 64KiB } }
issuers:
  erp: { secret: '\${{ env.ERP_TOKEN_SECRET }}', scopes: ['events:write'], events: ['erp.*'], maxTtl: 12h }
`,
});

/** One endpoint for each kind of answer. */
const FLOWS = `
sluice: 1
flow: echo
trigger: { use: http.endpoint, with: { path: '/in/echo/{node}', respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - id: answer
    reply:
      status: 201
      headers: { x-node: '\${{ trigger.meta.params.node }}' }
      data: { got: '\${{ trigger.data }}' }
---
sluice: 1
flow: search
trigger: { use: http.endpoint, with: { method: GET, path: /in/search, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: answer, reply: { data: '\${{ trigger.data }}' } }
---
sluice: 1
flow: quiet
trigger: { use: http.endpoint, with: { path: /in/quiet, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: done, stop: { reason: nothing to say } }
---
sluice: 1
flow: ask
trigger: { use: http.endpoint, with: { path: /in/ask, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: debt, use: onec-http.call, connection: erp, with: { method: '\${{ trigger.data.method }}', data: '\${{ trigger.data.data }}' } }
  - { id: answer, reply: { data: '\${{ steps.debt }}' } }
---
sluice: 1
flow: hurry
trigger: { use: http.endpoint, with: { path: /in/hurry, respond: reply, wait: 1s } }
deliver: { expires: 1m }
steps:
  - { id: slow, use: onec-http.call, connection: erp, with: { method: Ping, data: {} } }
  - { id: answer, reply: { data: '\${{ steps.slow }}' } }
---
sluice: 1
flow: webhook
trigger:
  use: http.endpoint
  with:
    path: /in/webhook
    accepts: [application/json]
    body: { type: object, required: [event], properties: { event: { type: string } } }
    respond: reply
    wait: 20s
deliver: { expires: 1m, dedupe: { key: '\${{ trigger.data.event }}', within: 1h } }
steps:
  - { id: answer, reply: { status: 200, data: { taken: true } } }
`;

describe.each(engineSets)('HTTP entry points of a host on $name', (engineSet) => {
  let engines: StartedEngines;
  let stage: Stage;

  beforeAll(async () => {
    engines = await engineSet.start();
    const env = { ...engines.env, ERP_TOKEN_SECRET: ERP_SECRET };
    stage = await Stage.open({ env, files: { 'sluice.yaml': WORKSPACE, 'flows/doors.yaml': FLOWS } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await engines?.stop();
  }, START_TIMEOUT_MS);

  const event = (type: string, options: Ask & { body: string }) =>
    ask(`${stage.url}/events/${type}`, {
      method: 'POST',
      ...options,
      headers: { 'content-type': 'application/json', ...options.headers },
    });
  const endpoint = (path: string, data: unknown, options: Ask = {}) => post(`${stage.url}/in/${path}`, data, options);

  describe('rejected events', () => {
    it('rejects invalid JSON with its position', async () => {
      const answer = await event('order.created', { body: '{"number":\n oops}' });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'BODY_INVALID', message: expect.stringMatching(/line 2, column 2/) },
      });
    });

    it('rejects a number that would be rounded, with a pointer to it', async () => {
      const answer = await event('order.created', { body: '{"lines":[{"account":40702810900000000001}]}' });
      expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('/lines/0/account') } });
    });

    it('rejects an invalid event type', async () => {
      expect(await event('order..created', { body: '{}' })).toMatchObject({ status: 400, body: { code: 'EVENT_TYPE' } });
    });

    it('rejects an event larger than the limit', async () => {
      const body = JSON.stringify({ text: 'x'.repeat(70_000) });
      expect(await event('order.created', { body })).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    });

    it('rejects a content type that flows cannot read', async () => {
      const answer = await event('order.created', { body: 'x', headers: { 'content-type': 'image/png' } });
      expect(answer).toMatchObject({ status: 415, body: { code: 'MEDIA_TYPE' } });
    });

    it('rejects a request without a token', async () => {
      const answer = await event('order.created', { body: '{}', token: null });
      expect(answer).toMatchObject({ status: 401, body: { code: 'TOKEN_MISSING' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    });

    const BAD_TOKENS: readonly (readonly [string, TokenClaims, number, string])[] = [
      ['that has expired', { ttl: -3_600 }, 401, 'expired'],
      ['signed with another key', { secret: 'somebody else, who does not know the key' }, 401, 'signature'],
      ['of an issuer that is not known', { kid: 'nobody' }, 401, 'nobody'],
      ['without the scope', { scope: 'viewer' }, 403, 'events:write'],
      ['of an issuer that may not send this type', { kid: 'erp', secret: ERP_SECRET }, 403, 'order.created'],
    ];
    it.each(BAD_TOKENS)('rejects a token %s', async (_what, claims, status, says) => {
      const answer = await event('order.created', { body: '{}', token: await signToken(claims) });
      expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(says), cure: expect.any(String) } });
    });

    it.each(['user.connected', 'sluice.started'])('rejects the reserved event type %s', async (type) => {
      expect(await event(type, { body: '{}' })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    });
  });

  it('accepts the event types that an issuer may send', async () => {
    const token = await signToken({ kid: 'erp', secret: ERP_SECRET });
    expect(await event('erp.saved', { body: '{}', token })).toMatchObject({ status: 202 });
  });

  it('rejects the scope admin of an issuer that may not grant it', async () => {
    const token = await signToken({ kid: 'erp', secret: ERP_SECRET, scope: 'admin' });
    expect(await ask(`${stage.url}/api/status`, { token })).toMatchObject({ status: 403 });
    expect(await ask(`${stage.url}/api/status`, { token: null })).toMatchObject({ status: 401 });
  });

  it('answers 404 for an unknown path and 405 for another method', async () => {
    expect(await endpoint('nowhere', {})).toMatchObject({ status: 404, body: { code: 'NO_ROUTE' } });
    expect(await ask(`${stage.url}/in/echo/1`)).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
  });

  it('reports errors in the same format at all entry points', async () => {
    const token = await signToken({ scope: 'admin' });
    const shape = { code: expect.any(String), message: expect.any(String), cure: expect.any(String) };
    const refused = [
      await ask(`${stage.url}/nowhere`),
      await ask(`${stage.url}/in/nowhere`),
      await ask(`${stage.url}/api/status`, { token: null }),
      await ask(`${stage.url}/api/parked?limit=many`, { token }),
      await ask(`${stage.url}/api/parked/nothing`, { token }),
      await post(`${stage.url}/api/unrouted/replay`, {}, { token, body: '{oops' }),
      await post(`${stage.url}/api/unrouted/replay`, {}, { token, body: JSON.stringify({ type: 'x'.repeat(70_000) }) }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([404, 404, 401, 400, 404, 400, 413]);
    for (const { body } of refused) expect(body).toEqual(shape);
    expect(refused[0]?.body).toMatchObject({ code: 'NO_ROUTE', message: expect.stringContaining('/api/docs') });
  });

  describe('replies of flows', () => {
    const FORMS: readonly (readonly [string, string, string, unknown])[] = [
      ['JSON', 'application/json', '{"a":1}', { a: 1 }],
      ['a form', 'application/x-www-form-urlencoded', 'phone=7916&name=%D0%81%D0%B6', { phone: '7916', name: 'Ёж' }],
      ['XML, as a text', 'application/xml; charset=utf-8', '<order number="1"/>', '<order number="1"/>'],
    ];
    it.each(FORMS)('replies to %s', async (_what, type, body, got) => {
      const answer = await ask(`${stage.url}/in/echo/42`, { method: 'POST', body, headers: { 'content-type': type } });
      expect(answer).toMatchObject({ status: 201, body: { got } });
      expect(answer.headers.get('x-node')).toBe('42');
    });

    it('replies to a query', async () => {
      expect(await ask(`${stage.url}/in/search?phone=7916`)).toMatchObject({ status: 200, body: { phone: '7916' } });
    });

    it('replies with the answer of 1C', async () => {
      const answer = await endpoint('ask', { method: 'GetDebt', data: { Контрагент: 'К-1' } });
      expect(answer).toMatchObject({ status: 200, body: { Контрагент: 'К-1', Долг: 10.1 } });
    });

    it('answers 204 when the flow sends no reply', async () => {
      expect(await endpoint('quiet', {})).toMatchObject({ status: 204, body: '' });
    });

    it('answers 422 when 1C rejects the call', async () => {
      const answer = await endpoint('ask', { method: 'Fail', data: { Текст: 'Кредит исчерпан' } });
      expect(answer).toMatchObject({
        status: 422,
        body: { id: expect.any(String), code: 'ONEC_BUSINESS', message: expect.stringContaining('Кредит исчерпан') },
      });
    });

    it('answers 504 when the reply is late, and continues the run', async () => {
      stage.onec.setFault({ kind: 'hang', times: 1 });
      const done = stage.onec.stats().done;
      expect(await endpoint('hurry', {})).toMatchObject({ status: 504, body: { code: 'REPLY_LATE', id: expect.any(String) } });
      stage.onec.setFault();
      await until('the call to be carried out after all', () => stage.onec.stats().done > done);
    });

    it('answers 200 to a repeated webhook', async () => {
      expect(await endpoint('webhook', { event: 'e-1' })).toMatchObject({ status: 200, body: { taken: true } });
      expect(await endpoint('webhook', { event: 'e-1' })).toMatchObject({ status: 200, body: { duplicate: true } });
    });

    it('answers 400 to a body that does not match the schema, and 415 to another content type', async () => {
      expect(await endpoint('webhook', { event: 1 })).toMatchObject({
        status: 400,
        body: { code: 'BODY_INVALID', message: expect.stringContaining('/event') },
      });
      const xml = { method: 'POST', body: '<a/>', headers: { 'content-type': 'application/xml' } };
      expect(await ask(`${stage.url}/in/webhook`, xml)).toMatchObject({ status: 415 });
    });
  });
});
