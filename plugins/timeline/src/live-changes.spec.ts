import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
import { MemoryDesktops } from '@sluice/testing';
import { LiveChanges } from './live-changes.js';
import { mayRead } from './scopes.js';

describe('live changes', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  async function started() {
    const host = new MemoryDesktops().host();
    const closing = new AbortController();
    const live = new LiveChanges({
      gateway: host,
      connection: 'journal',
      mayRead: ({ bearer }) => mayRead(bearer),
      signal: closing.signal,
      clock: systemClock,
    });
    const page = (scope: string) => host.connect('anna', { claims: { scopes: ['desktop', scope] } });
    return { live, closing, page };
  }

  it('reports a change at once, and changes that follow within 100 ms together', async () => {
    const { live, page } = await started();
    const anna = await page('timeline:read');
    await anna.subscribe(live.destination);
    for (let n = 0; n < 1_000; n++) live.notify();
    expect(anna.received.map(({ destination, event }) => [destination, event])).toEqual([
      ['/timeline/journal/changes', 'timeline.changed'],
    ]);
    await jest.advanceTimersByTimeAsync(100);
    expect(anna.received).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(anna.received).toHaveLength(2);
    live.notify();
    expect(anna.received).toHaveLength(3);
  });

  it('admits pages that may read the calendar, and accepts no message', async () => {
    const { live, page } = await started();
    for (const scope of ['timeline:read', 'timeline:write', 'admin']) await (await page(scope)).subscribe(live.destination);
    const refused = { code: 'GATEWAY_DESTINATION_FORBIDDEN' };
    await expect((await page('events:write')).subscribe(live.destination)).rejects.toMatchObject(refused);
    await expect((await page('admin')).send(live.destination, 1)).rejects.toMatchObject(refused);
  });

  it('reports nothing after the calendar has closed', async () => {
    const { live, closing, page } = await started();
    const anna = await page('timeline:read');
    await anna.subscribe(live.destination);
    closing.abort();
    live.notify();
    expect(anna.received).toEqual([]);
  });
});
