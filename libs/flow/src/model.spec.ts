import { describe, expect, it } from '@jest/globals';
import type { EvaluationContext, Scope } from './index.js';
import { compile, environment } from '../test/support/workspace.js';

const workspace = `
sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-onec-http', '@sluice/plugin-tcp-gateway']
vars:
  prefix: shop
  managers: { RU: ivanov, KZ: akhmetov }
  base: \${{ env.ERP_URL }}/base
settings:
  timezone: Europe/Moscow
  limits: { event: 1MiB }
  retention: { mailbox: 1d }
issuers:
  erp:
    secrets: ['\${{ env.TOKEN_NEW }}', '\${{ env.TOKEN_OLD }}']
    scopes: [desktop, 'events:write']
    events: ['erp.*']
    topics: ['sales.*']
    maxTtl: 8h
    extensions: ['101']
    workplaces: ['shop.*']
connections:
  erp:
    use: onec-http
    with:
      baseUrl: \${{ env.ERP_URL }}
      user: \${{ env.ERP_USER }}
      password: \${{ env.ERP_PASSWORD }}
      timeout: 60s
    pace:
      concurrency: { max: 10 }
      rate: 30/m
      calendar:
        - { daily: '02:00-03:00', concurrency: 0, reason: регламентные работы }
        - { daily: '22:00-06:00', days: [fri, mon], dates: [2026-02-01], priority: bulk, rate: 5/s }
  accounting:
    use: onec-http
    with: { baseUrl: http://bp/hs, user: sluice, password: '\${{ env.BP_PASSWORD ?? "none" }}' }
  desktops:
    use: tcp-gateway
`;

const flow = `
sluice: 1
flow: web-order
description: Заказ с сайта
vars: { channel: site }
trigger:
  use: http.endpoint
  with: { path: /in/orders, respond: reply, wait: 5s }
deliver:
  expires: 10m
  dedupe: { key: '\${{ trigger.data.number }}', within: 30d }
  retry: { attempts: 3, backoff: fixed }
  maxBody: 64KiB
  onExhausted: drop
journal: all
steps:
  - id: order
    set: { Номер: '\${{ trigger.data.number }}', Канал: '\${{ vars.channel }} \${{ vars.prefix }}', Стенд: '\${{ env.STAND ?? "main" }}' }
  - id: create
    if: \${{ steps.order.Номер != "" }}
    use: onec-http.call
    connection: erp
    priority: interactive
    timeout: 5s
    with: { method: Create, data: '\${{ steps.order }}' }
    onError:
      - when: \${{ error.code = "ONEC_BUSINESS" }}
        output: { Отказ: '\${{ error.message }}' }
      - output: {}
  - id: route
    switch:
      cases:
        - when: \${{ $exists(steps.create.Отказ) }}
          steps:
            - id: refused
              reply: { status: 422, headers: { x-reason: refused }, data: { reason: '\${{ steps.create.Отказ }}' } }
            - id: enough
              stop: { reason: отказ }
      otherwise:
        - id: told
          emit: { type: '\${{ vars.prefix }}.order.accepted', subject: '\${{ trigger.data.number }}', data: { ok: true } }
        - id: answer
          reply: {}
---
---
sluice: 1
flow: listener
trigger: { use: event, with: { types: ['*.order.#'], from: stored } }
steps:
  - { id: stop, stop: {} }
`;

const env = {
  ...environment,
  TOKEN_NEW: 'n'.repeat(32),
  TOKEN_OLD: 'o'.repeat(32),
  STAND: 'test',
  UNUSED: 'x',
};

function compiled() {
  const { workspace: made, findings } = compile({ workspace, flows: { 'flows/web.yaml': flow }, env });
  expect(findings).toEqual([]);
  if (!made) throw new Error('no workspace');
  return made;
}

const context: EvaluationContext = { now: 0, uuid: () => '', country: 'RU' };

describe('a compiled workspace', () => {
  it('has its own settings, and defaults for the others', () => {
    const made = compiled();
    expect(made.plugins).toEqual(['@sluice/plugin-http', '@sluice/plugin-onec-http', '@sluice/plugin-tcp-gateway']);
    expect(made.settings).toEqual({
      timezone: 'Europe/Moscow',
      country: 'RU',
      limits: { eventBytes: 1_048_576, hops: 32, parkedBytes: 1_073_741_824, stepsBytes: 1_073_741_824 },
      retention: { journalMs: 30 * 86_400_000, parkedMs: 365 * 86_400_000, mailboxMs: 86_400_000, stepsMs: 3 * 86_400_000 },
      rabbit: { consumerTimeoutMs: 30 * 60_000 },
    });
    expect(made.vars).toEqual({ prefix: 'shop', managers: { RU: 'ivanov', KZ: 'akhmetov' }, base: 'http://erp/hs/gate/base' });
  });

  it('has issuers with both secrets', () => {
    expect(compiled().issuers).toEqual([
      {
        name: 'erp',
        secrets: ['n'.repeat(32), 'o'.repeat(32)],
        scopes: ['desktop', 'events:write'],
        events: ['erp.*'],
        topics: ['sales.*'],
        maxTtlMs: 28_800_000,
        extensions: ['101'],
        workplaces: ['shop.*'],
      },
    ]);
  });

  it('has connections with the options of their plugins, and a pace where there is one', () => {
    const { connections } = compiled();
    expect(connections.get('erp')).toEqual({
      name: 'erp',
      plugin: 'onec-http',
      location: { file: 'sluice.yaml', line: 22, column: 3 },
      config: { baseUrl: 'http://erp/hs/gate', user: 'sluice', password: 'erp-password', timeout: 60_000 },
      secrets: ['erp-password'],
      pace: {
        concurrency: { start: 2, max: 10, adaptive: true },
        rate: { count: 30, perMs: 60_000 },
        latencyTargetMs: 1_000,
        shares: { interactive: 60, normal: 30, bulk: 10 },
        breaker: { failures: 5, withinMs: 30_000, probeMs: 5_000 },
        crashGraceMs: 10_000,
        calendar: [
          { from: 120, to: 180, concurrency: 0, reason: 'регламентные работы' },
          { from: 1_320, to: 360, days: [1, 5], dates: ['2026-02-01'], priority: 'bulk', rate: { count: 5, perMs: 1_000 } },
        ],
        timezone: 'Europe/Moscow',
      },
    });
    expect(connections.get('accounting')?.pace?.concurrency).toEqual({ start: 2, max: 4, adaptive: true });
    expect(connections.get('accounting')?.pace?.timezone).toBeUndefined();
    expect(connections.get('desktops')).toEqual({
      name: 'desktops',
      plugin: 'tcp-gateway',
      location: { file: 'sluice.yaml', line: 38, column: 3 },
      config: { port: 7001 },
      secrets: [],
    });
  });

  it('exposes only the environment variables that flows name', () => {
    expect(compiled().env).toEqual({ STAND: 'test' });
  });
});

describe('a warning', () => {
  it('does not remove the constants of a flow', () => {
    const text = flow.replace('channel: site', "channel: site, greeting: '{{ trigger.data.name }}'");
    const { workspace: made, findings } = compile({ workspace, flows: { 'flows/web.yaml': text }, env });
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning EXPR_MARK']);
    expect(made?.flows[0]?.vars).toMatchObject({ channel: 'site', greeting: '{{ trigger.data.name }}' });
  });

  it('does not remove the issuers of the workspace', () => {
    const text = workspace.replace('env.TOKEN_NEW }}', 'env.TOKEN_NEW & env.UNUSED ?? "" }}');
    const { workspace: made, findings } = compile({ workspace: text, flows: { 'flows/web.yaml': flow }, env });
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning EXPR_PRECEDENCE']);
    expect(made?.issuers.map(({ name }) => name)).toEqual(['erp']);
  });
});

describe('a compiled flow', () => {
  it('has its head, and a revision that changes only with its own text', () => {
    const [made] = compiled().flows;
    expect(made).toMatchObject({
      name: 'web-order',
      description: 'Заказ с сайта',
      location: { file: 'flows/web.yaml', line: 3, column: 7 },
      journal: 'all',
      vars: { channel: 'site', prefix: 'shop' },
      trigger: {
        kind: 'plugin',
        plugin: 'http',
        trigger: 'endpoint',
        options: { method: 'POST', path: '/in/orders', respond: 'reply', wait: 5_000 },
      },
    });
    const changed = compile({ workspace, flows: { 'flows/web.yaml': flow.replace('x-reason', 'x-why') }, env }).workspace?.flows;
    expect(changed?.[0]?.revision).not.toBe(made?.revision);
    expect(changed?.[1]?.revision).toBe(compiled().flows[1]?.revision);
  });

  it('lists the secrets of its trigger, to be masked', () => {
    const signed = "path: /in/orders, signature: { header: h, algorithm: a, secret: '${{ env.PAYMENT_SECRET }}' }";
    const text = flow.replace('path: /in/orders', signed);
    const { workspace: made } = compile({ workspace, flows: { 'flows/web.yaml': text }, env });
    expect(made?.flows[0]?.trigger).toMatchObject({ secrets: ['payment-secret'] });
    expect(compiled().flows[0]?.trigger).not.toHaveProperty('secrets');
  });

  it('has its own delivery options, and defaults for the others', async () => {
    const [first, second] = compiled().flows;
    const { dedupe, ...deliver } = first!.deliver;
    expect(deliver).toEqual({
      expiresMs: 600_000,
      onPark: 'continue',
      retry: { attempts: 3, backoff: 'fixed', initialMs: 1_000, maxMs: 300_000 },
      retryGiven: true,
      maxBodyBytes: 65_536,
      onExhausted: 'drop',
    });
    expect(dedupe?.withinMs).toBe(30 * 86_400_000);
    expect(await dedupe?.key.text({ trigger: { data: { number: 7 } }, vars: {}, env: {}, context })).toBe('7');
    expect(second!.deliver).toEqual({
      retry: { attempts: 10, backoff: 'exponential', initialMs: 1_000, maxMs: 300_000 },
      retryGiven: false,
      maxBodyBytes: 1_048_576,
      onExhausted: 'park',
      onPark: 'continue',
    });
    expect(second!.trigger).toEqual({ kind: 'event', types: ['*.order.#'], from: 'stored' });
    expect(second!.journal).toBe('changes');
  });

  it('has compiled steps', async () => {
    const [first] = compiled().flows;
    const [order, create, route] = first!.steps;
    const scope: Scope = {
      trigger: { data: { number: 'A-1' } },
      steps: { order: { Номер: 'A-1' } },
      vars: first!.vars,
      env: {},
      context,
    };
    if (order?.verb !== 'set' || create?.verb !== 'use' || route?.verb !== 'switch') throw new Error('unexpected verbs');
    expect(await order.value.render(scope)).toEqual({ Номер: 'A-1', Канал: 'site shop', Стенд: 'main' });
    expect(create).toMatchObject({
      plugin: 'onec-http',
      action: 'call',
      connection: { constant: true },
      timeoutMs: 5_000,
      priority: 'interactive',
    });
    expect(await create.if?.test(scope)).toBe(true);
    expect(await create.with.render(scope)).toEqual({ method: 'Create', data: { Номер: 'A-1' } });
    expect(create.onError.map(({ when }) => when !== undefined)).toEqual([true, false]);
    expect(route.cases[0]?.steps.map(({ id, verb }) => [id, verb])).toEqual([
      ['refused', 'reply'],
      ['enough', 'stop'],
    ]);
    const [told, answer] = route.otherwise;
    if (told?.verb !== 'emit' || answer?.verb !== 'reply') throw new Error('unexpected verbs');
    expect(await told.type.text(scope)).toBe('shop.order.accepted');
    expect(await answer.status.render(scope)).toBe(200);
    expect(await answer.headers.render(scope)).toEqual({});
    expect(answer.data).toBeUndefined();
  });
});
