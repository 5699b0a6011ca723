import { describe, expect, it, jest } from '@jest/globals';
import { MemoryLog } from '@sluice/testing';
import { Refusals } from './refusals.js';

describe('log of rejected requests', () => {
  it('reports the first of a kind at once and counts the others once a minute', () => {
    jest.useFakeTimers();
    try {
      const log = new MemoryLog();
      const refusals = new Refusals(log);
      for (let count = 1; count <= 1_000; count++) refusals.add('/in/orders', 'BODY_INVALID', `number ${count}`);
      refusals.add('/events', 'TOKEN_INVALID', 'expired');
      expect(log.lines.map(({ message }) => message)).toEqual([
        '/in/orders: refused a request: BODY_INVALID',
        '/events: refused a request: TOKEN_INVALID',
      ]);
      jest.advanceTimersByTime(60_000);
      expect(log.lines[2]).toMatchObject({
        message: 'refused 999 more: /in/orders BODY_INVALID',
        fields: { reason: 'number 1000' },
      });
      jest.advanceTimersByTime(600_000);
      expect(log.lines).toHaveLength(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('limits the number of kinds', () => {
    const log = new MemoryLog();
    const refusals = new Refusals(log);
    for (let count = 0; count < 10_000; count++) refusals.add(`/in/${count}`, 'NO_ROUTE', 'none');
    expect(log.lines.length).toBeLessThan(300);
  });
});
