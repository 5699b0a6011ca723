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
});
