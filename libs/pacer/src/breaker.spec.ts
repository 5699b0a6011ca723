import { describe, expect, it } from '@jest/globals';
import { Breaker } from './breaker.js';

const breakerOf = () => new Breaker({ failures: 3, withinMs: 30_000, probeMs: 5_000 });

function open(breaker: Breaker, now: number): void {
  for (let n = 0; n < 3; n++) breaker.unreachable(now);
}

describe('Breaker', () => {
  it('opens after the configured number of failures in a row within the time', () => {
    const breaker = breakerOf();
    breaker.unreachable(0);
    breaker.unreachable(10_000);
    expect(breaker.state).toBe('closed');
    breaker.unreachable(29_999);
    expect(breaker.state).toBe('open');
  });

  it('ignores failures that are older than the time', () => {
    const breaker = breakerOf();
    breaker.unreachable(0);
    breaker.unreachable(10_000);
    breaker.unreachable(30_000);
    expect(breaker.state).toBe('closed');
  });

  it('forgets failures when a call is answered', () => {
    const breaker = breakerOf();
    breaker.unreachable(0);
    breaker.unreachable(1);
    breaker.answered();
    breaker.unreachable(2);
    expect(breaker.state).toBe('closed');
  });

  it('probes again after each probe interval', () => {
    const breaker = breakerOf();
    open(breaker, 1_000);
    expect([breaker.probeDue(5_999), breaker.probeDue(6_000)]).toEqual([false, true]);
    breaker.beginProbe();
    expect([breaker.state, breaker.probeDue(6_000)]).toEqual(['probing', false]);
    breaker.endProbe(7_000, false);
    expect([breaker.state, breaker.probeDue(11_999), breaker.probeDue(12_000)]).toEqual(['open', false, true]);
  });

  it('closes when the probe succeeds, and starts counting again', () => {
    const breaker = breakerOf();
    open(breaker, 0);
    breaker.beginProbe();
    breaker.endProbe(5_000, true);
    breaker.unreachable(5_001);
    expect([breaker.state, breaker.awayMs(5_001)]).toEqual(['closed', 0]);
  });

  it('measures how long the remote system has been unavailable, probes included', () => {
    const breaker = breakerOf();
    open(breaker, 1_000);
    breaker.beginProbe();
    expect(breaker.awayMs(6_000)).toBe(5_000);
    breaker.endProbe(6_000, false);
    expect(breaker.awayMs(62_000)).toBe(61_000);
  });

  it('does not postpone the probe for calls that were in flight when it opened', () => {
    const breaker = breakerOf();
    open(breaker, 0);
    breaker.unreachable(3_000);
    expect(breaker.probeDue(5_000)).toBe(true);
  });
});
