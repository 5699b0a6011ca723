import { describe, expect, it } from '@jest/globals';
import type { AdminClient, StoryEntry } from '@sluice/admin-contract';
import { findStory } from './find-story.js';

const entry = (at: number, eventId: string, causationid?: string): StoryEntry => ({
  at: `2026-11-30T00:00:0${at}.000Z`,
  flow: 'save',
  run: `run-of-${eventId}`,
  eventId,
  eventSource: '/x',
  eventType: 'order.created',
  kind: 'done',
  ...(causationid !== undefined && { causationid }),
});

/** Returns an API that finds an event by its id and the events that it caused directly, three entries per page. */
function hostWith(all: readonly StoryEntry[]) {
  const asked: string[] = [];
  const find: AdminClient['find'] = async ({ id, cursor = '0', limit = 100 }) => {
    if (cursor === '0') asked.push(id);
    const found = all.filter((one) => one.eventId === id || one.run === id || one.causationid === id);
    const to = Number(cursor) + Math.min(limit, 3);
    return { items: found.slice(Number(cursor), to), ...(to < found.length && { next: String(to) }) };
  };
  return { asked, find };
}

describe('findStory', () => {
  it('follows replays and emitted events to the last one', async () => {
    const host = hostWith([entry(1, 'a'), entry(2, 'b', 'a'), entry(3, 'c', 'b'), entry(4, 'stranger', 'z')]);
    expect((await findStory(host, 'a', 100)).entries.map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c']);
  });

  it('requests each id once and at most twenty ids', async () => {
    const chain = Array.from({ length: 50 }, (_, at) => entry(at % 10, `e${at}`, at === 0 ? 'e49' : `e${at - 1}`));
    const host = hostWith(chain);
    expect((await findStory(host, 'e0', 1_000)).isCut).toBe(true);
    expect(host.asked).toHaveLength(20);
    expect(new Set(host.asked).size).toBe(20);
  });

  it('reads all pages of an event, up to the given number of entries', async () => {
    const host = hostWith(Array.from({ length: 8 }, (_, at) => ({ ...entry(at, 'a'), attempt: at })));
    const whole = await findStory(host, 'a', 100);
    expect([whole.entries.length, whole.isCut]).toEqual([8, false]);
    const cut = await findStory(host, 'a', 5);
    expect([cut.entries.length, cut.isCut]).toEqual([5, true]);
  });
});
