import { describe, expect, it } from '@jest/globals';
import { freeOn } from '../../page/free-time.js';
import { entry, MONDAY, resource } from './samples.js';

const SUNDAY = '2026-02-01';
const WORKDAY = { weekday: 1, opens: '09:00', closes: '18:00' };
const anna = resource('ivanova', WORKDAY);
const boris = resource('petrov', WORKDAY);

describe('the next free time', () => {
  it('is the opening at night, and never the night itself', () => {
    expect(freeOn(MONDAY, `${MONDAY}T02:00`, [anna], [])).toEqual({ resource: 'ivanova', start: `${MONDAY}T09:00` });
    expect(freeOn(MONDAY, `${SUNDAY}T02:00`, [anna], [])).toMatchObject({ start: `${MONDAY}T09:00` });
  });

  it('is in the hours of the others for a resource without hours, and in the usual ones when nobody has hours', () => {
    expect(freeOn(MONDAY, `${MONDAY}T02:00`, [resource('room'), boris], [])).toEqual({
      resource: 'room',
      start: `${MONDAY}T09:00`,
    });
    expect(freeOn(MONDAY, `${MONDAY}T02:00`, [resource('room')], [])).toMatchObject({ start: `${MONDAY}T08:00` });
  });

  it('begins at the next half hour and is not taken', () => {
    const taken = [entry('a', '10:30', '11:15')];
    expect(freeOn(MONDAY, `${MONDAY}T10:10`, [anna], taken)).toMatchObject({ start: `${MONDAY}T11:30` });
  });

  it('is with the first resource that is free', () => {
    const taken = [entry('a', '10:30', '12:00')];
    expect(freeOn(MONDAY, `${MONDAY}T10:10`, [anna, boris], taken)).toEqual({ resource: 'petrov', start: `${MONDAY}T10:30` });
  });

  it.each(['cancelled', 'refused'] as const)('ignores %s entries', (status) => {
    expect(freeOn(MONDAY, `${MONDAY}T10:30`, [anna], [entry('a', '10:30', '12:00', { status })])).toMatchObject({
      start: `${MONDAY}T10:30`,
    });
  });

  it('may be taken by others in a group', () => {
    const group = { ...anna, shared: true };
    expect(freeOn(MONDAY, `${MONDAY}T10:30`, [group], [entry('a', '10:30', '12:00')])).toMatchObject({
      start: `${MONDAY}T10:30`,
    });
  });

  it('is missing after the closing and on a day off', () => {
    expect(freeOn(MONDAY, `${MONDAY}T17:40`, [anna], [])).toBeUndefined();
    expect(freeOn(SUNDAY, `${SUNDAY}T10:00`, [anna], [])).toBeUndefined();
  });
});
