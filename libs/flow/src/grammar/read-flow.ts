import { inLatinLetters } from '../look-alikes.js';
import { lookAlikeNote } from '../look-alikes.js';
import { nearest } from '../nearest.js';
import type { Report } from '../report.js';
import type { MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';
import type { FlowDraft, TriggerDraft } from './drafts.js';
import { readFields, reportLater, type Fields, type KeyTable } from './fields.js';
import { isEventPattern, splitUse } from './names.js';
import { readDeliver } from './read-deliver.js';
import { checkIdentifier, readConnectionName, readName, readWith } from './read-names.js';
import { readSteps } from './read-steps.js';
import { readChoice, readText } from './values.js';

const FLOW: KeyTable = {
  of: 'a flow',
  keys: ['sluice', 'flow', 'description', 'vars', 'trigger', 'deliver', 'journal', 'steps', 'tests'],
  later: ['catch'],
  adds: {
    sluice: { write: 'sluice: 1' },
    flow: { do: 'add a line with its name, for instance "flow: save-order"' },
    trigger: { do: 'add what starts it, for instance "trigger: { use: event, with: { types: [order.created] } }"' },
    steps: { do: 'add "steps:", and below it "- id: save" with what the step does' },
  },
  cures: {
    on: (value) => `trigger: { use: event, with: { types: [${typeof value === 'string' ? value : 'order.created'}] } }`,
    jobs: () => 'steps',
    name: () => 'flow',
    title: () => 'description',
  },
};

/** Reads one document of a flow file. Returns undefined when the flow has no valid name; all other errors leave a partial draft. */
export function readFlow(root: MapNode, text: string, report: Report): FlowDraft | undefined {
  const before = report.findings.length;
  const fields = readFields(root, FLOW, report);
  if (!fields) return undefined;
  readVersion(fields, report);
  const nameNode = fields.need('flow');
  const name = readName(nameNode, 'flow', report);
  const description = readText(fields.get('description'), 'description', report);
  const vars = readVars(fields.get('vars'), report);
  const trigger = readTrigger(fields.need('trigger'), report);
  const deliver = readDeliver(fields.get('deliver'), report);
  const journal = readChoice(fields.get('journal'), 'journal', ['all', 'changes', 'off'], report) ?? 'changes';
  const steps = readSteps(fields.need('steps'), report);
  const tests = fields.get('tests');
  if (tests !== undefined && tests.kind !== 'list') report.error(tests, 'TEST_SHAPE', 'tests is a list');
  if (name === undefined || nameNode?.kind !== 'scalar') return undefined;
  return {
    report,
    name,
    nameNode,
    text,
    ...(description !== undefined && { description }),
    ...(vars && { vars }),
    trigger,
    deliver,
    journal,
    steps,
    ...(tests?.kind === 'list' && { tests }),
    partial: report.hasErrorsAfter(before),
  };
}

/** Checks `sluice: 1`, the version of the language, in flows and in sluice.yaml. */
export function readVersion(fields: Fields, report: Report): void {
  const node = fields.need('sluice');
  if (node === undefined || (node.kind === 'scalar' && node.value === 1)) return;
  report.error(node, 'FLOW_VALUE', 'this version of the language is unknown', { write: 'sluice: 1' });
}

/** Reads the constants. Their names must be identifiers, because expressions read them. */
export function readVars(node: YamlNode | undefined, report: Report): MapNode | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== 'map') {
    report.error(node, 'FLOW_VALUE', 'vars is a map of values', { do: 'write each constant as name: value' });
    return undefined;
  }
  for (const { name, key } of node.entries) checkIdentifier(name, key, 'a name in vars', report);
  return node;
}

const TRIGGER: KeyTable = {
  of: 'trigger',
  keys: ['use', 'connection', 'with'],
  later: ['where'],
  hint: 'if it is an option of the trigger, write it under "with"',
};
const EVENT_OPTIONS: KeyTable = { of: 'with of the trigger event', keys: ['types', 'from'] };

function readTrigger(node: YamlNode | undefined, report: Report): TriggerDraft {
  const unknown = { kind: 'unknown' } as const;
  const fields = node && readFields(node, TRIGGER, report);
  if (!fields) return unknown;
  const useNode = fields.need('use');
  const use = readText(useNode, 'use', report);
  if (use === undefined || useNode?.kind !== 'scalar') return unknown;
  if (use === 'schedule' || use === 'flow') {
    const instead =
      use === 'schedule'
        ? 'until then write "use: http.endpoint", and let cron (or the scheduled jobs of 1C) call it'
        : 'until then write "use: event", and let the other flow emit it';
    reportLater(useNode, `the trigger "${use}"`, report, instead);
    return unknown;
  }
  if (use === 'event') return readEventTrigger(fields, report) ?? unknown;
  const parts = splitUse(use);
  if (!parts) {
    const near = nearest(use, ['event', 'schedule', 'flow']);
    report.error(
      useNode,
      'FLOW_VALUE',
      `"${use}" is neither event nor <plugin>.<trigger>`,
      near === undefined ? { do: 'write use: event, or for instance use: http.endpoint' } : { write: `use: ${near}` },
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

function readEventTrigger(fields: Fields, report: Report): TriggerDraft | undefined {
  const connection = fields.entry('connection');
  if (connection)
    report.error(connection.key, 'FLOW_UNKNOWN_KEY', 'the trigger event has no connection', { do: 'delete the line' });
  const options = fields.need('with');
  const given = options && readFields(options, EVENT_OPTIONS, report);
  if (!given) return undefined;
  const from = readChoice(given.get('from'), 'from', ['new', 'stored'], report) ?? 'new';
  const types = given.need('types');
  if (types === undefined) return undefined;
  if (types.kind !== 'list' || types.items.length === 0) {
    report.error(types, 'FLOW_VALUE', 'types is a list with at least one event type', { write: 'types: [order.created]' });
    return undefined;
  }
  const patterns: ScalarNode[] = [];
  for (const item of types.items) {
    const pattern = readText(item, 'an item of types', report);
    if (pattern === undefined || item.kind !== 'scalar') continue;
    if (isEventPattern(pattern)) patterns.push(item);
    else
      report.error(item, 'FLOW_VALUE', `"${pattern}" is not a valid event type${lookAlikeNote(pattern)}`, patternCure(pattern));
  }
  return { kind: 'event', types: patterns, from };
}

/** Corrects spaces and slashes in place of dots, and a star inside a word. */
function patternCure(pattern: string): { write?: string; do?: string } {
  const meant = (inLatinLetters(pattern) ?? pattern)
    .trim()
    .replace(/[\s/:]+/g, '.')
    .replace(/([^.])\*/g, '$1.*');
  if (isEventPattern(meant)) return { write: /[*#]/.test(meant) ? `'${meant}'` : meant };
  return { do: 'use words of letters, digits, _ and - joined by dots; * is one word, # any number' };
}
