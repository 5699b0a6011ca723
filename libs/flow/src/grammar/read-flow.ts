import { opensExpression } from '../expression/index.js';
import { JOURNAL_MODES, MAX_NOTE_LENGTH } from '../model.js';
import type { Cure, Report } from '../report.js';
import type { MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';
import type { FlowDraft } from './drafts.js';
import { readFields, type Fields, type KeyTable } from './fields.js';
import { readDeliver } from './read-deliver.js';
import { checkIdentifier, readName } from './read-names.js';
import { readFlowSteps } from './read-steps.js';
import { readTrigger } from './read-trigger.js';
import { readChoice, readTemplateText, readText, writing } from './values.js';

/** The cure of `tests` that are not a list. */
export const TESTS_CURE: Cure = { do: 'write a line with "- name: …" for each test, and below it its trigger and expect' };

const FLOW: KeyTable = {
  of: 'a flow',
  keys: ['sluice', 'flow', 'description', 'vars', 'trigger', 'deliver', 'journal', 'note', 'steps', 'catch', 'tests'],
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
    schedule: (value) => `trigger: { use: schedule, with: { cron: '${typeof value === 'string' ? value : '30 3 * * 1-6'}' } }`,
    cron: (value) => `trigger: { use: schedule, with: { cron: '${typeof value === 'string' ? value : '30 3 * * 1-6'}' } }`,
    onError: () => 'catch',
    onFailure: () => 'catch',
    finally: () => 'catch',
    errors: () => 'catch',
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
  const journal = readChoice(fields.get('journal'), 'journal', JOURNAL_MODES, report) ?? 'changes';
  const note = readNote(fields.get('note'), report);
  const steps = readFlowSteps(fields, report);
  const tests = fields.get('tests');
  if (tests !== undefined && tests.kind !== 'list') report.error(tests, 'TEST_SHAPE', 'tests is a list', TESTS_CURE);
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
    ...(note && { note }),
    ...steps,
    ...(tests?.kind === 'list' && { tests }),
    partial: report.hasErrorsAfter(before),
  };
}

/** Reads the text by which people find the runs of a flow. */
function readNote(node: YamlNode | undefined, report: Report): ScalarNode | undefined {
  const note = readTemplateText(node, 'note', report);
  const text = String(note?.value);
  if (note && !opensExpression(text) && text.length > MAX_NOTE_LENGTH)
    report.error(note, 'FLOW_VALUE', `note has at most ${MAX_NOTE_LENGTH} characters`, { do: 'shorten it' });
  return note;
}

/** Checks `sluice: 1`, the version of the language, in flows and in sluice.yaml. */
export function readVersion(fields: Fields, report: Report): void {
  const node = fields.need('sluice');
  if (node === undefined || (node.kind === 'scalar' && node.value === 1)) return;
  const cure = node.kind === 'scalar' && Number(node.value) === 1 ? writing(node, 'sluice', '1', '1') : { write: 'sluice: 1' };
  report.error(node, 'FLOW_VALUE', 'this version of the language is unknown', cure);
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
