import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ApiError, Session, toasts } from '@sluice/web-ui';
import type { CalendarApi } from '../../page/api.js';
import { Calendar } from '../../page/calendar.js';
import type { Draft, Entry, JournalInfo } from '../../page/model.js';
import { entry, MONDAY, resource } from './samples.js';

const INFO: JournalInfo = {
  timezone: 'Europe/Moscow',
  statuses: ['waiting', 'arrived', 'cancelled'],
  resources: [
    resource('ivanova', { weekday: 1, opens: '09:00', closes: '18:00' }, { weekday: 2, opens: '10:00', closes: '18:00' }),
  ],
  me: { name: 'anna', canWrite: true },
};

const refusal = (code: string, now?: Entry) => new ApiError(409, code, code, '', { code, ...(now && { entry: now }) });

describe('the calendar of the page', () => {
  /** Answers of the host, in the order of the requests that change something. */
  let answers: (Entry | Error)[];
  let sent: Partial<Draft>[];
  let stored: Entry[];
  let calendar: Calendar;

  const shownToasts = () => toasts().map(({ text }) => text);
  const open = (now: string) => {
    jest.useFakeTimers({ now: new Date(now) });
    const change = async (draft: Partial<Draft>) => {
      sent.push(draft);
      const next = answers.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error('no answer is prepared');
      return { entry: next };
    };
    const api = {
      info: async () => INFO,
      entries: async () => ({ cursor: '1:1:', entries: stored }),
      changes: () => new Promise(() => undefined),
      create: (_id: string, draft: Draft) => change(draft),
      change: (_id: string, _version: number, draft: Partial<Draft>) => change(draft),
    };
    calendar = new Calendar(api as unknown as CalendarApi, new Session(), INFO);
    return calendar.start();
  };

  beforeEach(() => {
    [answers, sent, stored] = [[], [], [entry('a', '10:00', '10:30', { client: 'Ольга' })]];
    // the feed listens to the network of the device
    Object.assign(globalThis, { addEventListener: () => undefined });
  });

  afterEach(() => {
    calendar.stop();
    jest.useRealTimers();
    delete (globalThis as { addEventListener?: unknown }).addEventListener;
  });

  it('returns from the week to the day from which the week was opened', async () => {
    await open(`${MONDAY}T11:20:00+03:00`);
    calendar.show('day', '2026-02-09');
    calendar.show('week', calendar.state.day);
    calendar.show('day', calendar.state.day);
    expect(calendar.state).toMatchObject({ mode: 'day', day: '2026-02-09' });
    calendar.show('week', calendar.state.day);
    calendar.turn(1);
    expect(calendar.state.day).toBe('2026-02-16');
  });

  it('proposes the next free time within working hours for a new entry, at night and in the evening', async () => {
    await open(`${MONDAY}T02:00:00+03:00`);
    await calendar.create();
    expect(calendar.state.open?.draft).toMatchObject({ start: `${MONDAY}T09:00`, end: `${MONDAY}T09:30`, resource: 'ivanova' });
    jest.setSystemTime(new Date(`${MONDAY}T19:00:00+03:00`));
    await calendar.create();
    expect(calendar.state.open?.draft).toMatchObject({ start: '2026-02-03T10:00' });
  });

  it('proposes a time of the day that is shown', async () => {
    await open(`${MONDAY}T11:20:00+03:00`);
    calendar.show('day', '2026-02-09');
    await calendar.create();
    expect(calendar.state.open?.draft).toMatchObject({ start: '2026-02-09T09:00' });
  });

  it('shows the reason of each failure, and not the one of an earlier attempt', async () => {
    await open(`${MONDAY}T11:20:00+03:00`);
    const other = entry('b', '12:00', '12:30', { client: 'Пётр' });
    answers = [refusal('TIMELINE_OVERLAP', other), new ApiError(403, 'FORBIDDEN', 'needs timeline:write', '', {})];
    calendar.openEntry('a');
    const { draft } = calendar.state.open ?? {};
    if (!draft) throw new Error('the entry is not open');
    await calendar.save({ ...draft, start: `${MONDAY}T12:00`, end: `${MONDAY}T12:30` });
    expect(calendar.state.open?.problem).toBe('Это время занято: Иванова, 12:00–12:30, Пётр');
    await calendar.save({ ...draft, comment: 'x' });
    expect(calendar.state.open?.problem).toBe('Нет права изменять журнал.');
  });

  it('shows the changes of the other user together with those of this one after a conflict', async () => {
    await open(`${MONDAY}T11:20:00+03:00`);
    const now = { ...entry('a', '15:00', '15:30', { client: 'Олег' }), version: 2, by: 'boris' };
    answers = [refusal('TIMELINE_VERSION', now), { ...now, version: 3, comment: 'позвонить' }];
    calendar.openEntry('a');
    const { draft } = calendar.state.open ?? {};
    if (!draft) throw new Error('the entry is not open');
    await calendar.save({ ...draft, comment: 'позвонить' });
    expect(calendar.state.open).toMatchObject({
      draft: { client: 'Олег', start: `${MONDAY}T15:00`, comment: 'позвонить' },
      problem: 'Запись уже изменена, она показана такой, какая она сейчас. Изменил(а): boris',
    });
    await calendar.save(calendar.state.open?.draft ?? draft);
    expect(sent.at(-1)).toEqual({ comment: 'позвонить' });
    expect(calendar.state.open).toBeUndefined();
  });

  it('reports a cancelled entry as cancelled, and undoes it', async () => {
    await open(`${MONDAY}T11:20:00+03:00`);
    const before = stored[0];
    if (!before) throw new Error('no entry');
    answers = [
      { ...before, version: 2, status: 'cancelled' },
      { ...before, version: 3 },
    ];
    calendar.openEntry('a');
    const { draft } = calendar.state.open ?? {};
    if (!draft) throw new Error('the entry is not open');
    await calendar.save({ ...draft, status: 'cancelled' });
    expect(shownToasts()).toContain('Запись отменена');
    expect(calendar.state.entries).toEqual([]);
    toasts()
      .find(({ text }) => text === 'Запись отменена')
      ?.action?.run();
    await jest.advanceTimersByTimeAsync(0);
    expect(sent.at(-1)).toEqual({ status: 'waiting' });
    expect(calendar.state.entries).toMatchObject([{ id: 'a', version: 3 }]);
  });

  it('leaves an entry at its place when the host rejects its move', async () => {
    await open(`${MONDAY}T11:20:00+03:00`);
    answers = [refusal('TIMELINE_OVERLAP', entry('b', '12:00', '12:30'))];
    await calendar.move('a', 'ivanova', `${MONDAY}T12:00`, `${MONDAY}T12:30`);
    expect(shownToasts()).toContain('Это время занято: Иванова, 12:00–12:30');
    expect(calendar.state.entries).toMatchObject([{ id: 'a', start: `${MONDAY}T10:00:00+03:00` }]);
  });

  it('reports no restored connection when the first requests fail', async () => {
    const changes = jest.fn<() => Promise<unknown>>();
    jest.useFakeTimers({ now: new Date(`${MONDAY}T11:20:00+03:00`) });
    changes
      .mockRejectedValueOnce(new Error('down'))
      .mockResolvedValue({ cursor: '1:1:', entries: [], calls: [], resources: false });
    const api = { info: async () => INFO, entries: async () => ({ cursor: '1:1:', entries: [] }), changes };
    const before = shownToasts().length;
    calendar = new Calendar(api as unknown as CalendarApi, new Session(), INFO);
    await calendar.start();
    await jest.advanceTimersByTimeAsync(0);
    expect(calendar.state.isOffline).toBe(true);
    await jest.advanceTimersByTimeAsync(700);
    expect(calendar.state.isOffline).toBe(false);
    expect(shownToasts()).toHaveLength(before);
  });
});
