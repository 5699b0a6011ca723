import { inLatinLetters, lookAlikeNote } from '../look-alikes.js';
import { mapSchema, TEXT, TEXTS, VALUES, type JsonSchema, type Member } from '../json-schema.js';
import { nearest } from '../nearest.js';
import { replacing, type Cure, type Report } from '../report.js';
import { readTimezone } from '../workspace/read-timezone.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { scalarText } from '../yaml/spell.js';
import type { TriggerDraft, TriggerSourceDraft } from './drafts.js';
import { readFields, type Fields, type KeyTable } from './fields.js';
import { checkInputSchema } from './input-schema.js';
import { isEventPattern, splitUse } from './names.js';
import { readCron } from './read-cron.js';
import { readConnectionName, readWith } from './read-names.js';
import { readChoice, readCondition, readText, writing } from './values.js';

const TRIGGER: KeyTable = {
  of: 'trigger',
  keys: ['use', 'connection', 'with', 'where'],
  cures: { if: () => 'where', when: () => 'where', filter: () => 'where', options: () => 'with' },
  hint: 'if it is an option of the trigger, write it under "with"',
};
const EVENT_OPTIONS: KeyTable = { of: 'with of the trigger event', keys: ['types', 'from'], cures: { type: () => 'types' } };
const SCHEDULE_OPTIONS: KeyTable = {
  of: 'with of the trigger schedule',
  keys: ['cron', 'timezone', 'missed'],
  cures: { zone: () => 'timezone', tz: () => 'timezone', schedule: () => 'cron', every: () => "cron: '*/5 * * * *'" },
  adds: { cron: { write: "cron: '30 3 * * 1-6'" } },
};
const FLOW_OPTIONS: KeyTable = { of: 'with of the trigger flow', keys: ['input'], cures: { schema: () => 'input' } };

/** Names of other systems for the triggers of the language. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['cron', 'schedule'],
  ['timer', 'schedule'],
  ['events', 'event'],
  ['call', 'flow'],
  ['subflow', 'flow'],
  ['webhook', 'http.endpoint'],
]);

/** The triggers of the language itself, with the schemas of their options. */
export const BUILT_IN_TRIGGERS: readonly (Member & { readonly options: JsonSchema })[] = [
  {
    use: 'event',
    title: 'An event of the bus',
    options: mapSchema({ types: { ...TEXTS, minItems: 1 }, from: { enum: ['new', 'stored'], default: 'new' } }, ['types']),
  },
  {
    use: 'schedule',
    title: 'A time by the clock',
    options: mapSchema({ cron: TEXT, timezone: TEXT, missed: { enum: ['skip', 'run'], default: 'skip' } }, ['cron']),
  },
  { use: 'flow', title: 'A call by another flow', options: mapSchema({ input: VALUES }) },
];

/** Reads `trigger` of a flow. */
export function readTrigger(node: YamlNode | undefined, report: Report): TriggerDraft {
  const fields = node && readFields(node, TRIGGER, report);
  if (!fields) return { kind: 'unknown' };
  const where = readCondition(fields.get('where'), 'where', report);
  return { ...(where && { where }), ...readSource(fields, report) };
}

function readSource(fields: Fields, report: Report): TriggerSourceDraft {
  const unknown = { kind: 'unknown' } as const;
  const useNode = fields.need('use');
  const use = readText(useNode, 'use', report);
  if (use === undefined || useNode?.kind !== 'scalar') return unknown;
  if (use === 'event' || use === 'schedule' || use === 'flow') {
    const connection = fields.entry('connection');
    if (connection)
      report.error(connection.key, 'FLOW_UNKNOWN_KEY', `the trigger ${use} has no connection`, { do: 'delete the line' });
    if (use === 'event') return readEvent(fields, report) ?? unknown;
    return (use === 'schedule' ? readSchedule(fields, useNode, report) : readFlowTrigger(fields, useNode, report)) ?? unknown;
  }
  const parts = splitUse(use);
  if (!parts) {
    const near = OTHER_NAMES.get(use.toLowerCase()) ?? nearest(use, ['event', 'schedule', 'flow']);
    report.error(
      useNode,
      'FLOW_VALUE',
      `"${use}" is neither event, schedule, flow nor <plugin>.<trigger>`,
      near === undefined ? { do: 'write use: event, or for instance use: http.endpoint' } : writing(useNode, 'use', near),
    );
    return unknown;
  }
  const connection = readConnectionName(fields.get('connection'), report);
  const options = readWith(fields.get('with'), report);
  return {
    kind: 'plugin',
    use: useNode,
    plugin: parts.plugin,
    trigger: parts.member,
    ...(connection && { connection }),
    ...(options && { with: options }),
  };
}

function readEvent(fields: Fields, report: Report): TriggerSourceDraft | undefined {
  const options = fields.need('with');
  const given = options && readFields(options, EVENT_OPTIONS, report);
  if (!given) return undefined;
  const from = readChoice(given.get('from'), 'from', ['new', 'stored'], report) ?? 'new';
  const types = given.need('types');
  if (types === undefined) return undefined;
  if (types.kind !== 'list' || types.items.length === 0) {
    const only =
      types.kind === 'scalar' && isEventPattern(String(types.value)) ? `[${scalarText(String(types.value))}]` : undefined;
    const cure = only === undefined ? { write: 'types: [order.created]' } : writing(types, 'types', only, only);
    report.error(types, 'FLOW_VALUE', 'types is a list with at least one event type', cure);
    return undefined;
  }
  const patterns: ScalarNode[] = [];
  for (const item of types.items) {
    const pattern = readText(item, 'an item of types', report);
    if (pattern === undefined || item.kind !== 'scalar') continue;
    if (isEventPattern(pattern)) patterns.push(item);
    else
      report.error(
        item,
        'FLOW_VALUE',
        `"${pattern}" is not a valid event type${lookAlikeNote(pattern)}`,
        patternCure(item, pattern),
      );
  }
  return { kind: 'event', types: patterns, from };
}

function readSchedule(fields: Fields, use: ScalarNode, report: Report): TriggerSourceDraft | undefined {
  const options = fields.need('with');
  const given = options && readFields(options, SCHEDULE_OPTIONS, report);
  if (!given) return undefined;
  const timezone = readTimezone(given.get('timezone'), report);
  const missed = readChoice(given.get('missed'), 'missed', ['skip', 'run'], report) ?? 'skip';
  const cron = readCron(given.need('cron'), report);
  return cron === undefined ? undefined : { kind: 'schedule', use, cron, missed, ...(timezone !== undefined && { timezone }) };
}

function readFlowTrigger(fields: Fields, use: ScalarNode, report: Report): TriggerSourceDraft {
  const options = fields.get('with');
  const given = options && readFields(options, FLOW_OPTIONS, report);
  const input = given?.get('input');
  return { kind: 'flow', use, ...(input && checkInputSchema(input, report) && { input }) };
}

/** Corrects spaces and slashes in place of dots, and a star inside a word. */
function patternCure(item: ScalarNode, pattern: string): Cure {
  const meant = (inLatinLetters(pattern) ?? pattern)
    .trim()
    .replace(/[\s/:]+/g, '.')
    .replace(/([^.])\*/g, '$1.*');
  if (isEventPattern(meant)) return replacing(item, scalarText(meant));
  return { do: 'use words of letters, digits, _ and - joined by dots; * is one word, # any number' };
}
