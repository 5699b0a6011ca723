import { describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { EventInbox } from './event-inbox.js';

/** Returns an inbox whose reader takes `ms` for each event, and the events that it has read. */
function slow(ms: number, limitBytes?: number) {
  const read: string[] = [];
  let now = 0;
  const reader = {
    event: (bytes: Buffer) => {
      read.push(bytes.toString());
      now += ms;
    },
    missed: (count: number) => read.push(`missed ${count}`),
  };
  return { read, inbox: new EventInbox(reader, limitBytes, () => now) };
}

const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => String(from + at));
const push = (inbox: EventInbox, all: readonly string[]) => all.forEach((text) => inbox.push(Buffer.from(text)));

describe('an inbox', () => {
  it('passes events on at once while there is time', () => {
    const { inbox, read } = slow(0);
    push(inbox, texts(0, 100));
    expect(read).toEqual(texts(0, 100));
  });

  it('does not block the caller of push, and keeps all events in order', async () => {
    const { inbox, read } = slow(10);
    push(inbox, texts(0, 100));
    expect(read.length).toBeLessThan(5);
    await until('some more', () => read.length > 20);
    push(inbox, texts(100, 200));
    await until('all', () => read.length === 200);
    expect(read).toEqual(texts(0, 200));
  });

  it('keeps waiting events when the caller reuses the bytes', async () => {
    const { inbox, read } = slow(10);
    const bytes = Buffer.from('x');
    for (let count = 0; count < 10; count++) inbox.push(bytes);
    bytes.write('y');
    await until('all', () => read.length === 10);
    expect(new Set(read)).toEqual(new Set('x'));
  });

  it('drops events in one gap and reports their number at its place', async () => {
    const { inbox, read } = slow(10, 20);
    push(inbox, texts(10, 50));
    await until('the gap', () => read.at(-1)?.startsWith('missed') === true);
    const kept = read.length - 1;
    expect(read).toEqual([...texts(10, 10 + kept), `missed ${40 - kept}`]);
    push(inbox, ['99']);
    await until('the next', () => read.at(-1) === '99');
  });

  it('calls back once all earlier events are handled', async () => {
    const { inbox, read } = slow(10);
    push(inbox, texts(0, 10));
    inbox.afterAll(() => read.push('all'));
    await until('all', () => read.includes('all'));
    expect(read).toEqual([...texts(0, 10), 'all']);
    inbox.afterAll(() => read.push('at once'));
    expect(read.at(-1)).toBe('at once');
  });
});
