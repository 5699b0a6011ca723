import type { AnyPlugin } from '@sluice/plugin-api';
import type { PaceConfig, Settings } from '../model.js';
import type { Report } from '../report.js';
import type { PaceDraft } from '../workspace/drafts.js';

const DEFAULTS = {
  max: 16,
  start: 2,
  latencyTargetMs: 1_000,
  shares: { interactive: 60, normal: 30, bulk: 10 },
  breaker: { failures: 5, withinMs: 30_000, probeMs: 5_000 },
  crashGraceMs: 10_000,
} as const;

const NOTHING_SAID: PaceDraft = { concurrency: {}, breaker: {}, calendar: [] };

/**
 * Compiles the pace of a connection: its own options, then those of its plugin, then the defaults.
 * Returns undefined when neither the connection nor the plugin has a pace.
 */
export function compilePace(
  given: PaceDraft | undefined,
  plugin: Pick<AnyPlugin, 'pace'>,
  settings: Settings,
  report: Report,
): PaceConfig | undefined {
  if (!given && !plugin.pace) return undefined;
  const draft = given ?? NOTHING_SAID;
  const timezone = draft.timezone ?? settings.timezone;
  if (draft.calendarNode && draft.calendar.length > 0 && timezone === undefined) {
    report.error(draft.calendarNode, 'SETTING_TIMEZONE', 'a calendar needs a time zone', {
      write: 'settings: { timezone: Europe/Moscow }',
    });
  }
  return {
    concurrency: compileConcurrency(draft, plugin, report),
    ...(draft.rate && { rate: draft.rate }),
    latencyTargetMs: draft.latencyTargetMs ?? DEFAULTS.latencyTargetMs,
    shares: draft.shares ?? DEFAULTS.shares,
    breaker: { ...DEFAULTS.breaker, ...draft.breaker },
    crashGraceMs: draft.crashGraceMs ?? DEFAULTS.crashGraceMs,
    calendar: draft.calendar,
    ...(timezone !== undefined && draft.calendar.length > 0 && { timezone }),
  };
}

function compileConcurrency(draft: PaceDraft, plugin: Pick<AnyPlugin, 'pace'>, report: Report): PaceConfig['concurrency'] {
  const preset = plugin.pace?.concurrency;
  const max = draft.concurrency.max ?? preset?.max ?? DEFAULTS.max;
  const { start } = draft.concurrency;
  if (draft.startNode && start !== undefined && start > max)
    report.error(draft.startNode, 'FLOW_VALUE', `start is above max, which is ${max}`, {
      do: `write a start of at most ${max}, or raise max`,
    });
  return {
    max,
    start: start ?? Math.min(preset?.start ?? DEFAULTS.start, max),
    adaptive: draft.concurrency.adaptive ?? preset?.adaptive ?? true,
  };
}
