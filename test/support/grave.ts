import { existsSync, readFileSync } from 'node:fs';

/** A package for a workspace: the plugin `grave`, whose actions kill their host. */
export const GRAVE_FILES = {
  'grave/package.json': JSON.stringify({ name: 'grave', type: 'module', main: 'index.mjs', sluice: { api: '^1' } }),
  'grave/index.mjs': `
import { appendFileSync, readFileSync } from 'node:fs';
import { action, definePlugin } from '@sluice/plugin-api';
import { z } from 'zod';

const dig = (paced) => action({
  title: 'Append the call id to a file, and kill the host during the first calls',
  input: z.strictObject({ file: z.string(), deaths: z.int() }),
  output: z.strictObject({ calls: z.int() }),
  idempotent: 'by-key',
  paced,
  async run(_client, { file, deaths }, call) {
    appendFileSync(file, call.id + '\\n');
    const calls = readFileSync(file, 'utf8').split('\\n').length - 1;
    if (calls <= deaths) {
      // let the host answer the sender first, because a sender without an answer repeats the event
      await new Promise((resolve) => setTimeout(resolve, 200));
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    }
    return { calls };
  },
});

export const plugin = definePlugin({
  name: 'grave',
  api: '^1',
  connection: z.strictObject({}),
  open: async () => ({ close: async () => undefined }),
  pace: { concurrency: { start: 2, max: 2, adaptive: false } },
  triggers: {},
  actions: { dig: dig(false), push: dig(true) },
});
`,
};

/** Returns the ids of the calls, in their order, that the plugin wrote before it killed its host. */
export function callsIn(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}
