import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MemoryTrend } from './memory.mjs';
import { judgeRatio } from './report.mjs';

describe('judgeRatio', () => {
  let folder: string;
  let file: URL;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-ratios-'));
    file = pathToFileURL(path.join(folder, 'ratios.json'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const judge = (ratio: number, { name = 'mixed', save = false, isSound = true } = {}) =>
    judgeRatio(name, ratio, { save, isSound }, file);

  it('reports that nothing was compared, and saves nothing, without a saved ratio', () => {
    expect(judge(0.4)).toMatchObject({ isGood: true, line: expect.stringContaining('NOT COMPARED') });
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });

  it('saves the ratio of a sound run beside those of other tests', () => {
    judge(0.4, { save: true });
    judge(1.5, { save: true, name: 'connect' });
    expect(judge(0.5, { save: true })).toMatchObject({ isGood: true, line: expect.stringContaining('saved (before: 0.4)') });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ mixed: 0.5, connect: 1.5 });
  });

  it('saves no ratio of a run that is not sound', () => {
    judge(0.4, { save: true });
    const { line } = judge(0.9, { save: true, isSound: false });
    expect(line).toContain('NOT SAVED');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ mixed: 0.4 });
  });

  it('is not good more than 10 % below the saved ratio', () => {
    judge(0.4, { save: true });
    expect(judge(0.361).isGood).toBe(true);
    expect(judge(0.359)).toMatchObject({ isGood: false, line: expect.stringContaining('more than 10 % below') });
  });
});

describe('MemoryTrend', () => {
  const after = async (samples: readonly number[]) => {
    const trend = new MemoryTrend();
    for (const heapUsed of samples) await trend.sample({ memory: () => Promise.resolve({ heapUsed, external: 0, rss: 0 }) });
    return trend.summary();
  };
  const lines = (count: number, growth: number) => Array.from({ length: count }, (_, n) => 1_000_000 + n * growth);

  it('judges no growth by fewer than ten samples', async () => {
    expect(await after(lines(9, 0))).toMatchObject({ samples: 9, isFlat: undefined });
  });

  it('notices that the memory grows by a multiple during the run', async () => {
    expect((await after(lines(20, 1_000_000))).isFlat).toBe(false);
    expect((await after(lines(20, 0))).isFlat).toBe(true);
  });
});
