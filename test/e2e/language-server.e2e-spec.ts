import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { framed, LanguageClient } from '../support/language-client.js';
import { makeWorkspace, type Folder } from '../support/workspace.js';

const SETTINGS = `sluice: 1
plugins: ['@sluice/plugin-onec-http']
settings: { timezone: Europe/Moscow }
vars: { shop: centre }
connections:
  erp: { use: onec-http, with: { baseUrl: http://erp/hs, user: sluice, password: '\${{ env.ERP_PASSWORD }}' } }
`;
const FLOW = `sluice: 1
flow: save-order
trigger:
  use: event
  with: { types: [order.created] }
steps:
  - id: save
    use: onec-http.call
    connection: erp
    with: { method: SaveOrder, data: '\${{ trigger.data }}' }
  - id: saved
    emit: { type: order.saved, data: '\${{ steps.save.Номер }}' }
tests:
  - name: saves
    trigger: { data: { number: 7 } }
    mocks: { save: { output: { Номер: '7' } } }
    expect: { calls: { save: { method: SaveOrder } } }
`;

let client: LanguageClient;
let folder: Folder;

/** Starts a server for a workspace with one flow, and returns the address of the flow. */
async function start(flow = FLOW): Promise<string> {
  folder = makeWorkspace({ 'sluice.yaml': SETTINGS, 'flows/order.yaml': flow });
  client = new LanguageClient({ ERP_PASSWORD: 'secret' });
  await client.initialize(folder.path);
  return `file://${folder.path}/flows/order.yaml`;
}

afterEach(() => {
  client.kill();
  folder?.remove();
});

function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('a client that sends wrong bytes', () => {
  it('gets answers to messages that arrive in pieces of seven bytes, with split headers', async () => {
    const uri = await start();
    const open = { textDocument: { uri, languageId: 'yaml', version: 1, text: FLOW } };
    const bytes = framed(JSON.stringify({ jsonrpc: '2.0', method: 'textDocument/didOpen', params: open }));
    for (let at = 0; at < bytes.length; at += 7) await client.write(bytes.subarray(at, at + 7));
    expect((await client.diagnostics(uri, 1)).diagnostics.map(({ code }) => code)).toEqual(['EVENT_NOBODY_TAKES']);
  });

  it('gets an error for a body that is not JSON, and for one that is no message, and goes on', async () => {
    await start();
    await client.write(framed('{"jsonrpc": "2.0", "id": 1, "method"'));
    await client.write(framed('[1, 2]'));
    await client.until('two errors', () => client.messages.filter(({ id }) => id === null).length === 2 || undefined);
    const codes = client.messages.filter(({ id }) => id === null).map(({ error }) => error?.code);
    expect(codes).toEqual([-32700, -32600]);
    expect(await client.shutdown()).toBe(0);
  });

  it.each([
    ['no length', 'Content-Type: text/plain\r\n\r\n{}', 'Content-Length'],
    ['a length that is no number', 'Content-Length: many\r\n\r\n{}', 'Content-Length'],
    ['a length of 10 GB', 'Content-Length: 10000000000\r\n\r\n{}', 'at most 16777216'],
    ['headers without an end', 'x'.repeat(10_000), 'more than 4096 bytes'],
  ])('ends with a reason after %s, because nothing marks the next message', async (_, bytes, reason) => {
    await start();
    await client.write(bytes);
    expect(await client.end()).toBe(1);
    expect(client.stderr).toContain(reason);
  });

  it('gets an error for requests before initialize, for unknown methods and after shutdown', async () => {
    await start();
    const early = new LanguageClient();
    const { error } = await early.ask('textDocument/hover', {});
    early.closeInput();
    expect(await early.end()).toBe(1);
    expect(error?.code).toBe(-32002);
    expect((await client.ask('sluice/unknown', {})).error?.code).toBe(-32601);
    expect((await client.ask('initialize', {})).error?.code).toBe(-32600);
    await client.notify('sluice/unknown', {});
    await client.request('shutdown', null);
    expect((await client.ask('textDocument/hover', {})).error?.code).toBe(-32600);
    await client.send({ method: 'exit' });
    expect(await client.end()).toBe(0);
  });

  it('gets answers for positions outside of the text, for closed and for foreign documents', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    const position = { line: 99_999, character: 99_999 };
    expect(await client.request('textDocument/hover', { textDocument: { uri }, position })).toBeNull();
    for (const foreign of [`${uri}x`, 'untitled:1', 'file:///', 'http://erp/flows/a.yaml', '%%'])
      expect(await client.request('textDocument/completion', { textDocument: { uri: foreign }, position })).toBeNull();
    await client.notify('textDocument/didClose', { textDocument: { uri } });
    expect(await client.request('textDocument/completion', { textDocument: { uri }, position })).toBeNull();
  });

  it('is told when too many requests are open, and each of them is answered', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    const position = { line: 11, character: 50 };
    const ids = Array.from({ length: 800 }, (_, index) => `many-${index}`);
    const params = { textDocument: { uri }, position };
    await client.write(
      Buffer.concat(ids.map((id) => framed(JSON.stringify({ jsonrpc: '2.0', id, method: 'textDocument/hover', params })))),
    );
    const answers = await Promise.all(ids.map((id) => client.answer(id)));
    const refused = answers.filter(({ error }) => error !== undefined);
    expect(refused.length).toBeLessThan(400);
    for (const { error } of refused) expect(error?.message).toContain('500 requests');
  });
});

describe('a client that changes files', () => {
  it('never gets the diagnostics of an older text for a newer version', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    for (let version = 2; version <= 300; version++) {
      // odd versions have an error
      const text = version % 2 === 0 ? FLOW : FLOW.replace('steps.save', 'steps.svae');
      await client.change(uri, text, version);
      if (version % 60 === 0) await client.diagnostics(uri, version);
    }
    const last = await client.diagnostics(uri, 300);
    expect(last.diagnostics.map(({ code }) => code)).toEqual(['EVENT_NOBODY_TAKES']);
    for (const { version = 1, diagnostics } of client.published(uri)) {
      const wrong = diagnostics.some(({ code }) => code === 'REF_STEP');
      expect({ version, wrong }).toEqual({ version, wrong: version > 1 && version % 2 === 1 });
    }
    const versions = client.published(uri).map(({ version = 0 }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  it('gets an answer to each request, also when it closes the file meanwhile', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    const asked = Array.from({ length: 50 }, (_, index) =>
      client.ask('textDocument/completion', { textDocument: { uri }, position: { line: index % 18, character: 10 } }),
    );
    await client.notify('textDocument/didClose', { textDocument: { uri } });
    for (const { error } of await Promise.all(asked)) expect(error).toBeUndefined();
    expect(await client.shutdown()).toBe(0);
  });

  it('is told that a file of 5 MB is not checked, and the memory stays bounded', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    await client.diagnostics(uri, 1);
    const large = `${FLOW}#${'x'.repeat(5 * 1024 ** 2)}\n`;
    await client.change(uri, large, 2);
    const { diagnostics } = await client.diagnostics(uri, 2);
    expect(diagnostics).toEqual([expect.objectContaining({ message: expect.stringContaining('more than 1024 KiB') })]);
    const before = memoryOf(client.pid);
    for (let version = 3; version <= 40; version++) await client.change(uri, large, version);
    await client.diagnostics(uri, 40);
    const position = { line: 5, character: 3 };
    expect(await client.request('textDocument/completion', { textDocument: { uri }, position })).toBeNull();
    // each of the 38 texts has 5 MB
    expect(memoryOf(client.pid) - before).toBeLessThan(150);
    await client.change(uri, FLOW, 41);
    expect((await client.diagnostics(uri, 41)).diagnostics).toHaveLength(1);
  });

  it('gets diagnostics in a further workspace once the files of another one are closed', async () => {
    await start();
    const files = Array.from({ length: 18 }, (_, at) => [`w${at}/sluice.yaml`, 'sluice: 1\nplugins: []\n'] as const);
    const many = makeWorkspace(Object.fromEntries(files));
    const uriOf = (at: number) => `file://${many.path}/w${at}/sluice.yaml`;
    // the workspace of the handshake has no open file, so it is forgotten for the sixteenth
    for (let at = 0; at < 17; at++) await client.open(uriOf(at), 'sluice: 1\nplugins: []\n');
    await client.until('the refusal', () =>
      client.messages.find(({ params }) => JSON.stringify(params ?? '').includes('16 workspaces are open already')),
    );
    await client.notify('textDocument/didClose', { textDocument: { uri: uriOf(0) } });
    await client.open(uriOf(17), 'sluice: 1\nplugins: []\nplugin: []\n');
    expect((await client.diagnostics(uriOf(17), 1)).diagnostics.map(({ code }) => code)).toEqual(['FLOW_UNKNOWN_KEY']);
    many.remove();
  });

  it('ends when the client closes the streams', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    client.closeInput();
    expect(await client.end()).toBe(1);
    expect(client.stderr).toContain('closed the streams');
  });
});

describe('a client that uses the commands', () => {
  it('is told what differs when a test fails, and that it ran the saved text', async () => {
    const uri = await start(FLOW.replace('save: { method: SaveOrder } }', 'save: { method: Other } }'));
    await client.open(uri, FLOW);
    const command = { command: 'sluice.runTest', arguments: [{ uri, flow: 'save-order', name: 'saves' }] };
    const { passed, report } = await client.request<{ passed: boolean; report: string }>('workspace/executeCommand', command);
    expect(passed).toBe(false);
    expect(report).toMatch(/^flows\/order\.yaml:17 .*SaveOrder/);
    const { params } = await client.until('a message', () =>
      client.messages.find(({ method }) => method === 'window/showMessage'),
    );
    expect(params).toMatchObject({ type: 1, message: expect.stringMatching(/FAILED[^]*not saved/) });
  });

  it('runs one test of a flow, and no other', async () => {
    const uri = await start();
    await client.open(uri, FLOW);
    const lenses = await client.request<readonly { command: { command: string; arguments: readonly [unknown] } }[]>(
      'textDocument/codeLens',
      { textDocument: { uri } },
    );
    const [lens] = lenses;
    expect(lenses).toHaveLength(1);
    expect(await client.request('workspace/executeCommand', lens?.command ?? {})).toEqual({ passed: true, report: '' });
    const { params } = await client.until('a message', () =>
      client.messages.find(({ method }) => method === 'window/showMessage'),
    );
    expect(params).toMatchObject({ type: 3, message: 'save-order: saves: passed' });
    const unknown = { command: 'sluice.runTest', arguments: [{ uri, flow: 'save-order', name: 'no such test' }] };
    expect(await client.request('workspace/executeCommand', unknown)).toMatchObject({ passed: false });
    expect((await client.ask('workspace/executeCommand', { command: 'rm', arguments: ['-rf'] })).error?.message).toContain(
      'not a command of this server',
    );
  });

  it('applies the correction of a finding', async () => {
    const uri = await start();
    const wrong = FLOW.replace('connection:', 'conection:');
    await client.open(uri, wrong);
    const { diagnostics } = await client.diagnostics(uri, 1);
    expect(diagnostics.map(({ code }) => code)).toContain('FLOW_UNKNOWN_KEY');
    const at = { line: 8, character: 6 };
    const params = { textDocument: { uri }, range: { start: at, end: at }, context: { diagnostics: [] } };
    const [action] = await client.request<readonly { edit: { changes: Record<string, readonly { newText: string }[]> } }[]>(
      'textDocument/codeAction',
      params,
    );
    expect(action?.edit.changes[uri]).toMatchObject([{ newText: 'connection' }]);
  });

  it('reads its messages only, also when a plugin prints to the output while it is loaded', async () => {
    folder = makeWorkspace({
      'sluice.yaml': 'sluice: 1\nplugins: [./loud]\n',
      'loud/package.json':
        '{ "name": "sluice-plugin-loud", "type": "module", "exports": "./index.js", "sluice": { "api": "^1" } }',
      'loud/index.js': `import { definePlugin } from '@sluice/plugin-api';
import { z } from 'zod';
console.log('printed while loading');
process.stdout.write('written while loading');
export const plugin = definePlugin({ name: 'loud', api: '^1', connection: z.null(), open: async () => ({ close: async () => undefined }), triggers: {}, actions: {} });
`,
      'flows/order.yaml':
        'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [a.b] } }\nsteps:\n  - { id: done, stop: {} }\n',
    });
    client = new LanguageClient();
    await client.initialize(folder.path);
    const uri = `file://${folder.path}/sluice.yaml`;
    await client.open(uri, 'sluice: 1\nplugins: [./loud]\nconections: {}\n');
    expect((await client.diagnostics(uri, 1)).diagnostics.map(({ code }) => code)).toEqual(['FLOW_UNKNOWN_KEY']);
    expect(client.stderr).toContain('written while loading');
    expect(await client.shutdown()).toBe(0);
  });
});
