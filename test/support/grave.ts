import { existsSync, readFileSync } from 'node:fs';

/** A package for the folder of a workspace: plugin `grave`, whose actions kill their host. */
export const GRAVE_FILES = {
  'grave/package.json': JSON.stringify({ name: 'grave', type: 'module', main: 'index.mjs', sluice: { api: '^1' } }),
  'grave/index.mjs': `
import { appendFileSync, readFileSync } from 'node:fs';
import { action, definePlugin } from '@sluice/plugin-api';
import { z } from 'zod';

const dig = (paced) => action({
  title: 'Note the call in a file, and kill the host so many times',
  input: z.strictObject({ file: z.string(), deaths: z.int() }),
  output: z.strictObject({ calls: z.int() }),
  idempotent: 'by-key',
  paced,
  async run(_client, { file, deaths }, call) {
    appendFileSync(file, call.id + '\\n');
    const calls = readFileSync(file, 'utf8').split('\\n').length - 1;
    if (calls <= deaths) {
      // the door answers first: an event that its sender sends again would come to the grave twice
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

/** Ids of the calls that were made, in their order: what the plugin wrote before it killed its host. */
export function callsIn(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}
