import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startHost } from '../support/host.js';
import { watchLoadedModules, type LoadedModules } from '../support/loaded-modules.js';
import { SAVE_FLOW, erpWorkspace } from '../support/samples.js';
import { OPERATOR_SECRET } from '../support/tokens.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const ERP_URL = 'http://127.0.0.1:9/base/hs/gate';
/** Packages with more than a thousand modules in total. */
const HEAVY = ['@nestjs/core', '@nestjs/common', 'typeorm', 'bullmq'];

let loaded: LoadedModules;
let workspace: Folder;
beforeEach(() => {
  loaded = watchLoadedModules();
  workspace = makeWorkspace({ 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW });
});
afterEach(() => {
  loaded.remove();
  workspace.remove();
});

describe('lazy loading of modules', () => {
  it.each([['--help'], ['help lint'], ['lint'], ['explain EXPR_ROOT'], ['token --sub me'], ['emulate onec --help']])(
    'sluice %s does without NestJS, TypeORM and BullMQ',
    async (line) => {
      const env = { PATH: process.env['PATH'], SLUICE_TOKEN_SECRET: OPERATOR_SECRET, ERP_URL, ...loaded.env };
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        [path.resolve('apps/cli/bin/sluice.js'), ...line.split(' ')],
        { env, cwd: workspace.path },
      );
      expect(stdout + stderr).not.toBe('');
      expect(HEAVY.filter((name) => loaded.packages().has(name))).toEqual([]);
    },
  );

  it('generates the API document of a host on its first request', async () => {
    const home = makeFolder('home');
    const host = await startHost({ workspace: workspace.path, home: home.path, env: { ERP_URL, ...loaded.env } });
    try {
      expect(HEAVY.filter((name) => !loaded.packages().has(name))).toEqual([]);
      expect(loaded.packages()).not.toContain('@nestjs/swagger');
      expect(loaded.packages()).not.toContain('amqplib');

      const [page, first, again] = await Promise.all(
        ['/api/docs', '/api/docs-json', '/api/docs-json'].map((at) => fetch(`${host.url}${at}`)),
      );
      expect(await page?.text()).toContain('swagger-ui');
      const document = (await first?.json()) as { paths: Record<string, { get: object }> };
      expect(document.paths['/api/status']?.get).toMatchObject({
        summary: 'Returns queues, calls in flight, limits, connections and the number of parked runs',
        tags: ['admin'],
        security: [{ bearer: [] }],
      });
      expect(document.paths).not.toHaveProperty('/metrics');
      expect(await again?.json()).toEqual(document);
      expect(loaded.packages()).toContain('@nestjs/swagger');
    } finally {
      await host.dispose();
      home.remove();
    }
  });
});

describe('a plugin in a workspace outside of the repository', () => {
  it('resolves the plugin API and the packages of the host', async () => {
    const plugin = makeWorkspace({
      'sluice.yaml': "sluice: 1\nplugins: ['./greeter']",
      'flows/greet.yaml': `sluice: 1
flow: greet
trigger: { use: event, with: { types: [guest.came] } }
steps: [{ id: hello, use: greeter.greet, with: { name: me } }]`,
      'greeter/package.json': '{ "name": "greeter", "type": "module", "main": "index.js", "sluice": { "api": "^1" } }',
      'greeter/index.js': `import { action, definePlugin } from '@sluice/plugin-api';
        import { z } from 'zod';
        const greet = action({ input: z.strictObject({ name: z.string() }), output: z.string(), idempotent: 'yes', run: async () => 'hello' });
        export const plugin = definePlugin({ name: 'greeter', api: '^1', connection: z.null(), open: async () => ({ close: async () => {} }), triggers: {}, actions: { greet } });`,
    });
    try {
      const { stderr } = await promisify(execFile)(process.execPath, [path.resolve('apps/cli/bin/sluice.js'), 'lint'], {
        cwd: plugin.path,
        env: { PATH: process.env['PATH'] },
      });
      expect(stderr).toContain('1 flow, 0 findings');
    } finally {
      plugin.remove();
    }
  });
});

describe('npm start', () => {
  it('stops the host when only the script gets a signal, and exits with the code of the host', async () => {
    const home = makeFolder('home');
    const env = {
      ...process.env,
      ERP_URL,
      SLUICE_HOME: home.path,
      SLUICE_HTTP_PORT: '0',
      SLUICE_STOMP_PORT: '0',
      SLUICE_LOG_LEVEL: 'info',
    };
    const script = spawn(process.execPath, ['scripts/start.mjs'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let output = '';
      let pid: number | undefined;
      // the host continues to write, so the pipe must stay open after the loop
      for await (const chunk of script.stdout.iterator({ destroyOnReturn: false })) {
        output += String(chunk);
        const postgres = /"pid":(\d+)[^\n]*started the embedded PostgreSQL/.exec(output)?.[1];
        if (postgres !== undefined) pid = Number(postgres);
        if (output.includes('"msg":"ready"')) break;
      }
      script.stdout.resume();
      const exit = once(script, 'exit');
      script.kill('SIGINT');
      expect(await exit).toEqual([0, null]);
      expect(() => process.kill(pid as number, 0)).toThrow('ESRCH');
    } finally {
      script.kill('SIGKILL');
      home.remove();
    }
  });
});
