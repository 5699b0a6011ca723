import { describe, expect, it } from '@jest/globals';
import { environment, sourceFile } from '../../test/support/workspace.js';
import { stubPlugins } from '../../test/support/stub-plugins.js';
import { compileRevision, compileWorkspace, parseWorkspaceFile, type Flow, type Scope } from '../index.js';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-onec-http']
vars:
  prefix: shop
  quoted: "it's \\"so\\": # no comment"
  host: \${{ env.SITE_URL }}/shop
  managers: { RU: [ivanov], KZ: 7 }
connections:
  erp: { use: onec-http, with: { baseUrl: '\${{ env.ERP_URL }}', user: u, password: '\${{ env.ERP_PASSWORD }}' } }
`;
const FLOW = `
sluice: 1
flow: orders
vars: { own: 1 }
trigger: { use: event, with: { types: [order.created] } }
steps:
  - id: text
    set: { prefix: '\${{ vars.prefix }}', host: '\${{ vars.host }}', quoted: '\${{ vars.quoted }}', stand: '\${{ env.STAND }}' }
  - { id: save, use: onec-http.call, connection: erp, with: { method: Save, data: { a: 1 } } }
---
sluice: 1
flow: other
trigger: { use: event, with: { types: [other] } }
steps:
  - { id: stop, stop: {} }
`;
const env = { ...environment, STAND: 'test', SITE_URL: 'http://secret-site' };

function input(workspace = WORKSPACE, variables: Readonly<Record<string, string>> = env) {
  const { file } = parseWorkspaceFile(sourceFile('sluice.yaml', workspace));
  if (!file) throw new Error('sluice.yaml cannot be read');
  return { workspace: file, plugins: stubPlugins, env: variables };
}

function flowsOf(workspace = WORKSPACE, flow = FLOW, variables = env): readonly Flow[] {
  const { workspace: made, findings } = compileWorkspace({
    ...input(workspace, variables),
    flows: [sourceFile('flows/a.yaml', flow)],
  });
  if (!made) throw new Error(JSON.stringify(findings));
  return made.flows;
}

async function rendered(flow: Flow): Promise<unknown> {
  const [step] = flow.steps;
  if (step?.verb !== 'set') throw new Error('the first step has another verb');
  const scope: Scope = { vars: flow.vars, env: flow.env, context: { now: 0, uuid: () => '', country: 'RU' } };
  return step.value.render(scope);
}

describe('the revision of a flow', () => {
  const [orders, other] = flowsOf();

  it('changes with its text, with constants of the workspace and with variables that its steps read', () => {
    const changed = [
      flowsOf(WORKSPACE, FLOW.replace('id: save', 'id: store')),
      flowsOf(WORKSPACE.replace('prefix: shop', 'prefix: site')),
      flowsOf(WORKSPACE, FLOW, { ...env, STAND: 'main' }),
      flowsOf(WORKSPACE, FLOW, { ...env, SITE_URL: 'http://another' }),
    ].map(([first]) => first?.revision);
    expect(new Set([orders?.revision, ...changed]).size).toBe(5);
    expect(orders?.revision).toMatch(/^[\da-f]{16}$/);
    expect(flowsOf()[0]?.revision).toBe(orders?.revision);
  });

  it('does not change with other flows, connections, and variables that it does not read', () => {
    expect(flowsOf(WORKSPACE, FLOW.replace('id: save', 'id: store'))[1]?.revision).toBe(other?.revision);
    expect(flowsOf(WORKSPACE, FLOW, { ...env, STAND: 'main' })[1]?.revision).toBe(other?.revision);
    expect(flowsOf(WORKSPACE.replace('user: u', 'user: v'))[0]?.revision).toBe(orders?.revision);
    expect(flowsOf(WORKSPACE, FLOW, { ...env, ERP_PASSWORD: 'another' })[0]?.revision).toBe(orders?.revision);
  });

  it('has an origin without values of the environment', () => {
    expect(JSON.stringify(orders?.origin)).toContain('env.SITE_URL');
    for (const value of ['secret-site', 'erp-password', 'http://erp'])
      expect(JSON.stringify(orders?.origin)).not.toContain(value);
    expect(orders?.origin.source).not.toContain('flow: other');
  });
});

describe('compileRevision', () => {
  const [orders] = flowsOf() as readonly [Flow];
  const stored = { flow: 'orders', revision: orders.revision, ...orders.origin };

  it('compiles the steps and the constants as they were, under the same revision', async () => {
    const today = input(WORKSPACE.replace('prefix: shop', 'prefix: site').replace('user: u', 'user: v'));
    const result = compileRevision(today, stored);
    if (!result.ok) throw new Error(JSON.stringify(result.findings));
    expect(result.flow).toMatchObject({ name: 'orders', revision: orders.revision, vars: orders.vars, env: orders.env });
    expect(result.isExact).toBe(true);
    expect(result.flow.steps.map(({ id }) => id)).toEqual(['text', 'save']);
    expect(await rendered(result.flow)).toEqual(await rendered(orders));
    expect(await rendered(result.flow)).toMatchObject({ prefix: 'shop', quoted: 'it\'s "so": # no comment' });
  });

  it('reads the variables of today', async () => {
    const result = compileRevision(input(WORKSPACE, { ...env, STAND: 'main', SITE_URL: 'http://new' }), stored);
    if (!result.ok) throw new Error(JSON.stringify(result.findings));
    expect(result).toMatchObject({ isExact: false, flow: { revision: orders.revision } });
    expect(await rendered(result.flow)).toMatchObject({ host: 'http://new/shop', stand: 'main' });
  });

  it.each([
    ['a connection that is gone', input(WORKSPACE.replace('  erp: {', '  bp: {')), /connection.*"erp"/],
    ['an action that is gone', input(), /no action "call"/],
    ['a text that cannot be read', input(), /./],
  ])('names %s', (title, today, message) => {
    const plugins = new Map(stubPlugins);
    const plugin = plugins.get('onec-http')!;
    if (title.startsWith('an action')) plugins.set('onec-http', { ...plugin, actions: {} });
    const source = title.startsWith('a text') ? ': [' : stored.source;
    const result = compileRevision({ ...today, plugins }, { ...stored, source });
    expect(result).toMatchObject({ ok: false });
    if (!result.ok) expect(result.findings[0]?.message).toMatch(message);
  });
});
