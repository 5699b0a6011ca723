import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeWorkspace, yamlBlocks } from '../support/guide.js';
import { until } from '../support/until.js';

const CLI = path.resolve('apps/cli/bin/sluice.js');
const LIMIT_MS = 60_000;

interface Result {
  readonly flow: string;
  readonly name: string;
  readonly passed: boolean;
  readonly mismatches: readonly { readonly code: string; readonly message: string; readonly location: object }[];
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sluice test` in a workspace, also when it fails. */
function sluiceTest(folder: string, ...args: readonly string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', ERP_URL: 'http://127.0.0.1:9/erp' };
  return new Promise((resolve) => {
    const options = { env, timeout: LIMIT_MS, encoding: 'utf8' } as const;
    execFile(process.execPath, [CLI, 'test', ...args, '--workspace', folder], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

async function resultsOf(folder: string, ...args: readonly string[]): Promise<readonly Result[]> {
  return JSON.parse((await sluiceTest(folder, ...args, '--format', 'json')).stdout) as Result[];
}

let folder: string;

/** Copies the workspace of the rules, and adds files. */
beforeAll(async () => {
  folder = await writeWorkspace('', []);
  await cp('test/e2e/flow-tests', folder, { recursive: true });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('sluice test', () => {
  it('runs the retries, expiry, dedupe, order, schedules, calendar, breaker and shares of production', async () => {
    const results = await resultsOf(folder);
    expect(new Set(results.map(({ flow }) => flow))).toEqual(
      new Set(['retries', 'expiry', 'dedupe', 'order', 'places', 'schedule', 'calendar', 'breaker', 'shares', 'handlers']),
    );
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });

  it.each([
    ['retries', 'took: 7s', 'took: 6s', 'took is 7s, not 6s'],
    ['expiry', 'outcome: expired', 'outcome: done', 'outcome is "expired", not "done"'],
    ['dedupe', '[done, duplicate, done, done]', '[done, done, done, done]', 'outcome.1 is "duplicate", not "done"'],
    ['order', 'took: 10s', 'took: 8s', 'took is 10s, not 8s'],
    [
      'schedule',
      '2026-01-12T03:30:00',
      '2026-01-11T03:30:00',
      'events.0.data.planned is "2026-01-12T03:30:00", not "2026-01-11T03:30:00"',
    ],
    ['calendar', 'took: 1h', 'took: 0s', 'took is 1h, not 0s'],
    ['breaker', 'took: 1h', 'took: 5s', 'took is 1h, not 5s'],
    [
      'shares',
      '- type: shares.loaded\n        - type: shares.shown',
      '- type: shares.shown\n        - type: shares.loaded',
      'events.0.type is "shares.loaded", not "shares.shown"',
    ],
  ])('reports a wrong expectation about %s at its place', async (flow, right, wrong, message) => {
    const file = path.join(folder, 'flows', `${flow}.yaml`);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(right);
    await writeFile(file, text.replace(right, wrong));
    try {
      const { code, stdout } = await sluiceTest(folder, file);
      const line = text.slice(0, text.indexOf(right)).split('\n').length;
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`flows/${flow}\\.yaml:${line}:\\d+ TEST_FAILED `));
      expect(stdout).toContain(message);
    } finally {
      await writeFile(file, text);
    }
  });

  it('runs the flows of the guide', async () => {
    const blocks = await yamlBlocks('docs/guides/testing-flows.md');
    const [settings = ''] = await yamlBlocks('docs/guides/patterns.md');
    const isTest = (block: string) => !block.includes('\nsteps:');
    const guide = await writeWorkspace(
      settings.replaceAll(/\$\{\{ env\.\w+ \}\}/g, 'http://127.0.0.1:9'),
      blocks.filter((block) => !isTest(block)),
    );
    try {
      await writeFile(path.join(guide, 'flows', 'more.test.yaml'), blocks.filter(isTest).join('---\n'));
      const results = await resultsOf(guide);
      expect(results.length).toBeGreaterThanOrEqual(7);
      expect(results.filter(({ passed }) => !passed)).toEqual([]);
    } finally {
      await rm(guide, { recursive: true, force: true });
    }
  });

  it('runs the samples', async () => {
    const results = await resultsOf('.');
    expect(results.length).toBeGreaterThanOrEqual(15);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });

  it('selects tests by their file and by a part of their name', async () => {
    const ofFile = await resultsOf(folder, path.join(folder, 'flows', 'handlers.test.yaml'));
    expect(ofFile.map(({ flow }) => flow)).toEqual(['handlers', 'handlers', 'handlers']);
    const named = await resultsOf(folder, '--filter', 'of other keys');
    expect(named.map(({ name }) => name)).toEqual(['events of other keys are not held up']);
    expect(await sluiceTest(folder, '--filter', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('change --filter'),
    });
    expect(await sluiceTest(folder, 'flows/nowhere.yaml')).toMatchObject({ code: 2 });
  });

  it('writes JUnit and lcov to files, and the coverage to the terminal', async () => {
    const [junit, lcov] = [path.join(folder, 'results.xml'), path.join(folder, 'flows.lcov')];
    const ran = await sluiceTest(
      folder,
      '--format',
      'junit',
      '--output',
      junit,
      '--lcov',
      lcov,
      '--coverage',
      '--filter',
      'mock stands',
    );
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/handlers +3\/7 +0\/1 +0\/2 +/);
    const xml = await readFile(junit, 'utf8');
    expect(xml).toContain('<testsuites name="sluice" tests="1" failures="0" errors="0"');
    expect(xml).toContain(
      '<testcase name="a mock stands for the called flow" classname="handlers" file="flows/handlers.test.yaml"',
    );
    const records = await readFile(lcov, 'utf8');
    expect(records).toMatch(/^SF:flows\/handlers\.yaml$/m);
    expect(records).toMatch(/^LF:7\nLH:3$/m);
  });

  it('runs what a change concerns while it watches, also after a broken file', async () => {
    const child = spawn(process.execPath, [CLI, 'test', '--watch', '--workspace', folder], {
      env: { PATH: process.env['PATH'], NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const waits = (times: number) => output.split('waiting for changes').length > times;
    const file = path.join(folder, 'flows', 'order.yaml');
    const text = await readFile(file, 'utf8');
    try {
      await until('the first run', () => waits(1));
      expect(output).toContain('ok   retries: three failures');
      output = '';
      await writeFile(file, text.replace('took: 10s', 'took: 9s'));
      await until('the run of the changed flow', () => waits(1));
      expect(output).toContain('FAIL order: events of one key');
      expect(output).toContain('1 passed, 1 failed, in 1 flow');
      output = '';
      await writeFile(file, text.replace('took: 10s', 'took: soon'));
      await until('the finding', () => waits(1));
      expect(output).toContain('TEST_SHAPE took is a duration');
      output = '';
      await writeFile(file, text);
      await until('the run of the corrected flow', () => waits(1));
      expect(output).toContain('2 passed, 0 failed, in 1 flow');
    } finally {
      child.kill('SIGINT');
      await ended;
      await writeFile(file, text);
    }
  });
});
