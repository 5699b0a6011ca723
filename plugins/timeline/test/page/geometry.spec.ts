import { describe, expect, it } from '@jest/globals';
import { dragged, firstMinute, hourHeight, partOn, partsOn, shownSpan } from '../../page/geometry.js';
import { entry, MONDAY, resource } from './samples.js';

const TUESDAY = '2026-02-03';
const HOURS = { weekday: 1, opens: '09:00', closes: '21:00' };

describe('the part of an entry on a day', () => {
  it('is the whole entry in minutes of the local clock, also after the working hours', () => {
    expect(partOn(entry('a', '19:45', '20:15'), MONDAY)).toMatchObject({
      from: 1185,
      to: 1215,
      beganBefore: false,
      endsAfter: false,
    });
  });

  it('ends at midnight and continues on the next day', () => {
    const night = entry('a', '23:00', `${TUESDAY}T01:00`);
    expect(partOn(night, MONDAY)).toMatchObject({ from: 1380, to: 1440, endsAfter: true });
    expect(partOn(night, TUESDAY)).toMatchObject({ from: 0, to: 60, beganBefore: true });
    expect(partOn(night, '2026-02-04')).toBeUndefined();
  });

  it('does not continue on the next day when the entry ends at midnight', () => {
    const late = entry('a', '23:00', `${TUESDAY}T00:00`);
    expect(partOn(late, MONDAY)).toMatchObject({ to: 1440, endsAfter: false });
    expect(partOn(late, TUESDAY)).toBeUndefined();
  });

  it('is large enough to be touched', () => {
    expect(partOn(entry('a', '10:00', '10:05'), MONDAY)).toMatchObject({ from: 600, to: 612 });
  });

  it('is in the order of the starts', () => {
    const parts = partsOn([entry('b', '10:00', '11:00'), entry('c', '09:00', '10:00'), entry('a', '10:00', '11:00')], MONDAY);
    expect(parts.map((part) => part.entry.id)).toEqual(['c', 'a', 'b']);
  });
});

describe('a dragged entry', () => {
  const ten = entry('a', '10:00', '10:30');

  it('keeps its length and begins at a multiple of five minutes', () => {
    expect(dragged(ten, 'move', 62)).toEqual({ start: `${MONDAY}T11:00`, end: `${MONDAY}T11:30` });
    expect(dragged(entry('a', '10:07', '10:30'), 'move', 1)).toEqual({ start: `${MONDAY}T10:10`, end: `${MONDAY}T10:33` });
  });

  it('moves to the next day past midnight', () => {
    expect(dragged(entry('a', '23:00', '23:30'), 'move', 90)).toEqual({ start: `${TUESDAY}T00:30`, end: `${TUESDAY}T01:00` });
  });

  it('changes its length at an edge, down to five minutes', () => {
    expect(dragged(ten, 'end', 31)).toEqual({ start: `${MONDAY}T10:00`, end: `${MONDAY}T11:00` });
    expect(dragged(ten, 'end', -90)).toEqual({ start: `${MONDAY}T10:00`, end: `${MONDAY}T10:05` });
    expect(dragged(ten, 'start', -31)).toEqual({ start: `${MONDAY}T09:30`, end: `${MONDAY}T10:30` });
    expect(dragged(ten, 'start', 90)).toEqual({ start: `${MONDAY}T10:25`, end: `${MONDAY}T10:30` });
  });
});

describe('the board', () => {
  const people = [resource('a', HOURS)];
  const twelveHours = shownSpan(people, []);

  it('shows the working hours, and the whole of entries before and after them', () => {
    const late = partsOn([entry('a', '21:15', '21:45'), entry('b', '08:30', '09:30')], MONDAY);
    expect([twelveHours, shownSpan(people, late)]).toEqual([
      { from: 540, to: 1_260 },
      { from: 480, to: 1_320 },
    ]);
    const night = partsOn([entry('a', '20:00', `${TUESDAY}T09:00`)], MONDAY);
    expect(shownSpan(people, night)).toEqual(twelveHours);
  });

  it('is filled by the working hours, unless an hour would become unreadable', () => {
    expect(hourHeight(1_200, twelveHours, 1)).toBe(100);
    expect(hourHeight(300, twelveHours, 1)).toBe(60);
    expect(hourHeight(1_200, twelveHours, 2)).toBe(200);
  });

  it('begins at the opening, and an hour before now when now would be below it', () => {
    expect(firstMinute(twelveHours, 720, 15 * 60)).toBe(540);
    expect(firstMinute(twelveHours, 240, undefined)).toBe(540);
    expect(firstMinute(twelveHours, 240, 10 * 60)).toBe(540);
    expect(firstMinute(twelveHours, 240, 15 * 60 + 20)).toBe(14 * 60);
    expect(firstMinute(twelveHours, 240, 2 * 60)).toBe(540);
  });
});
