import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeWorkspace, yamlBlocks } from '../support/guide.js';

const run = promisify(execFile);
/** Guides whose flows readers copy, with the minimum number of blocks of flows. */
const GUIDES = [
  ['docs/guides/patterns.md', 12],
  ['docs/guides/coming-from.md', 4],
  ['docs/guides/errors-and-retries.md', 3],
] as const;

describe.each(GUIDES)('the flows of %s', (page, minimum) => {
  let folder: string;
  let flows: readonly string[];

  beforeAll(async () => {
    const [settings = '', ...rest] = (await yamlBlocks(page)).filter((block) => block.startsWith('sluice: 1\n'));
    flows = rest;
    folder = await writeWorkspace(settings, flows);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  function sluice(...args: readonly string[]) {
    const env = {
      PATH: process.env['PATH'],
      NO_COLOR: '1',
      ERP_URL: 'http://127.0.0.1:9/erp',
      ACCOUNTING_URL: 'http://127.0.0.1:9/accounting',
      SITE_URL: 'http://127.0.0.1:9',
    };
    return run(process.execPath, [path.resolve('apps/cli/bin/sluice.js'), ...args, '--workspace', folder], {
      env,
      timeout: 60_000,
    });
  }

  it('are as many as the guide needs, each with tests', () => {
    expect(flows.length).toBeGreaterThanOrEqual(minimum);
    for (const flow of flows) expect(flow).toMatch(/^tests:/m);
  });

  it('have no finding', async () => {
    expect((await sluice('lint')).stderr).toMatch(/0 findings/);
  }, 60_000);

  it('pass their tests', async () => {
    const { stdout } = await sluice('test', '--format', 'json');
    const results = JSON.parse(stdout) as readonly { readonly name: string; readonly mismatches: readonly unknown[] }[];
    expect(results.length).toBeGreaterThan(flows.length);
    expect(results.filter(({ mismatches }) => mismatches.length > 0)).toEqual([]);
  }, 60_000);
});
