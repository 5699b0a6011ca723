import { describe, expect, it } from '@jest/globals';
import type { Delivery } from '../ports/bus.js';
import { HeldEvents, MAX_SMALL_EVENTS } from './held-events.js';

const KIB = 1024;
/** 1 KiB for each of the small events. */
const MAX_BYTES = MAX_SMALL_EVENTS * KIB;

/** Holds at most 4 events of any size. Returns what it has passed on and reported. */
function holding() {
  const held: Delivery[] = [];
  const reports: string[] = [];
  const events = new HeldEvents({
    few: 4,
    maxBytes: MAX_BYTES,
    small: () => void reports.push('small'),
    exceeded: () => void reports.push('exceeded'),
  });
  const arrive = (bytes: number, times = 1) => {
    for (let n = 0; n < times; n++) events.take(delivery(bytes), (one) => void held.push(one));
  };
  const bytes = () => held.reduce((sum, { message }) => sum + message.body.length, 0);
  return { held, reports, arrive, bytes };
}

function delivery(bytes: number): Delivery {
  return {
    queue: 'flow.t',
    message: { attributes: { id: '1', source: '/test', type: 't', time: '' }, body: Buffer.alloc(bytes) },
    redelivered: 0,
    lost: false,
    settle: (_outputs, settled) => settled?.(true),
    release: () => undefined,
  };
}

describe('events that are held', () => {
  it('are reported as small after 256 of them, and not when one of them was large', () => {
    const { held, reports, arrive } = holding();
    const arriveAndEnd = (bytes: number, times = 1) => {
      for (let n = 0; n < times; n++) {
        arrive(bytes);
        held.pop()?.settle([]);
      }
    };
    arriveAndEnd(KIB, MAX_SMALL_EVENTS - 1);
    arriveAndEnd(2 * KIB);
    arriveAndEnd(KIB, MAX_SMALL_EVENTS - 1);
    expect(reports).toEqual([]);
    arriveAndEnd(KIB);
    expect(reports).toEqual(['small']);
  });

  it('never have more bytes than the maximum, however many large ones the broker sends at once', () => {
    const { held, reports, arrive, bytes } = holding();
    arrive(KIB, 100);
    arrive(10 * KIB, MAX_SMALL_EVENTS);
    expect(reports).toEqual(['exceeded']);
    expect(bytes()).toBeLessThanOrEqual(MAX_BYTES);
    // a later one would begin before those that were dropped
    const count = held.length;
    arrive(1);
    expect(held).toHaveLength(count);
  });

  it('may be of any size while they are few', () => {
    const { held, reports, arrive } = holding();
    arrive(MAX_BYTES, 4);
    expect(held).toHaveLength(4);
    expect(reports).toEqual([]);
  });

  it('count until they are settled or released', () => {
    const { held, reports, arrive } = holding();
    arrive(MAX_BYTES / 8, 8);
    held[0]?.settle([]);
    held[1]?.release();
    arrive(MAX_BYTES / 8, 2);
    expect(held).toHaveLength(10);
    expect(reports).toEqual([]);
    arrive(MAX_BYTES / 8);
    expect(reports).toEqual(['exceeded']);
  });
});
