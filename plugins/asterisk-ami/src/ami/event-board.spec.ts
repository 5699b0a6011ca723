import { describe, expect, it } from '@jest/globals';
import { EventBoard } from './event-board.js';

describe('the listeners of a session', () => {
  it('reports a gap to each listener and counts the dropped events', () => {
    const reported: unknown[] = [];
    const board = new EventBoard((count) => reported.push(count));
    const hear = () => undefined;
    board.add({ events: ['Hangup'] }, { hear, missed: () => reported.push('first') });
    board.add({ events: ['Hangup'] }, { hear });
    const leave = board.add({ events: ['Newstate'] }, { hear, missed: () => reported.push('gone') });
    leave();
    board.missed(7);
    expect(reported).toEqual([7, 'first']);
  });
});
