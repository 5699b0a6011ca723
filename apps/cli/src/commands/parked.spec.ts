import { describe, expect, it } from '@jest/globals';
import type { AdminClient } from '@sluice/admin-contract';
import { flagsText, selectionOf } from '../admin/parked-selection.js';
import { UsageError } from '../exit.js';
import { dropMany } from './parked.js';
import { replayMany } from '../admin/replay-parked.js';

const NEWEST = '2026-02-01T00:00:00.000Z';
const FLAGS = { rate: 1_000 };
const SIGNAL = new AbortController().signal;

/** An admin API with these parked runs, and the requests that changed something. */
function adminOf(runs: readonly string[]) {
  const changes: string[] = [];
  const selections: object[] = [];
  const admin = {
    parkedGroups: async () =>
      runs.length === 0
        ? { runs: 0, groups: [] }
        : { runs: runs.length, newest: NEWEST, groups: [{ flow: 'orders', code: 'BUSY', runs: runs.length }] },
    parked: async (selection: object) => {
      selections.push(selection);
      return { items: runs.map((run) => ({ run })) };
    },
    replay: async ({ run, fromStart }: { run: string; fromStart: boolean }) => {
      changes.push(`replay ${run}${fromStart ? ' from the start' : ''}`);
      return { run };
    },
    drop: async ({ run }: { run: string }) => void changes.push(`drop ${run}`),
  } as unknown as AdminClient;
  return { admin, changes, selections };
}

describe('sluice parked replay of many runs', () => {
  it('replays the runs that were parked when it counted them', async () => {
    const { admin, changes, selections } = adminOf(['a', 'b']);
    await replayMany(admin, { code: 'BUSY' }, { ...FLAGS, fromStart: true }, SIGNAL);
    expect(changes).toEqual(['replay a from the start', 'replay b from the start']);
    expect(selections).toEqual([expect.objectContaining({ code: 'BUSY', until: NEWEST })]);
  });

  it('changes nothing in a dry run, or without a selected run', async () => {
    const dry = adminOf(['a', 'b']);
    await replayMany(dry.admin, {}, { ...FLAGS, fromStart: false, dryRun: true }, SIGNAL);
    await dropMany(dry.admin, {}, { ...FLAGS, yes: true, dryRun: true }, SIGNAL);
    expect(dry.changes).toEqual([]);
    const none = adminOf([]);
    await replayMany(none.admin, {}, { ...FLAGS, fromStart: false }, SIGNAL);
    expect(none.selections).toEqual([]);
  });
});

describe('sluice parked drop of many runs', () => {
  it('drops nothing without a confirmation', async () => {
    const { admin, changes } = adminOf(['a', 'b']);
    await expect(dropMany(admin, { flow: 'orders' }, { ...FLAGS, yes: false }, SIGNAL)).rejects.toThrow(UsageError);
    expect(changes).toEqual([]);
    await dropMany(admin, { flow: 'orders' }, { ...FLAGS, yes: true }, SIGNAL);
    expect(changes).toEqual(['drop a', 'drop b']);
  });
});

describe('the selection of parked runs', () => {
  it('is written as flags that select the same runs', () => {
    const since = new Date('2026-01-31T00:00:00Z');
    const selection = selectionOf({ flow: 'orders', note: "заказ О'Нил", since }) ?? {};
    expect(flagsText({ ...selection, until: NEWEST })).toBe(
      `--flow orders --note 'заказ О'\\''Нил' --since 2026-01-31T00:00:00.000Z --until 2026-02-01T00:00:00.000Z`,
    );
    expect(selectionOf({})).toBeUndefined();
    expect(flagsText({})).toBe('--all');
  });
});
