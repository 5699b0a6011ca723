import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compile } from './support/workspace.js';

const folder = new URL('fixtures/twelve/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const flows = Object.fromEntries(readdirSync(new URL('flows/', folder)).map((name) => [name, read(`flows/${name}`)]));

const KEY = '"key" of deliver comes with a later release';
const CATCH = '"catch" of a flow comes with a later release';
const step = (verb: string) => `"${verb}" of a step comes with a later release`;

describe('twelve flows of the whole language', () => {
  it('are rejected only for the features of a later release', () => {
    const { findings, workspace } = compile({ workspace: read('sluice.yaml'), flows });
    const byFile: Record<string, string[]> = {};
    for (const { file, code, message } of findings)
      (byFile[file] ??= []).push(code === 'FLOW_NOT_YET' ? message : `${code} ${message}`);
    expect(workspace).toBeUndefined();
    expect(byFile).toEqual({
      'debt-campaign.yaml': [KEY, step('forEach')],
      'incoming-call.yaml': [KEY],
      'nightly-contacts.yaml': [
        'the trigger "schedule" comes with a later release',
        step('forEach'),
        '"batch" of deliver comes with a later release',
      ],
      'onec-request.yaml': [KEY, CATCH],
      'payment-webhook.yaml': [KEY, 'onDuplicate: replayReply comes with a later release'],
      'price-list.yaml': ['"coalesce" of deliver comes with a later release', step('parallel')],
      'reserve-lines.yaml': [KEY, step('forEach'), step('raise')],
      'sluice.yaml': ['"shared" of pace comes with a later release'],
      'stock-request.yaml': ['"cache" of a step comes with a later release', CATCH],
      'sync-document.yaml': [KEY, step('raise')],
      'timeline-to-erp.yaml': [KEY],
      'web-order.yaml': [KEY, CATCH],
      'xml-exchange.yaml': [KEY],
    });
  });
});
