import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { runId } from '@sluice/plugin-api';
import type { CommandResult } from '../support/cli.js';
import { makeWorkspace, type Folder } from '../support/workspace.js';

const COMMAND_MS = 100_000;
const SECRET = 'hunter2-of-the-base';

const FLOWS = `sluice: 1
flow: order
trigger: { use: event, with: { types: [order.created] } }
steps:
  - id: vip
    if: \${{ trigger.data.total > 1000 }}
    use: onec-http.call
    connection: erp
    with: { method: Vip, data: {} }
  - id: lines
    forEach:
      in: \${{ trigger.data.lines }}
      as: line
      onFailure: continue
      steps:
        - id: reserve
          use: onec-http.call
          connection: erp
          with: { method: Reserve, data: '\${{ line }}' }
  - id: safe
    try:
      steps:
        - { id: odd, raise: { code: ORDER_ODD, message: 'odd order' } }
      catch:
        - { id: note, set: '\${{ error.code }}' }
  - id: party
    call: { flow: find-party, data: { name: '\${{ trigger.data.name }}' } }
  - id: told
    emit: { type: order.told, data: { note: '\${{ steps.note ?? "" }}', party: '\${{ steps.party }}', failed: '\${{ steps.lines.failed }}' } }
---
sluice: 1
flow: find-party
trigger: { use: flow }
steps:
  - id: answer
    reply: { data: '\${{ trigger.data.name & "!" }}' }
---
sluice: 1
flow: stuck
trigger: { use: event, with: { types: [stuck] } }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: Save, data: '\${{ trigger.data }}' } }
`;

const SETTINGS = (url: string) => `sluice: 1
plugins: ['@sluice/plugin-onec-http']
connections:
  erp:
    use: onec-http
    with: { baseUrl: '${url}', user: gate, password: '\${{ env.ERP_PASSWORD }}' }
`;

/** Returns the id under which 1C received the only call of a dry run. */
function idOf(stdout: string): string {
  const { event } = JSON.parse(stdout) as { readonly event: { readonly source: string; readonly id: string } };
  return `${runId(event.source, event.id, 'stuck')}/save`;
}

describe('the tools of authors', () => {
  let workspace: Folder;
  let onec: Onec;
  let event: string;

  beforeAll(async () => {
    onec = await startOnec({ port: 0, latencyMs: 1 });
    workspace = makeWorkspace({
      'sluice.yaml': SETTINGS(`${onec.url}/base/hs/gate`),
      'flows/order.yaml': FLOWS,
      'event.json': JSON.stringify({ total: 5, name: 'Ромашка', lines: [{ sku: 'a' }, { sku: 'b' }], copy: SECRET }),
    });
    event = path.join(workspace.path, 'event.json');
  }, 120_000);

  afterAll(async () => {
    await onec.close();
    workspace.remove();
  });

  const run = (...args: readonly string[]): Promise<CommandResult> =>
    new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], NO_COLOR: '1', ERP_PASSWORD: SECRET };
      const all = [path.resolve('apps/cli/bin/sluice.js'), ...args, '--workspace', workspace.path];
      execFile(process.execPath, all, { env, timeout: COMMAND_MS, encoding: 'utf8' }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });

  it('shows loops, handlers, called flows and skipped steps of a run that calls nothing', async () => {
    const { code, stdout, stderr } = await run(
      'dry-run',
      'order',
      event,
      '--mock',
      'reserve=[{"output":{"ok":1},"times":1},{"error":{"fate":"rejected","code":"ONEC_BUSINESS","message":"no stock"}}]',
    );
    expect(stderr).toContain('filled in: type order.created, id e1');
    expect(stdout).toContain('skipped: ${{ trigger.data.total > 1000 }} is false (trigger.data.total is 5)');
    expect(stdout).toMatch(/lines {2}forEach, 2 items\n +item 0\n.*reserve {2}onec-http\.call on erp\n/);
    expect(stdout).toContain('failed: ONEC_BUSINESS (rejected) no stock');
    expect(stdout).toMatch(/catch\n.*note {2}set\n +out: "ORDER_ODD"/);
    expect(stdout).toMatch(/flow find-party\n.*answer {2}reply/);
    expect(stdout).toContain('"party": "Ромашка!", "failed": 1');
    expect(stdout).toContain('1 event emitted: order.told\ndone');
    expect(code).toBe(0);
    expect(onec.stats().calls).toBe(0);
  });

  it('really calls a step after a warning, once, and shows no secret', async () => {
    const { code, stdout, stderr } = await run('dry-run', 'stuck', event, '--live', 'save', '--format', 'json');
    expect(stderr).toContain(
      `WARNING: these steps are really called, each at most once:\n  save: onec-http.call on erp (${onec.url}`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done', steps: [{ step: 'save', input: { data: { copy: '***' } } }] });
    expect(stdout + stderr).not.toContain(SECRET);
    expect(onec.stats({ ids: true })).toMatchObject({ distinct: 1, ids: { [idOf(stdout)]: { count: 1 } } });
    expect(code).toBe(0);
  });

  it.each([
    ['100ms', 'the run did not end within 100 ms (--timeout allows more)', 'unfinished'],
    [
      '90s',
      /the run did not end within \d+ (h|d) of virtual time: it waits for erp: the remote system could not be reached/,
      'did not end: waits for erp: ',
    ],
  ])('ends a run that waits without end after --timeout %s, and says why', async (timeout, reason, shown) => {
    const away = 'save={"error":"unavailable"}';
    const { code, stdout, stderr } = await run('dry-run', 'stuck', event, '--mock', away, '--timeout', timeout);
    expect(stdout).toContain(shown);
    expect(stderr).toMatch(reason);
    expect(code).toBe(1);
  });

  it('offers the nearest flow, and rejects an event that a host would not deliver', async () => {
    expect(await run('dry-run', 'ordre', event)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean order?'),
    });
    writeFileSync(event.replace('event', 'other'), JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 'other' }));
    expect(await run('dry-run', 'order', event.replace('event', 'other'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('order takes order.created, so a host would not deliver other to it'),
    });
  });

  it('evaluates an expression in the scope of a step within a loop, and explains a missing value', async () => {
    const scope = ['--event', event, '--flow', 'order', '--step', 'reserve'];
    expect(await run('expr', ...scope, 'line.sku & loop.index & $substring($now(), 0, 4)')).toMatchObject({
      code: 0,
      stdout: '"a02026"\n',
    });
    expect(await run('expr', ...scope.slice(0, -1), 'reserv', 'line.sku')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('order has no step "reserv": did you mean reserve?'),
    });
    expect(await run('expr', ...scope, 'line.SKU')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"sku" differs in upper and lower case\n  write: line.sku'),
    });
  });

  it('draws the flows of one file', async () => {
    const out = path.join(workspace.path, 'graph.svg');
    const drawn = await run('graph', path.join(workspace.path, 'flows/order.yaml'), '--format', 'svg', '--out', out);
    expect(drawn).toMatchObject({ code: 0, stderr: expect.stringContaining('3 flows') });
    expect((await run('graph')).stdout).toMatch(/^flowchart LR\n {2}n0\[\("erp<br\/>onec-http"\)\]/);
  });
});
