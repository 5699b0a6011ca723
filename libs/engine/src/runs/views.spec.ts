import { describe, expect, it } from '@jest/globals';
import { RunView, TriggerView } from './views.js';

const event = { id: '1', source: '/s', type: 'order.created', time: '2026-01-02T03:04:05.000Z' };

describe('the view of a trigger', () => {
  it('is an object of the attributes and the data', () => {
    const view = new TriggerView(event, Buffer.from('{"number":7}'));
    expect(Object.keys(view)).toEqual(['id', 'source', 'type', 'time', 'data']);
    expect(JSON.parse(JSON.stringify(view))).toEqual({ ...event, data: { number: 7 } });
  });

  it('parses the data once, and not before it is read', () => {
    const view = new TriggerView(event, Buffer.from('{'));
    expect(view['type']).toBe('order.created');
    expect(() => view['data']).toThrow(/cannot be read/);
    const good = new TriggerView(event, Buffer.from('{}'));
    expect(good['data']).toBe(good['data']);
  });
});

describe('the view of a run', () => {
  it('derives the id when it is read', () => {
    let asked = 0;
    const of = {
      startedAt: 0,
      get run() {
        asked++;
        return 'id of the run';
      },
    };
    const view = new RunView(of, 'orders');
    expect(asked).toBe(0);
    expect({ ...view }).toEqual({ id: 'id of the run', flow: 'orders', startedAt: '1970-01-01T00:00:00.000Z' });
  });
});
