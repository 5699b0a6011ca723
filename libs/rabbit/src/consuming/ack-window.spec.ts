import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AckWindow } from './ack-window.js';

describe('AckWindow', () => {
  let acks: string[];
  const open = (prefetch: number, deliveries: number) => {
    const window = new AckWindow(prefetch, (tag, upTo) => acks.push(upTo ? `≤${tag}` : `${tag}`));
    for (let n = 0; n < deliveries; n++) window.add();
    return window;
  };
  const finish = (window: AckWindow, from: number, to: number) => {
    for (let tag = from; tag <= to; tag++) window.finish(tag);
  };

  beforeEach(() => {
    acks = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('acknowledges fifty with one frame', () => {
    finish(open(500, 120), 1, 120);
    expect(acks).toEqual(['≤50', '≤100']);
  });

  it('acknowledges fewer after five milliseconds', () => {
    finish(open(500, 3), 1, 3);
    expect(acks).toEqual([]);
    jest.advanceTimersByTime(5);
    expect(acks).toEqual(['≤3']);
  });

  it('acknowledges at once when the prefetch is 1', () => {
    const window = open(1, 1);
    window.finish(1);
    expect(acks).toEqual(['≤1']);
  });

  it('acknowledges fifty with one frame after the held ones among them are finished', () => {
    const window = open(500, 200);
    for (let tag = 2; tag <= 200; tag += 2) window.finish(tag);
    for (let tag = 1; tag <= 200; tag += 2) window.finish(tag);
    expect(acks).toEqual(['≤50', '≤100', '≤150', '≤200']);
  });

  it('never acknowledges a held delivery', () => {
    const window = open(500, 100);
    finish(window, 3, 100);
    window.finish(1);
    jest.advanceTimersByTime(5);
    expect(acks).toEqual(['≤1']);
    jest.advanceTimersByTime(100);
    expect(acks.slice(1)).toEqual(Array.from({ length: 98 }, (_, n) => `${n + 3}`));
  });

  it('acknowledges one by one when a held delivery starves the consumer', () => {
    const window = open(10, 10);
    finish(window, 2, 6);
    jest.advanceTimersByTime(20);
    expect(acks).toEqual([]);
    jest.advanceTimersByTime(10);
    expect(acks).toEqual(['2', '3', '4', '5', '6']);
  });

  it('keeps batching while the first held delivery changes', () => {
    const window = open(10, 20);
    finish(window, 8, 17);
    for (let tag = 1; tag <= 4; tag++) {
      jest.advanceTimersByTime(20);
      window.finish(tag);
    }
    jest.advanceTimersByTime(5);
    expect(acks).toEqual(['≤1', '≤2', '≤3', '≤4']);
  });

  it('does not acknowledge a delivery twice', () => {
    const window = open(500, 4);
    finish(window, 2, 3);
    jest.advanceTimersByTime(105);
    window.finish(1);
    window.finish(4);
    jest.advanceTimersByTime(5);
    expect(acks).toEqual(['2', '3', '≤4']);
  });

  it('does not acknowledge returned deliveries', () => {
    const window = open(500, 3);
    window.skip(3);
    window.finish(1);
    window.skip(2);
    jest.advanceTimersByTime(5);
    expect(acks).toEqual(['≤1']);
    expect(window.held).toBe(0);
  });

  it('sends no acknowledgement after it is closed', () => {
    const window = open(500, 1);
    window.finish(1);
    window.close();
    jest.advanceTimersByTime(5);
    expect(acks).toEqual([]);
  });
});
