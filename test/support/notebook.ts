import { existsSync, readFileSync } from 'node:fs';

/** A package for a workspace: the plugin `notebook`, whose actions append the ids of their calls to a file. */
export const NOTEBOOK_FILES = {
  'notebook/package.json': JSON.stringify({ name: 'notebook', type: 'module', main: 'index.mjs', sluice: { api: '^1' } }),
  'notebook/index.mjs': `
import { appendFileSync } from 'node:fs';
import { action, definePlugin, fail } from '@sluice/plugin-api';
import { z } from 'zod';

const write = (paced, idempotent) => action({
  title: 'Append the call id to a file, and refuse the call when it is told so',
  input: z.strictObject({ file: z.string(), refused: z.boolean().default(false) }),
  output: z.strictObject({}),
  idempotent,
  paced,
  async run(_client, { file, refused }, call) {
    appendFileSync(file, call.id + '\\n');
    if (refused) throw fail.REJECTED('refused');
    return {};
  },
});

export const plugin = definePlugin({
  name: 'notebook',
  api: '^1',
  connection: z.strictObject({}),
  open: async () => ({ close: async () => undefined }),
  pace: { concurrency: { start: 10, max: 10, adaptive: false } },
  triggers: {},
  actions: { write: write(false, 'yes'), once: write(true, 'no') },
});
`,
};

/** Returns the ids of the calls, in their order. */
export function notesIn(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}
