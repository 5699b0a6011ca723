import { describe, expect, it } from '@jest/globals';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { completionAt } from '../src/completion.js';
import { editing, flowOf } from './editor.js';

async function labels(text: string, others: Readonly<Record<string, string>> = {}, file?: string): Promise<string[]> {
  const { at, rangeOf } = await editing(text, others, file);
  return completionAt(at, rangeOf).map(({ label }) => label);
}

/** The text after the item was taken. */
async function taken(text: string, label: string): Promise<string> {
  const { at, rangeOf, document } = await editing(text);
  const item = completionAt(at, rangeOf).find((one) => one.label === label);
  if (!item?.textEdit || !('range' in item.textEdit)) throw new Error(`there is no item ${label}`);
  return TextDocument.applyEdits(document, [item.textEdit]);
}

const SAVE = `  - id: save
    use: onec-http.request
    connection: erp
    with: { method: GET, path: / }`;

describe('completion of keys', () => {
  it('offers the keys of a flow that it does not have yet', async () => {
    const offered = await labels('sluice: 1\nflow: a\n‸');
    expect(offered).toEqual(expect.arrayContaining(['trigger', 'deliver', 'steps', 'catch', 'tests', 'vars']));
    expect(offered).not.toContain('flow');
  });

  it('offers the keys of a map below a key without a value', async () => {
    expect(await labels(`sluice: 1\nflow: a\ndeliver:\n  ‸\n`)).toEqual(
      expect.arrayContaining(['key', 'retry', 'expires', 'dedupe']),
    );
    expect(await labels(`sluice: 1\nflow: a\ndeliver:\n  retry:\n    att‸\n`)).toEqual(
      expect.arrayContaining(['attempts', 'backoff']),
    );
  });

  it('offers the verbs of a step, and with a verb only the keys that go with it', async () => {
    expect(await labels(flowOf('  - id: save\n    ‸'))).toEqual(expect.arrayContaining(['use', 'set', 'forEach', 'if', 'emit']));
    const offered = await labels(flowOf('  - id: save\n    use: onec-http.call\n    ‸'));
    expect(offered).toEqual(expect.arrayContaining(['connection', 'with', 'timeout', 'if']));
    expect(offered).not.toEqual(expect.arrayContaining(['set']));
    expect(await labels(flowOf('  - id: sent\n    ‸\n    emit: { type: order.saved }'))).toEqual(['if']);
  });

  it('offers the options of the action in "with", also when "use" comes later and in braces', async () => {
    expect(await labels(flowOf('  - id: save\n    use: onec-http.request\n    with:\n      ‸'))).toEqual(
      expect.arrayContaining(['method', 'path', 'headers', 'body']),
    );
    expect(await labels(flowOf('  - id: save\n    with: { method: GET, ‸ }\n    use: onec-http.request'))).toEqual([
      'path',
      'headers',
      'body',
    ]);
  });

  it('offers steps in inner lists', async () => {
    const loop = '  - id: all\n    forEach:\n      in: ${{ trigger.data.lines }}\n      steps:\n        - ‸';
    expect(await labels(flowOf(loop))).toEqual(expect.arrayContaining(['id', 'use']));
  });

  it('writes the colon of a key, and not a second one', async () => {
    expect(await taken('sluice: 1\nflow: a\njour‸\n', 'journal')).toBe('sluice: 1\nflow: a\njournal: \n');
    expect(await taken('sluice: 1\nflow: a\njour‸: all\n', 'journal')).toBe('sluice: 1\nflow: a\njournal: all\n');
    expect(await taken('sluice: 1\nflow: a\n‸\n', 'deliver')).toBe('sluice: 1\nflow: a\ndeliver:\n');
  });

  it('offers the keys of sluice.yaml, and the options of a connection', async () => {
    expect(await labels('sluice: 1\n‸', {}, 'sluice.yaml')).toEqual(expect.arrayContaining(['plugins', 'connections']));
    const connections = 'sluice: 1\nplugins: []\nconnections:\n  erp:\n    use: onec-http\n    with:\n      ‸';
    expect(await labels(connections, {}, 'sluice.yaml')).toEqual(expect.arrayContaining(['baseUrl', 'user', 'password']));
  });
});

describe('completion of values', () => {
  it('offers the triggers and the actions of the plugins', async () => {
    expect(await labels('sluice: 1\nflow: a\ntrigger:\n  use: ‸')).toEqual(
      expect.arrayContaining(['event', 'schedule', 'flow', 'http.endpoint', 'asterisk-ami.event']),
    );
    expect(await taken(flowOf('  - id: save\n    use: onec-http.re‸'), 'onec-http.request')).toContain(
      'use: onec-http.request\n',
    );
  });

  it('offers the connections of the plugin', async () => {
    expect(await labels(flowOf('  - id: save\n    use: onec-http.call\n    connection: ‸'))).toEqual(['erp']);
    expect(await labels(flowOf('  - id: save\n    use: onec-http.call\n    connection: e‸\n    with: { method: A }'))).toEqual([
      'erp',
    ]);
  });

  it('offers the values that a key can have', async () => {
    expect(await labels('sluice: 1\nflow: a\njournal: ‸')).toEqual(['all', 'changes', 'off', 'full']);
    expect(await labels(flowOf('  - id: save\n    use: onec-http.call\n    priority: ‸'))).toEqual([
      'interactive',
      'normal',
      'bulk',
    ]);
  });

  it('offers the event types of other flows, and the flows that can be called', async () => {
    const others = {
      'flows/b.yaml': flowOf('  - id: sent\n    emit: { type: order.saved }').replace('flow: a', 'flow: b'),
      'flows/c.yaml': flowOf('  - id: done\n    stop: {}')
        .replace('flow: a', 'flow: c')
        .replace(/trigger: .*/, 'trigger: { use: flow }'),
    };
    const types = 'sluice: 1\nflow: d\ntrigger:\n  use: event\n  with: { types: [ord‸] }\n';
    expect(await labels(types, others)).toEqual(['order.saved', 'order.created']);
    expect(await labels(flowOf('  - id: asked\n    call: { flow: ‸ }'), others)).toEqual(['c']);
  });
});

describe('completion in expressions', () => {
  it('offers the roots and the functions where an expression begins', async () => {
    const offered = await labels(flowOf('  - id: made\n    set: ${{ ‸'));
    expect(offered).toEqual(expect.arrayContaining(['trigger', 'steps', 'vars', 'env', 'run', '$decimal', '$exists']));
    expect(offered).not.toContain('error');
  });

  it('offers the steps that have run, and not the later ones', async () => {
    const steps = `${SAVE}\n  - id: made\n    set: '\${{ steps.‸ }}'\n  - id: later\n    set: 1`;
    expect(await labels(flowOf(steps))).toEqual(['save']);
  });

  it('offers the fields of an output, in an unclosed text in braces', async () => {
    expect(await labels(flowOf(`${SAVE}\n  - id: made\n    set: { status: '\${{ steps.save.‸`))).toEqual(['status', 'body']);
    expect(await labels(flowOf(`${SAVE}\n  - id: made\n    set: >-\n      \${{ $exists(steps.save.st‸`))).toEqual([
      'status',
      'body',
    ]);
  });

  it('offers the fields of the event of a plugin', async () => {
    const flow =
      'sluice: 1\nflow: a\ntrigger:\n  use: asterisk-ami.event\n  connection: pbx\n  with: { events: [Newstate] }\n  where: ${{ trigger.data.‸';
    expect((await labels(flow)).length).toBeGreaterThan(3);
  });

  it('offers the fields that the mocks of a step have, for an answer without a schema', async () => {
    const tests = 'tests:\n  - name: t\n    mocks: { party: { output: { Наименование: Лютик, Номер заказа: 1 } } }';
    const party = '  - id: party\n    use: onec-http.call\n    connection: erp\n    with: { method: GetParty }';
    const text = flowOf(`${party}\n  - id: made\n    set: \${{ steps.party.‸ }}`, tests);
    expect(await labels(text)).toEqual(['Наименование', 'Номер заказа']);
    expect(await taken(text, 'Номер заказа')).toContain('steps.party.`Номер заказа` }}');
  });

  it('offers the fields of the item in a filter, and of the loop around a step', async () => {
    const flow = `sluice: 1
flow: a
trigger:
  use: flow
  with: { input: { type: object, properties: { lines: { type: array, items: { type: object, properties: { sku: {}, qty: {} } } } } } }
steps:
`;
    expect(await labels(`${flow}  - id: made\n    set: \${{ [trigger.data.lines[‸`)).toEqual(
      expect.arrayContaining(['sku', 'qty']),
    );
    const loop =
      '  - id: all\n    forEach:\n      in: ${{ trigger.data.lines }}\n      as: line\n      steps:\n        - id: one\n          set: ${{ line.‸ }}';
    expect(await labels(flow + loop)).toEqual(['sku', 'qty']);
  });

  it('offers the error in handlers only', async () => {
    const handler =
      '  - id: save\n    use: onec-http.call\n    connection: erp\n    with: { method: A }\n    onError:\n      - when: ${{ error.‸ }}\n        output: {}';
    expect(await labels(flowOf(handler))).toEqual(expect.arrayContaining(['code', 'fate', 'message']));
    expect(await labels(flowOf('  - id: made\n    set: ${{ error.‸ }}'))).toEqual([]);
  });

  it('offers the constants of the workspace and of the flow, and no secret variable', async () => {
    expect(await labels(flowOf('  - id: made\n    set: ${{ vars.‸ }}', 'vars: { city: Орёл }'))).toEqual(['prefix', 'city']);
    expect(await labels(flowOf('  - id: made\n    set: ${{ env.‸ }}'))).toEqual(['SHOP']);
  });

  it('offers nothing after the end of an expression, in a text in quotes and in a comment', async () => {
    expect(await labels(flowOf("  - id: made\n    set: '${{ 1 }} tri‸'"))).toEqual([]);
    expect(await labels(flowOf('  - id: made\n    set: ${{ "trigger.‸" }}'))).toEqual([]);
    expect(await labels(flowOf('  - id: made # ${{ steps.‸'))).toEqual([]);
  });

  it('works on while another line of the file is broken', async () => {
    const broken = `${SAVE}\n  - id: bad\n    set: "\${{ 1\n`;
    expect(await labels(flowOf(`${SAVE}\n  - id: made\n    set: \${{ steps.save.‸\n  - id: bad\n    set: { a: 1`))).toEqual([
      'status',
      'body',
    ]);
    expect(await labels(`${flowOf(broken)}deliver:\n  ‸`)).toBeDefined();
  });
});

describe('completion in tests', () => {
  const FLOW = flowOf(SAVE);
  const FILE = 'sluice: 1\nflow: a\ntests:\n';

  it('offers the keys of a test, of its expectations and of its mocks, also in a file with tests', async () => {
    expect(await labels(`${FLOW}tests:\n  - name: t\n    ‸`)).toEqual(
      expect.arrayContaining(['trigger', 'mocks', 'expect', 'now']),
    );
    const inFile = (text: string) => labels(`${FILE}  - name: t\n${text}`, { 'flows/flow.yaml': FLOW }, 'flows/a.test.yaml');
    expect(await inFile('    expect: { ‸ }')).toEqual(expect.arrayContaining(['outcome', 'calls', 'events', 'took']));
    expect(await inFile('    expect: { outcome: ‸ }')).toEqual(expect.arrayContaining(['done', 'parked']));
    expect(await inFile('    mocks: { save: { ‸')).toEqual(expect.arrayContaining(['output', 'error', 'when']));
  });

  it('offers the steps of the flow for mocks, calls and conditions', async () => {
    const inFile = (text: string) => labels(`${FILE}  - name: t\n${text}`, { 'flows/flow.yaml': FLOW }, 'flows/a.test.yaml');
    expect(await inFile('    mocks: { ‸')).toEqual(['save']);
    expect(await inFile('    expect: { calls: { ‸ } }')).toEqual(['save']);
    expect(await inFile("    expect:\n      that: ['${{ calls.‸']")).toEqual(['save']);
    expect(await inFile("    mocks: { save: { when: '${{ ‸")).toEqual(expect.arrayContaining(['with', '$count']));
  });
});
