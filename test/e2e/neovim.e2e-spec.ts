import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeWorkspace, type Folder } from '../support/workspace.js';

const NVIM = ['/usr/bin/nvim', '/usr/local/bin/nvim', '/opt/homebrew/bin/nvim'].find((place) => existsSync(place));
const LIMIT_MS = 110_000;

const SETTINGS = `sluice: 1
plugins: ['@sluice/plugin-onec-http']
settings: { timezone: Europe/Moscow }
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
    use: onec-http.request
    connection: erp
    with: { method: POST, path: /заказы, body: '\${{ trigger.data }}' }
  - id: saved
    if: \${{ $exists(steps.save.body) }}
    emit: { type: order.saved, data: '\${{ steps.save.body }}' }
tests:
  - name: saves
    trigger: { data: { number: 7 } }
    mocks: { save: { output: { status: 200, headers: {}, body: { Номер: '7' } } } }
    expect: { calls: { save: { method: POST } } }
`;

/** The answers as test/support/neovim-client.lua writes them. */
interface Seen {
  readonly problem?: string;
  readonly diagnostics: readonly string[];
  readonly hover: string;
  readonly definition: { readonly line: number; readonly character: number };
  readonly references: number;
  readonly lens: string;
  readonly completion: readonly string[];
  readonly signature: string;
  readonly refused: string;
  readonly renamed: string;
}

let folder: Folder;
afterEach(() => folder?.remove());

/** Opens the flow in Neovim and performs the script. */
async function edit(): Promise<Seen> {
  if (NVIM === undefined) throw new Error('Neovim is not installed: npm run setup:services installs it on Debian');
  folder = makeWorkspace({ 'sluice.yaml': SETTINGS, 'flows/order.yaml': FLOW });
  const output = path.join(folder.path, 'seen.json');
  const test = {
    command: [process.execPath, path.resolve('apps/cli/bin/sluice.js'), 'lsp'],
    configuration: path.resolve('editors/neovim/sluice.lua'),
    flow: path.join(folder.path, 'flows/order.yaml'),
    output,
  };
  const env = {
    PATH: process.env['PATH'],
    HOME: folder.path,
    ERP_PASSWORD: 'secret',
    EDITOR_TEST: JSON.stringify(test),
  };
  const args = ['--headless', '-u', 'NONE', '-i', 'NONE', '-n', '-S', path.resolve('test/support/neovim-client.lua')];
  const { stderr } = await promisify(execFile)(NVIM, args, { env, timeout: LIMIT_MS });
  if (!existsSync(output)) throw new Error(`Neovim wrote no result: ${stderr}`);
  return JSON.parse(readFileSync(output, 'utf8')) as Seen;
}

describe('Neovim with its own client', () => {
  it('completes, explains, finds, renames and shows findings in a flow', async () => {
    const { problem, renamed, ...seen } = await edit();
    expect(problem).toBeUndefined();
    expect(seen).toEqual({
      diagnostics: ['EVENT_NOBODY_TAKES'],
      hover: expect.stringContaining('the output of the step'),
      definition: { line: 6, character: 8 },
      references: 5,
      lens: 'run this test',
      completion: ['status', 'headers', 'body'],
      signature: '$exists(value)',
      refused: expect.stringContaining('already has a step "saved"'),
    });
    const expected = FLOW.replace('id: save\n', 'id: store\n')
      .replaceAll('steps.save.', 'steps.store.')
      .replaceAll('{ save:', '{ store:');
    expect(`${renamed}\n`).toBe(expected);
  });
});
