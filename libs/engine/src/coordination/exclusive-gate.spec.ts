import { describe, expect, it } from '@jest/globals';
import { ExclusiveGate } from './exclusive-gate.js';

describe('a gate for work that must be alone', () => {
  it('runs other work concurrently, and returns a promise only for work that returns one', () => {
    const gate = new ExclusiveGate();
    expect(gate.run(() => undefined)).toBeUndefined();
  });

  it('waits until no other work runs, and delays work that arrives meanwhile', async () => {
    const gate = new ExclusiveGate();
    const order: string[] = [];
    let end: () => void = () => undefined;
    const running = gate.run(() => new Promise<void>((resolve) => (end = resolve)).then(() => void order.push('first')));
    const alone = gate.runExclusively(() => void order.push('alone'));
    const later = gate.run(() => void order.push('later'));
    end();
    await Promise.all([running, alone, later]);
    expect(order).toEqual(['first', 'alone', 'later']);
  });

  it('opens again when the exclusive work has failed', async () => {
    const gate = new ExclusiveGate();
    await expect(gate.runExclusively(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(gate.run(() => undefined)).toBeUndefined();
  });
});
