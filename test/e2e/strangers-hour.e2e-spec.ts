import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { post } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { startHost, type HostProcess } from '../support/host.js';
import { sluiceIn } from '../support/terminal.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

interface Finding {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly write: string;
}

/** What a beginner writes after the first guide: a misspelt key, a misspelt connection, a misspelt field of the event. */
const WITH_MISTAKES = `sluice: 1
flow: payments
note: Payment \${{ trigger.data.number }}
journal: full
trigger:
  use: event
  with: { types: [payment.received] }
deliver:
  retries: { attempts: 3 }
steps:
  - id: post
    use: onec-http.call
    connection: epr
    with:
      method: PostPayment
      data: { Номер: '\${{ trigger.dat.number }}', Сумма: '\${{ $decimal(trigger.data.amount, 2) }}' }
tests:
  - name: the amount becomes a number with two places
    trigger: { data: { number: W-4, amount: '1 234,505' } }
    expect: { outcome: done, calls: { post: { method: PostPayment, data: { Номер: W-4, Сумма: 1234.51 } } } }
  - name: a refused payment is parked
    trigger: { data: { number: W-4, amount: 5 } }
    mocks: { post: { error: rejected } }
    expect: { outcome: parked }
`;
const FILE = 'flows/payments.yaml';

/** The same after the cures of the lint: each names the word to write. */
const CORRECTED = WITH_MISTAKES.replace('retries:', 'retry:').replace('epr', 'erp').replace('trigger.dat.', 'trigger.data.');

describe('the first hour of a stranger', () => {
  let parent: Folder;
  let folder: string;
  let home: Folder;
  let onec: Onec;
  let host: HostProcess;

  beforeAll(async () => {
    parent = makeFolder('stranger');
    home = makeFolder('home');
    folder = path.join(parent.path, 'shop');
    onec = await startOnec({ port: 0, latencyMs: 1 });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await host?.dispose();
    await onec?.close();
    for (const one of [parent, home]) one?.remove();
  }, START_TIMEOUT_MS);

  it('begins with a workspace whose flow is tested', async () => {
    expect(await sluiceIn(parent.path, ['init', 'shop'])).toMatchObject({ code: 0 });
    expect(await sluiceIn(folder, ['test'])).toMatchObject({ code: 0 });
  });

  it('shows three mistakes with what to write, and the cures make the flow pass lint and tests', async () => {
    writeFileSync(path.join(folder, FILE), WITH_MISTAKES);
    expect(await sluiceIn(folder, ['test', FILE])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('correct them first'),
    });
    const text = await sluiceIn(folder, ['lint', FILE]);
    expect(text).toMatchObject({ code: 1, stderr: expect.stringContaining('3 findings, 3 errors') });
    const linted = await sluiceIn(folder, ['lint', FILE, '--format', 'json']);
    const findings = JSON.parse(linted.stdout) as readonly Finding[];
    expect(findings.map(({ line, code, write }) => [line, code, write])).toEqual([
      [9, 'FLOW_UNKNOWN_KEY', expect.stringMatching(/^retry: /)],
      [13, 'REF_CONNECTION', 'erp'],
      [16, 'EXPR_FIELD', 'trigger.data'],
    ]);
    // a reader of the text finds the line, the words and the cure without the manual
    for (const { line, code, message, write } of findings) {
      expect(text.stdout).toContain(`${FILE}:${line}:`);
      expect(text.stdout).toContain(`${code} ${message}`);
      expect(text.stdout).toContain(`write: ${write}`);
    }
    // what can be corrected without guessing is corrected by the command, the rest by hand
    const fixed = await sluiceIn(folder, ['lint', FILE, '--fix', '--yes']);
    expect(fixed.stdout + fixed.stderr).toMatch(/correct/);
    const left = JSON.parse((await sluiceIn(folder, ['lint', FILE, '--format', 'json'])).stdout) as readonly Finding[];
    expect(left.length).toBeLessThan(findings.length);
    writeFileSync(path.join(folder, FILE), CORRECTED);
    expect(await sluiceIn(folder, ['lint'])).toEqual({ code: 0, stdout: '', stderr: '2 flows, 0 findings\n' });
    expect(await sluiceIn(folder, ['test', FILE])).toMatchObject({ code: 0, stderr: '2 passed, 0 failed, in 1 flow\n' });
  });

  it(
    'runs on a host, which carries a payment into 1C',
    async () => {
      host = await startHost({ workspace: folder, home: home.path, env: { ERP_URL: `${onec.url}/base/hs/gate` } });
      expect(await post(`${host.url}/events/payment.received`, { number: 'W-1', amount: '10,50' })).toMatchObject({
        status: 202,
      });
      await until('the call of 1C', () => onec.stats().done === 1);
    },
    START_TIMEOUT_MS,
  );

  it('finds the payment that 1C answered with 500 by its note, makes a test of it, and replays it after a preview', async () => {
    onec.setFault({ kind: 'business', times: 1 });
    expect(await post(`${host.url}/events/payment.received`, { number: 'W-4', amount: 5 })).toMatchObject({ status: 202 });
    const found = await until('the parked payment to be found', async () => {
      const story = await sluice(host.url ?? '', 'find', 'W-4');
      return story.stdout.includes('parked') && story;
    });
    expect(found.stdout).toContain('Payment W-4');
    expect(found.stdout).toContain('ONEC_BUSINESS');
    const [, run = ''] = /run ([\da-f-]{36})/.exec(found.stdout) ?? [];

    const recorded = await sluice(host.url ?? '', 'record', run, '--workspace', folder);
    expect(recorded).toMatchObject({ code: 0, stderr: expect.stringContaining('the test passes') });
    expect(await sluiceIn(folder, ['test', 'flows/payments.test.yaml'])).toMatchObject({ code: 0 });

    // the accountant wants to know where the payment came from
    const edited = CORRECTED.replace("Сумма: '", "Источник: сайт, Сумма: '");
    writeFileSync(path.join(folder, FILE), edited);
    expect(await sluiceIn(folder, ['test'])).toMatchObject({ code: 0 });
    expect(await sluice(host.url ?? '', 'reload')).toMatchObject({ code: 0 });
    const preview = await sluice(host.url ?? '', 'replay', run, '--preview', '--workspace', folder);
    expect(preview.stdout).toContain('post would be called with another input');
    expect(preview.stdout).toContain('data.Источник');
    expect(onec.stats().done).toBe(1);

    expect(await sluice(host.url ?? '', 'parked', 'replay', run)).toMatchObject({ code: 0 });
    await until('the second call of 1C', () => onec.stats().done === 2);
    await until('the run to be done', async () => (await sluice(host.url ?? '', 'find', 'W-4')).stdout.includes('done'));
  });
});
