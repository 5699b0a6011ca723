import { describe, expect, it } from '@jest/globals';
import { LatencyWindow } from './latency-window.js';

function windowOf(...latencies: readonly number[]): LatencyWindow {
  const window = new LatencyWindow();
  window.reset(0);
  for (const ms of latencies) window.add(ms);
  return window;
}
const times = (count: number, ...latencies: readonly number[]) =>
  Array.from({ length: count }, (_, index) => latencies[index % latencies.length] ?? 0);

describe('LatencyWindow', () => {
  it('returns the median of its calls', () => {
    expect(windowOf(30, 10, 20).median).toBe(20);
    expect(windowOf(40, 10, 20, 30).median).toBe(25);
  });

  it('drops the oldest calls', () => {
    expect(windowOf(...times(96, 10), ...times(96, 50)).median).toBe(50);
  });

  it('is full with twelve calls that agree', () => {
    expect(windowOf(...times(11, 100, 101)).full(0, 4)).toBe(false);
    expect(windowOf(...times(12, 100, 101)).full(0, 4)).toBe(true);
  });

  it('needs more calls for larger differences', () => {
    expect(windowOf(...times(24, 10, 20, 100, 400)).full(0, 4)).toBe(false);
    expect(windowOf(...times(96, 10, 20, 100, 400)).full(0, 4)).toBe(true);
  });

  it('needs one call per slot', () => {
    expect(windowOf(...times(40, 100)).full(0, 50)).toBe(false);
    expect(windowOf(...times(50, 100)).full(0, 50)).toBe(true);
  });

  it('is full after 15 s with four calls', () => {
    expect(windowOf(...times(4, 3_000)).full(14_999, 4)).toBe(false);
    expect(windowOf(...times(3, 3_000)).full(15_000, 4)).toBe(false);
    expect(windowOf(...times(4, 3_000)).full(15_000, 4)).toBe(true);
  });

  it('is empty again after a reset', () => {
    const window = windowOf(...times(20, 100));
    window.reset(20_000);
    expect(window.full(40_000, 1)).toBe(false);
    expect(window.hasFirstLook).toBe(false);
  });
});
