import { DateTime } from 'luxon';
import { readFields, type KeyTable } from '../grammar/fields.js';
import { readBoolean, readChoice, readDuration, readInteger, readRate, readText, readTexts, writing } from '../grammar/values.js';
import { PRIORITIES, type CalendarWindow, type PaceConfig, type Priority } from '../model.js';
import type { Report } from '../report.js';
import type { YamlNode } from '../yaml/nodes.js';
import { firstUnit } from '../yaml/source-text.js';
import type { PaceDraft } from './drafts.js';
import { readTimezone } from './read-timezone.js';

const PACE: KeyTable = {
  of: 'pace',
  keys: ['concurrency', 'rate', 'latencyTarget', 'shares', 'breaker', 'crashGrace', 'calendar', 'timezone'],
  later: ['shared'],
  instead: { shared: 'until then write a part of the limit in each of the two connections: concurrency: { max: 2 }' },
};
const CONCURRENCY: KeyTable = { of: 'concurrency', keys: ['max', 'start', 'adaptive'] };
const SHARES: KeyTable = { of: 'shares', keys: PRIORITIES };
const BREAKER: KeyTable = { of: 'breaker', keys: ['failures', 'within', 'probe'] };
const WINDOW: KeyTable = {
  of: 'a window of the calendar',
  keys: ['daily', 'days', 'dates', 'priority', 'concurrency', 'rate', 'reason'],
};

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const MINUTES_A_DAY = 1_440;
/** Maximum calls at once. The back end of the pace stores the number as a 32-bit integer. */
const MAX_CONCURRENCY = 10_000;
/** Maximum time for which calls of a killed host count. Timers of the back end end at once when it is longer than months. */
const MAX_CRASH_GRACE_MS = 86_400_000;

/** Reads `pace` of a connection. */
export function readPace(node: YamlNode | undefined, report: Report): PaceDraft | undefined {
  const fields = node && readFields(node, PACE, report);
  if (!fields) return undefined;
  const concurrency = readConcurrency(fields.get('concurrency'), report);
  const rate = readRate(fields.get('rate'), 'rate', report);
  const latencyTargetMs = readDuration(fields.get('latencyTarget'), 'latencyTarget', report);
  const shares = readShares(fields.get('shares'), report);
  const crashGraceNode = fields.get('crashGrace');
  const crashGraceMs = readDuration(crashGraceNode, 'crashGrace', report, 0);
  if (crashGraceNode && crashGraceMs !== undefined && crashGraceMs > MAX_CRASH_GRACE_MS)
    report.error(crashGraceNode, 'FLOW_VALUE', 'crashGrace is at most 1d', writing(crashGraceNode, 'crashGrace', '1d'));
  const calendarNode = fields.get('calendar');
  const timezone = readTimezone(fields.get('timezone'), report);
  return {
    ...concurrency,
    ...(rate && { rate }),
    ...(latencyTargetMs !== undefined && { latencyTargetMs }),
    ...(shares && { shares }),
    breaker: readBreaker(fields.get('breaker'), report),
    ...(crashGraceMs !== undefined && { crashGraceMs }),
    calendar: readCalendar(calendarNode, report),
    ...(calendarNode && { calendarNode }),
    ...(timezone !== undefined && { timezone }),
  };
}

function readConcurrency(node: YamlNode | undefined, report: Report): Pick<PaceDraft, 'concurrency' | 'startNode'> {
  const fields = node && readFields(node, CONCURRENCY, report);
  const startNode = fields?.get('start');
  const max = readInteger(fields?.get('max'), 'max', { min: 1, max: MAX_CONCURRENCY }, report);
  const start = readInteger(startNode, 'start', { min: 1, max: MAX_CONCURRENCY }, report);
  const adaptive = readBoolean(fields?.get('adaptive'), 'adaptive', report);
  return {
    concurrency: {
      ...(max !== undefined && { max }),
      ...(start !== undefined && { start }),
      ...(adaptive !== undefined && { adaptive }),
    },
    ...(startNode && { startNode }),
  };
}

function readShares(node: YamlNode | undefined, report: Report): Record<Priority, number> | undefined {
  const fields = node && readFields(node, SHARES, report);
  if (!fields) return undefined;
  const shares = { interactive: 0, normal: 0, bulk: 0 };
  for (const priority of PRIORITIES) {
    const value = fields.need(priority);
    const text = readText(value, priority, report);
    const match = text === undefined ? null : /^(\d{1,3})%$/.exec(text);
    if (value && text !== undefined && !match)
      report.error(value, 'FLOW_VALUE', `${priority} is a share: 60%`, { do: 'write a whole number and %' });
    if (!match) return undefined;
    shares[priority] = Number(match[1]);
  }
  const sum = shares.interactive + shares.normal + shares.bulk;
  if (sum !== 100)
    report.error(fields.node, 'FLOW_VALUE', `the sum of the shares is ${sum}%, not 100%`, {
      do: 'write for instance { interactive: 60%, normal: 30%, bulk: 10% }',
    });
  return shares;
}

function readBreaker(node: YamlNode | undefined, report: Report): Partial<PaceConfig['breaker']> {
  const fields = node && readFields(node, BREAKER, report);
  const failures = readInteger(fields?.get('failures'), 'failures', { min: 1 }, report);
  const withinMs = readDuration(fields?.get('within'), 'within', report);
  const probeMs = readDuration(fields?.get('probe'), 'probe', report);
  return {
    ...(failures !== undefined && { failures }),
    ...(withinMs !== undefined && { withinMs }),
    ...(probeMs !== undefined && { probeMs }),
  };
}

function readCalendar(node: YamlNode | undefined, report: Report): CalendarWindow[] {
  if (node === undefined) return [];
  if (node.kind === 'list') return node.items.map((item) => readWindow(item, report)).filter((window) => window !== undefined);
  report.error(node, 'FLOW_VALUE', 'calendar is a list of windows', {
    write: "calendar: [{ daily: '02:00-03:00', concurrency: 0 }]",
  });
  return [];
}

function readWindow(node: YamlNode, report: Report): CalendarWindow | undefined {
  const fields = readFields(node, WINDOW, report);
  if (!fields) return undefined;
  const daily = readDaily(fields.need('daily'), report);
  const days = readDays(fields.get('days'), report);
  const dates = readDates(fields.get('dates'), report);
  const priority = readChoice(fields.get('priority'), 'priority', PRIORITIES, report);
  const concurrency = readInteger(fields.get('concurrency'), 'concurrency', { min: 0, max: MAX_CONCURRENCY }, report);
  const rate = readRate(fields.get('rate'), 'rate', report);
  const reason = readText(fields.get('reason'), 'reason', report);
  if (!fields.has('concurrency') && !fields.has('rate')) {
    report.error(firstUnit(node), 'FLOW_VALUE', 'a window needs a limit: concurrency, rate or both', {
      write: 'concurrency: 0',
    });
  }
  return (
    daily && {
      ...daily,
      ...(days && { days }),
      ...(dates && { dates }),
      ...(priority && { priority }),
      ...(concurrency !== undefined && { concurrency }),
      ...(rate && { rate }),
      ...(reason !== undefined && { reason }),
    }
  );
}

const DAILY = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/;

function readDaily(node: YamlNode | undefined, report: Report): { from: number; to: number } | undefined {
  const text = readText(node, 'daily', report);
  if (text === undefined || node === undefined) return undefined;
  const [, fromHours, fromMinutes, toHours, toMinutes] = (DAILY.exec(text) ?? []).map(Number);
  const from = minutes(fromHours, fromMinutes);
  const to = minutes(toHours, toMinutes);
  if (from !== undefined && to !== undefined && from < MINUTES_A_DAY && from !== to) return { from, to };
  report.error(node, 'FLOW_VALUE', `"${text}" is not a window of the day`, { write: "'02:00-03:00'" });
  return undefined;
}

function minutes(hours: number | undefined, rest: number | undefined): number | undefined {
  if (hours === undefined || rest === undefined || rest > 59) return undefined;
  const sum = hours * 60 + rest;
  return sum <= MINUTES_A_DAY ? sum : undefined;
}

function readDays(node: YamlNode | undefined, report: Report): number[] | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== 'list' || node.items.length === 0) {
    report.error(node, 'FLOW_VALUE', `days is a list of ${DAYS.join(', ')}`, { write: 'days: [mon, tue, wed, thu, fri]' });
    return undefined;
  }
  const days = node.items.map((item) => readChoice(item, 'a day', DAYS, report)).filter((day) => day !== undefined);
  return [...new Set(days)].map((day) => DAYS.indexOf(day) + 1).sort((a, b) => a - b);
}

function readDates(node: YamlNode | undefined, report: Report): string[] | undefined {
  const dates = readTexts(node, 'dates', report);
  const wrong = dates?.find((date) => !isDate(date));
  if (node && wrong !== undefined) report.error(node, 'FLOW_VALUE', `"${wrong}" is not a date`, { write: '2026-02-01' });
  return dates;
}

/** Rejects `2026-02-30`, which JavaScript's own Date accepts as a day of March. */
function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text).isValid;
}
