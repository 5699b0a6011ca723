import { describe, expect, it } from '@jest/globals';
import type { RunItem, Story } from '@sluice/admin-contract';
import { find } from './find.js';

const RUN = '0198a1f2-1111-5000-8000-000000000001';
const OTHER = '0198a1f2-2222-5000-8000-000000000002';

/** Returns an API with these notes of runs, by run; every run has a story. */
function hostWith(notes: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const story = async ({ id }: { id: string }) =>
    ({ events: id in notes ? [{ id, runs: [{ run: id }] }] : [], isCut: false }) as unknown as Story;
  const runs = async ({ note = '' }) => {
    asked.push(note);
    const has = (words: readonly string[]) =>
      note
        .split(' ')
        .every((word) => words.some((one) => (word.endsWith('*') ? one.startsWith(word.slice(0, -1)) : one === word)));
    return { items: Object.keys(notes).flatMap((run) => (has(notes[run] ?? []) ? [{ run } as RunItem] : [])) };
  };
  const parked = async ({ run = '' }: { run?: string }) =>
    ({ items: Object.keys(notes).flatMap((id) => (id.startsWith(run) ? [{ run: id }] : [])) }) as never;
  return { asked, admin: { story, runs, parked } };
}

describe('find', () => {
  it('returns the story of an id, or of the only run with such a note', async () => {
    const { admin, asked } = hostWith({ [RUN]: ['order', 'W-4'], [OTHER]: ['order', 'W-40'] });
    expect(await find(admin, RUN, 10)).toMatchObject({ events: [{ id: RUN }] });
    expect(asked).toEqual([]);
    expect(await find(admin, 'W-4', 10)).toMatchObject({ events: [{ id: RUN }] });
    expect(await find(admin, OTHER.slice(0, 10), 10)).toMatchObject({ events: [{ id: OTHER }] });
  });

  it('lists the runs when several notes have the words, and tries beginnings of words last', async () => {
    const { admin, asked } = hostWith({ [RUN]: ['order', 'W-4'], [OTHER]: ['order', 'W-40'] });
    expect(await find(admin, 'order', 10)).toEqual({ runs: [{ run: RUN }, { run: OTHER }], hasMore: false });
    expect(await find(admin, 'ord W-40', 10)).toMatchObject({ events: [{ id: OTHER }] });
    expect(asked).toEqual(['order', 'ord W-40', 'ord* W-40*']);
  });

  it('returns the story of the first run when it contains the others', async () => {
    const { admin } = hostWith({ [RUN]: ['W-4'], [OTHER]: ['W-4'] });
    const story = async ({ id }: { id: string }) =>
      ({ events: id === OTHER ? [{ id: OTHER, runs: [{ run: OTHER }, { run: RUN }] }] : [], isCut: false }) as unknown as Story;
    expect(await find({ ...admin, story }, 'W-4', 10)).toMatchObject({ events: [{ id: OTHER }] });
  });

  it('returns an empty story for a text that is nowhere', async () => {
    const { admin } = hostWith({});
    expect(await find(admin, 'W-4', 10)).toEqual({ events: [], isCut: false });
    expect(await find(admin, '---', 10)).toEqual({ events: [], isCut: false });
  });
});
