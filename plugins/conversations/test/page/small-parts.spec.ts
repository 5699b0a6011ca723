import { describe, expect, it } from '@jest/globals';
import { MarksQueue } from '../../page/model/marks-queue.js';
import { plainName } from '../../page/model/people-names.js';
import { isShownPicture, MAX_SIDE_PX, scaledSize } from '../../page/model/pictures.js';

describe('read marks', () => {
  it('sends the highest mark of a discussion once', () => {
    const queue = new MarksQueue();
    expect([3, 5, 4].map((seq) => queue.add('a', seq))).toEqual([true, true, false]);
    expect(queue.take()).toEqual([{ discussion: 'a', seq: 5 }]);
    expect(queue.add('a', 5)).toBe(false);
    expect(queue.take()).toEqual([]);
  });

  it('sends a mark again after a failure, unless a higher one waits', () => {
    const queue = new MarksQueue();
    queue.add('a', 5);
    queue.restore(queue.take());
    expect(queue.take()).toEqual([{ discussion: 'a', seq: 5 }]);
  });
});

describe('names', () => {
  it('removes invisible and direction characters', () => {
    expect(plainName('\u202eanna\u200b \u2066 Белова\u0007')).toBe('anna Белова');
  });
});

describe('pictures', () => {
  it('scales large pictures down and keeps their proportions', () => {
    expect(scaledSize({ type: 'image/jpeg', bytes: 5e6 }, { width: 4_000, height: 3_000 })).toEqual({
      width: MAX_SIDE_PX,
      height: 1_440,
    });
  });

  it('sends small pictures and animations as they are', () => {
    expect(scaledSize({ type: 'image/png', bytes: 1_000 }, { width: 100, height: 50 })).toBeUndefined();
    expect(scaledSize({ type: 'image/gif', bytes: 9e6 }, { width: 4_000, height: 50 })).toBeUndefined();
  });

  it('does not show SVG in place', () => {
    expect(isShownPicture('image/svg+xml')).toBe(false);
  });
});
