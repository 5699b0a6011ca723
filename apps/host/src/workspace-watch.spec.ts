import { describe, expect, it } from '@jest/globals';
import type { Finding } from '@sluice/flow';
import type { WorkspaceFiles } from './workspace-files.js';
import { describeWorkspace, WorkspaceWatch } from './workspace-watch.js';

const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text) });

function files(flows: Readonly<Record<string, string>>): WorkspaceFiles {
  return {
    settings: source('sluice.yaml', 'sluice: 1'),
    flows: Object.entries(flows).map(([file, text]) => source(file, text)),
  };
}

/** A flow whose text is "bad" has an error; one whose text is "crash" cannot be checked. */
async function findingsOf({ flows }: WorkspaceFiles): Promise<readonly Finding[]> {
  if (flows.some(({ bytes }) => Buffer.from(bytes).toString() === 'crash')) throw new Error('a plugin cannot be loaded');
  return flows
    .filter(({ bytes }) => Buffer.from(bytes).toString() === 'bad')
    .map(({ file }) => ({
      file,
      line: 3,
      column: 5,
      endColumn: 6,
      code: 'FLOW_UNKNOWN_KEY',
      severity: 'error',
      message: 'unknown key',
    }));
}

function watched(lastGood?: { keptAt: Date; files: WorkspaceFiles; findings: readonly Finding[] }) {
  const logged: string[] = [];
  const log = (level: string) => (message: string) => void logged.push(`${level} ${message}`);
  let now: WorkspaceFiles | Error = lastGood?.files ?? files({ 'flows/a.yaml': 'one' });
  const watch = new WorkspaceWatch({
    directory: '/srv/shop',
    running: files({ 'flows/a.yaml': 'one' }),
    ...(lastGood && { lastGood }),
    read: async () => {
      if (now instanceof Error) throw now;
      return now;
    },
    check: async (files) => ({ findings: await findingsOf(files), restart: [] }),
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  });
  return {
    watch,
    logged,
    /** Returns the result of two checks. */
    see: async (next: WorkspaceFiles | Error) => {
      now = next;
      await watch.poll();
      await watch.poll();
    },
  };
}

describe('watchWorkspace', () => {
  it('reports a changed file once, and that a reload applies it', async () => {
    const { watch, logged, see } = watched();
    await see(files({ 'flows/a.yaml': 'two' }));
    await see(files({ 'flows/a.yaml': 'two' }));
    expect(logged).toEqual([
      'warn flows/a.yaml changed: the host keeps running the files before: apply them with "sluice reload"',
    ]);
    expect(watch.state).toMatchObject({ directory: '/srv/shop', state: 'changed', changed: ['flows/a.yaml'], errors: [] });
  });

  it('reports files that cannot be checked, once', async () => {
    const { watch, logged, see } = watched();
    await see(files({ 'flows/a.yaml': 'crash' }));
    await see(files({ 'flows/a.yaml': 'crash' }));
    expect(logged).toEqual([expect.stringMatching(/^error .*a plugin cannot be loaded/)]);
    expect(watch.state).toMatchObject({ state: 'broken', changed: ['flows/a.yaml'], errors: ['a plugin cannot be loaded'] });
  });

  it('reports each further change', async () => {
    const { logged, see } = watched();
    await see(files({ 'flows/a.yaml': 'two' }));
    await see(files({ 'flows/a.yaml': 'three' }));
    expect(logged).toHaveLength(2);
  });

  it('reports a broken file as an error with its position', async () => {
    const { watch, logged, see } = watched();
    await see(files({ 'flows/a.yaml': 'bad' }));
    expect(logged).toEqual([
      'error flows/a.yaml:3:5 unknown key: the host keeps running the files before: correct it ("sluice lint"), then "sluice reload"',
    ]);
    expect(watch.state).toMatchObject({ state: 'broken', errors: ['flows/a.yaml:3:5 unknown key'] });
  });

  it('reports files that were added and removed', async () => {
    const { watch, see } = watched();
    await see(files({ 'flows/b.yaml': 'two' }));
    expect(watch.state.changed).toEqual(['flows/a.yaml', 'flows/b.yaml']);
  });

  it('does not report a file while it is being changed', async () => {
    const { watch, logged, see } = watched();
    await see(files({ 'flows/a.yaml': 'one' }));
    const half = files({ 'flows/a.yaml': 'bad' });
    const whole = files({ 'flows/a.yaml': 'good' });
    let looks = 0;
    const odd = new WorkspaceWatch({
      directory: '/srv/shop',
      running: files({ 'flows/a.yaml': 'one' }),
      read: async () => (looks++ === 0 ? half : whole),
      check: async (files) => ({ findings: await findingsOf(files), restart: [] }),
      log: { debug: fail, info: fail, warn: (message) => void logged.push(message), error: fail },
    });
    await odd.poll();
    await odd.poll();
    expect(logged).toEqual([]);
    await odd.poll();
    expect(logged).toHaveLength(1);
    expect(watch.state.state).toBe('current');
  });

  it('reports that a change was reverted', async () => {
    const { watch, logged, see } = watched();
    await see(files({ 'flows/a.yaml': 'two' }));
    await see(files({ 'flows/a.yaml': 'one' }));
    expect(logged.at(-1)).toBe('info the files of the workspace are again those that run');
    expect(watch.state).toMatchObject({ state: 'current', changed: [] });
  });

  it('reports once that the workspace is missing', async () => {
    const { watch, logged, see } = watched();
    await see(new Error('there is no sluice.yaml in /srv/shop'));
    await see(new Error('there is no sluice.yaml in /srv/shop'));
    expect(logged).toHaveLength(1);
    expect(watch.state).toMatchObject({ state: 'broken', errors: ['there is no sluice.yaml in /srv/shop'] });
  });

  it('reports the broken file and the age of the running copy from the start on', async () => {
    const broken = files({ 'flows/a.yaml': 'bad' });
    const { watch, logged, see } = watched({
      keptAt: new Date('2026-11-28T08:00:00Z'),
      files: broken,
      findings: await findingsOf(broken),
    });
    expect(describeWorkspace(watch.state)).toBe(
      'flows/a.yaml:3:5 unknown key: the host runs the copy of 2026-11-28T08:00:00.000Z: correct it ("sluice lint"), then "sluice reload"',
    );
    await see(broken);
    expect(logged).toEqual([]);
    await see(files({ 'flows/a.yaml': 'two' }));
    expect(watch.state).toMatchObject({ state: 'changed', lastGoodOf: '2026-11-28T08:00:00.000Z' });
  });
});

function fail(message: string): void {
  throw new Error(`logged: ${message}`);
}

describe('a watch that applies changes', () => {
  function applying(apply: () => Promise<unknown>, restart: readonly string[] = []) {
    let now = files({ 'flows/a.yaml': 'one' });
    const logged: string[] = [];
    const log = (level: string) => (message: string) => void logged.push(`${level} ${message}`);
    const watch = new WorkspaceWatch({
      directory: '/srv/does-not-exist',
      running: now,
      read: async () => now,
      check: async (given) => ({ findings: await findingsOf(given), restart }),
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
    watch.start(apply);
    const see = async (next: WorkspaceFiles) => {
      now = next;
      await watch.poll();
      await watch.poll();
    };
    return { watch, see, logged };
  }

  it('applies files without errors once two polls agree, and no files with errors', async () => {
    let times = 0;
    const { watch, see, logged } = applying(async () => times++);
    await see(files({ 'flows/a.yaml': 'bad' }));
    expect(times).toBe(0);
    expect(logged).toEqual([expect.stringContaining('error flows/a.yaml:3:5')]);
    await see(files({ 'flows/a.yaml': 'two' }));
    expect(times).toBe(1);
    watch.applied(files({ 'flows/a.yaml': 'two' }));
    await watch.poll();
    expect(watch.state).toMatchObject({ state: 'current', changed: [] });
    expect(times).toBe(1);
    watch.stop();
  });

  it('tries again when a server was unavailable', async () => {
    let times = 0;
    const { watch, see, logged } = applying(async () => {
      if (++times === 1) throw new Error('the database is unavailable');
    });
    await see(files({ 'flows/a.yaml': 'two' }));
    expect(logged).toEqual(['error the changed files could not be applied: the database is unavailable']);
    await watch.poll();
    expect(times).toBe(2);
    watch.stop();
  });

  it('only reports a change that needs a restart', async () => {
    let times = 0;
    const { watch, see, logged } = applying(async () => times++, ['settings']);
    await see(files({ 'flows/a.yaml': 'two' }));
    expect(times).toBe(0);
    expect(logged).toEqual([expect.stringMatching(/^warn .*restart to apply, because a reload does not change settings/)]);
    watch.stop();
  });
});
