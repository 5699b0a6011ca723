import { describe, expect, it } from '@jest/globals';
import { EventBoard } from './event-board.js';

describe('a board of events', () => {
  it('tells each listener of a gap, and counts what was left out', () => {
    const told: unknown[] = [];
    const board = new EventBoard((count) => told.push(count));
    const hear = () => undefined;
    board.add({ events: ['Hangup'] }, { hear, missed: () => told.push('first') });
    board.add({ events: ['Hangup'] }, { hear });
    const leave = board.add({ events: ['Newstate'] }, { hear, missed: () => told.push('gone') });
    leave();
    board.missed(7);
    expect(told).toEqual([7, 'first']);
  });
});
