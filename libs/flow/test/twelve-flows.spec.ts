import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compile } from './support/workspace.js';

const folder = new URL('fixtures/twelve/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const flows = Object.fromEntries(readdirSync(new URL('flows/', folder)).map((name) => [name, read(`flows/${name}`)]));

describe('twelve flows of the whole language', () => {
  it('are rejected only for the features of a later release', () => {
    const { findings, workspace } = compile({ workspace: read('sluice.yaml'), flows });
    const byFile: Record<string, string[]> = {};
    for (const { file, code, message } of findings)
      (byFile[file] ??= []).push(code === 'FLOW_NOT_YET' ? message : `${code} ${message}`);
    expect(workspace).toBeUndefined();
    expect(byFile).toEqual({
      'debt-campaign.yaml': ['concurrency: 20 of forEach comes with a later release'],
      'nightly-contacts.yaml': [
        'concurrency: 10 of forEach comes with a later release',
        '"batch" of deliver comes with a later release',
      ],
      'payment-webhook.yaml': ['onDuplicate: replayReply comes with a later release'],
      'price-list.yaml': ['"coalesce" of deliver comes with a later release', '"parallel" of a step comes with a later release'],
      'reserve-lines.yaml': ['concurrency: 4 of forEach comes with a later release'],
      'sluice.yaml': ['"shared" of pace comes with a later release'],
      'stock-request.yaml': ['"cache" of a step comes with a later release'],
    });
  });

  it('compile without these features', () => {
    const without: Readonly<Record<string, readonly [part: RegExp, instead: string][]>> = {
      'debt-campaign.yaml': [[/^ +concurrency: 20\n/m, '']],
      // the second flow is about batches
      'nightly-contacts.yaml': [
        [/^ +concurrency: 10\n/m, ''],
        [/^---\n[^]*/m, ''],
      ],
      'payment-webhook.yaml': [[/^ +onDuplicate: replayReply\n/m, '']],
      'reserve-lines.yaml': [[/^ +concurrency: 4\n/m, '']],
      'stock-request.yaml': [[/^ +cache: .*\n/m, '']],
    };
    const rest = Object.fromEntries(
      Object.entries(flows)
        // all of it is about coalesced events and parallel branches
        .filter(([name]) => name !== 'price-list.yaml')
        .map(([name, text]) => [name, (without[name] ?? []).reduce((part, [from, to]) => part.replace(from, to), text)]),
    );
    const { findings, workspace } = compile({
      workspace: read('sluice.yaml').replace(/^ +pace: \{ shared: .*\n/m, ''),
      flows: rest,
    });
    // their events go to systems outside of the workspace
    const others = findings.filter(({ code }) => code !== 'EVENT_NOBODY_TAKES');
    expect(others.map(({ file, code, severity }) => `${file} ${severity} ${code}`)).toEqual([
      'debt-campaign.yaml warning POLICY_TIMEOUT',
      'payment-webhook.yaml warning POLICY_REPLY',
      'payment-webhook.yaml warning POLICY_EXPIRES',
    ]);
    const reserve = workspace?.flows.find(({ name }) => name === 'reserve-lines');
    expect(reserve?.steps).toMatchObject([
      {
        verb: 'forEach',
        as: 'line',
        onFailure: 'continue',
        steps: [{ verb: 'try', steps: [{ id: 'reserve' }], catch: [{ id: 'partly' }, { id: 'none', verb: 'raise' }] }],
      },
      { verb: 'raise', error: { code: 'NOTHING_RESERVED', fate: 'rejected' } },
      { verb: 'emit' },
    ]);
    expect(workspace?.flows.find(({ name }) => name === 'onec-request')?.catch).toMatchObject([{ verb: 'emit' }]);
  });
});
