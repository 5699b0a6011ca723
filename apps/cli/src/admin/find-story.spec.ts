import { describe, expect, it } from '@jest/globals';
import { findStory, type StoryEntry } from './find-story.js';

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

/** Returns an API that finds an event by its id and the events that it caused directly. */
function hostWith(all: readonly StoryEntry[]) {
  const asked: string[] = [];
  const get = async (path: string): Promise<never> => {
    const id = decodeURIComponent(path.slice('/api/find/'.length));
    asked.push(id);
    return all.filter((one) => one.eventId === id || one.run === id || one.causationid === id) as never;
  };
  return { asked, get };
}

describe('findStory', () => {
  it('follows replays and emitted events to the last one', async () => {
    const host = hostWith([entry(1, 'a'), entry(2, 'b', 'a'), entry(3, 'c', 'b'), entry(4, 'stranger', 'z')]);
    expect((await findStory(host, 'a')).map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c']);
  });

  it('requests each id once and at most twenty ids', async () => {
    const chain = Array.from({ length: 50 }, (_, at) => entry(at % 10, `e${at}`, at === 0 ? 'e49' : `e${at - 1}`));
    const host = hostWith(chain);
    await findStory(host, 'e0');
    expect(host.asked).toHaveLength(20);
    expect(new Set(host.asked).size).toBe(20);
  });
});
