import { expect, it, jest } from '@jest/globals';
import { dragInAllDirections } from '../../page/drag-directions.js';

it('allows vertical drags of entries', () => {
  const set = jest.fn();
  dragInAllDirections({ itemSet: { hammer: { get: () => ({ set }) } } });
  expect(set).toHaveBeenCalledWith({ direction: 30 });
});

it.each([[{}], [{ itemSet: {} }], [{ itemSet: { hammer: {} } }], [{ itemSet: { hammer: { get: () => undefined } } }]])(
  'throws when the internal objects of vis-timeline are missing: %j',
  (timeline) => {
    expect(() => dragInAllDirections(timeline)).toThrow('drag-directions.ts');
  },
);
