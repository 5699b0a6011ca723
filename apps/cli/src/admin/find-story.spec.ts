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

/** A host that finds an event by its id, and those that it caused, one level deep. */
function hostWith(all: readonly StoryEntry[]) {
  const asked: string[] = [];
  const get = async (path: string): Promise<never> => {
    const id = decodeURIComponent(path.slice('/api/find/'.length));
    asked.push(id);
    return all.filter((one) => one.eventId === id || one.run === id || one.causationid === id) as never;
  };
  return { asked, get };
}

describe('the story of an event', () => {
  it('follows replays and emitted events down to the last one', async () => {
    const host = hostWith([entry(1, 'a'), entry(2, 'b', 'a'), entry(3, 'c', 'b'), entry(4, 'stranger', 'z')]);
    expect((await findStory(host, 'a')).map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c']);
  });

  it('asks for no id twice, and for twenty at most', async () => {
    const chain = Array.from({ length: 50 }, (_, at) => entry(at % 10, `e${at}`, at === 0 ? 'e49' : `e${at - 1}`));
    const host = hostWith(chain);
    await findStory(host, 'e0');
    expect(host.asked).toHaveLength(20);
    expect(new Set(host.asked).size).toBe(20);
  });
});
