import { describe, expect, it } from '@jest/globals';
import type { Finding, Flow } from '@sluice/flow';
import { MemoryStore } from '@sluice/memory';
import { Programs, type FoundProgram, type ProgramRunner } from './programs.js';

const flow = (revision: string) => ({ name: 'orders', revision }) as Flow;
const stored = (revision: string) => ({ flow: 'orders', revision, source: revision, constants: '{}' });

async function started(revision: string) {
  const { revisions } = new MemoryStore();
  const compiled: string[] = [];
  let now = 0;
  const announce = async (name: string) => (await revisions.announce([stored(name)]))[0] as number;
  const programs = new Programs(flow(revision), await announce(revision), (of) => ({ flow: of }) as ProgramRunner, {
    revisions,
    compile: async ({ revision: name }) => {
      compiled.push(name);
      const findings = [{ message: 'no connection is called "erp"' } as Finding];
      return name === 'broken' ? { ok: false, findings } : { ok: true, flow: flow(name), isExact: name.startsWith('exact') };
    },
    clock: { monotonic: () => now },
  });
  return { programs, announce, compiled, pass: (ms: number) => (now += ms) };
}

function revisionOf(found: FoundProgram | undefined): string | undefined {
  return found?.kind === 'program' ? found.runner.flow.revision : found?.kind;
}

describe('Programs', () => {
  it('returns the newest program at once, also for a run that has no revision yet', async () => {
    const { programs } = await started('a');
    expect(revisionOf(programs.peek('a'))).toBe('a');
    expect(revisionOf(programs.peek(''))).toBe('a');
    expect(programs.peek('b')).toBeUndefined();
  });

  it('keeps the program of the previous revision when it is replaced', async () => {
    const { programs, announce, compiled } = await started('a');
    programs.replace(flow('b'), await announce('b'));
    expect(programs.newest.flow.revision).toBe('b');
    expect(revisionOf(programs.peek('a'))).toBe('a');
    expect(compiled).toEqual([]);
  });

  it('compiles an earlier revision once, also when many runs name it at the same time', async () => {
    const { programs, announce, compiled } = await started('a');
    for (const name of ['b', 'a']) await announce(name);
    programs.replace(flow('a'), await announce('a'));
    const found = await Promise.all([programs.of('b'), programs.of('b'), programs.of('b')]);
    expect(found.map(revisionOf)).toEqual(['b', 'b', 'b']);
    expect(revisionOf(programs.peek('b'))).toBe('b');
    expect(compiled).toEqual(['b']);
  });

  it('runs a revision that is not stored on the newest program, and looks again later', async () => {
    const { programs, announce, pass } = await started('a');
    expect(revisionOf(await programs.of('unknown'))).toBe('a');
    expect(revisionOf(programs.peek('unknown'))).toBe('a');
    await announce('unknown');
    programs.replace(flow('a'), await announce('a'));
    expect(revisionOf(await programs.of('unknown'))).toBe('unknown');
    expect(revisionOf(await programs.of('other'))).toBe('a');
    pass(10_000);
    expect(programs.peek('other')).toBeUndefined();
  });

  it('recognises a revision that another host has announced later, until its own one is the newest again', async () => {
    const { programs, announce, compiled } = await started('a');
    await announce('b');
    expect(revisionOf(await programs.of('b'))).toBe('newer');
    expect(programs.peek('b')).toBeUndefined();
    // another host puts the files back that this host runs
    await announce('a');
    expect(revisionOf(await programs.of('b'))).toBe('b');
    expect(compiled).toEqual(['b', 'b']);
  });

  it('runs a revision that another host has announced later when it can be compiled exactly as there', async () => {
    const { programs, announce } = await started('a');
    await announce('exact b');
    expect(revisionOf(await programs.of('exact b'))).toBe('exact b');
    await announce('broken');
    expect(revisionOf(await programs.of('broken'))).toBe('newer');
  });

  it('reports what a revision misses, and compiles it again after a reload', async () => {
    const { programs, announce, compiled } = await started('a');
    await announce('broken');
    const generation = await announce('a');
    programs.replace(flow('a'), generation);
    expect(await programs.of('broken')).toEqual({ kind: 'gone', missing: 'no connection is called "erp"' });
    expect(await programs.of('broken')).toMatchObject({ kind: 'gone' });
    expect(compiled).toEqual(['broken']);
    programs.forgetFailed();
    await programs.of('broken');
    expect(compiled).toEqual(['broken', 'broken']);
  });

  it('keeps a bounded number of earlier programs', async () => {
    const { programs, announce } = await started('0');
    for (let at = 1; at <= 40; at++) programs.replace(flow(String(at)), await announce(String(at)));
    expect(programs.revisions).toHaveLength(21);
    expect(programs.revisions).toEqual(expect.arrayContaining(['40', '39', '20']));
    expect(revisionOf(await programs.of('1'))).toBe('1');
  });
});
