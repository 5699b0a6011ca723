import { isEventType } from '@sluice/plugin-api';
import { opensExpression } from '../expression/index.js';
import { lookAlikeNote } from '../look-alikes.js';
import { PRIORITIES } from '../model.js';
import { nearest } from '../nearest.js';
import type { Report } from '../report.js';
import type { MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';
import { firstUnit } from '../yaml/source-text.js';
import type { OnErrorDraft, StepDraft, StepDraftCommon, SwitchDraft, UnknownDraft } from './drafts.js';
import { readFields, type Fields, type KeyTable } from './fields.js';
import { splitUse } from './names.js';
import { checkIdentifier, readConnectionName, readWith } from './read-names.js';
import { readChoice, readCondition, readDuration, readTemplateText, readText } from './values.js';

const VERBS = ['use', 'set', 'switch', 'emit', 'reply', 'stop'] as const;
const LATER_VERBS: readonly string[] = ['parallel', 'forEach', 'try', 'call', 'raise'];
const USE_ONLY = ['connection', 'with', 'timeout', 'priority', 'onError'] as const;

const STEP: KeyTable = {
  of: 'a step',
  keys: ['id', 'if', ...VERBS, ...USE_ONLY],
  later: [...LATER_VERBS, 'retry', 'cache'],
  instead: {
    forEach: 'until then let the remote system take the whole list in one call, or emit one event for each item from outside',
    parallel: 'until then write the steps one after the other, or emit an event that several flows take',
    try: 'until then write "onError" in the step that may fail',
    call: 'until then emit an event that the other flow takes',
    raise: 'until then reply with a status, or stop with a reason',
    retry: 'until then write "retry" under "deliver" of the flow: it holds for all steps',
  },
  cures: { name: () => 'id', when: () => 'if', uses: () => 'use', retries: () => 'deliver: { retry: … } of the flow' },
  hint: 'if it is an option of the action, write it under "with"',
};
const SWITCH: KeyTable = { of: 'switch', keys: ['cases', 'otherwise'] };
const CASE: KeyTable = { of: 'a case', keys: ['when', 'steps'] };
const EMIT: KeyTable = {
  of: 'emit',
  keys: ['type', 'data', 'subject', 'correlationid', 'partitionkey', 'datacontenttype'],
  later: ['after'],
};
const REPLY: KeyTable = { of: 'reply', keys: ['data', 'status', 'headers'] };
const STOP: KeyTable = { of: 'stop', keys: ['reason'] };
const ON_ERROR: KeyTable = { of: 'an entry of onError', keys: ['when', 'output'] };

/** Reads the steps of a flow. */
export function readSteps(node: YamlNode | undefined, report: Report): StepDraft[] {
  if (node?.kind === 'list' && node.items.length === 0)
    report.error(node, 'FLOW_VALUE', 'a flow has at least one step', {
      do: 'write one: "- id: save", and below it what it does',
    });
  return new StepReader(report).readList(node, 'steps');
}

/** Reads lists of steps, and remembers the ids, because they must be unique in the whole flow. */
class StepReader {
  private readonly ids = new Set<string>();

  constructor(private readonly report: Report) {}

  readList(node: YamlNode | undefined, key: string): StepDraft[] {
    if (node === undefined) return [];
    if (node.kind !== 'list') {
      if (!(node.kind === 'scalar' && node.empty))
        this.report.error(node, 'FLOW_VALUE', `${key} is a list of steps`, { write: `- id: ${firstId(node)}` });
      return [];
    }
    return node.items.map((item) => this.readStep(item)).filter((step) => step !== undefined);
  }

  private readStep(node: YamlNode): StepDraft | undefined {
    if (this.isNamedByKey(node)) return undefined;
    const fields = readFields(node, STEP, this.report);
    if (!fields) return undefined;
    const idNode = fields.need('id');
    const id = this.readId(idNode);
    const condition = readCondition(fields.get('if'), 'if', this.report);
    const common: StepDraftCommon = {
      id: id ?? '',
      idNode: idNode?.kind === 'scalar' ? idNode : { kind: 'scalar', value: '', style: 'plain', ...firstUnit(node) },
      ...(condition && { if: condition }),
    };
    const verb = this.readVerb(fields);
    return (verb && this.readBody(verb, fields, common)) ?? this.unknown(fields.node, common);
  }

  /** Reports `- save: { use: … }`: other systems name steps by a key. */
  private isNamedByKey(node: YamlNode): boolean {
    const [only, ...others] = node.kind === 'map' ? node.entries : [];
    if (!only || others.length > 0 || only.value.kind !== 'map' || isWord(only.name)) return false;
    if (!only.value.entries.some(({ name }) => isWord(name))) return false;
    this.report.error(only.key, 'FLOW_VALUE', `a step is not named by a key, but by its id`, {
      do: `write "- id: ${only.name}", and the other keys below it, in the column of "id"`,
    });
    return true;
  }

  private readId(node: YamlNode | undefined): string | undefined {
    const id = readText(node, 'id', this.report);
    if (id === undefined || node?.kind !== 'scalar' || !checkIdentifier(id, node, 'the id of a step', this.report))
      return undefined;
    if (this.ids.has(id))
      this.report.error(node, 'FLOW_DUPLICATE', `two steps of this flow are called "${id}"`, { do: 'rename one of them' });
    this.ids.add(id);
    return id;
  }

  private readVerb(fields: Fields): (typeof VERBS)[number] | undefined {
    const given = fields.node.entries.filter(({ name }) => LATER_VERBS.includes(name) || VERBS.some((verb) => verb === name));
    const [first, second] = given;
    if (first === undefined) {
      const meant = fields.node.entries.map(({ name }) => nearest(name, VERBS)).find((name) => name !== undefined);
      this.report.error(
        firstUnit(fields.node),
        'FLOW_VERB',
        `this step does nothing: it needs one of ${VERBS.join(', ')}`,
        meant === undefined ? { do: 'add a verb, for instance use: onec-http.call' } : { write: meant },
      );
      return undefined;
    }
    if (second !== undefined) {
      this.report.error(second.key, 'FLOW_VERB', `a step does one thing: ${first.name} or ${second.name}`, {
        do: 'make two steps of it',
      });
      return undefined;
    }
    if (LATER_VERBS.includes(first.name)) return undefined;
    const verb = VERBS.find((name) => name === first.name);
    if (verb !== 'use') {
      for (const { name, key } of fields.node.entries) {
        if (!USE_ONLY.some((modifier) => modifier === name)) continue;
        this.report.error(key, 'FLOW_UNKNOWN_KEY', `"${name}" goes with use, not with ${first.name}`, { do: 'delete it' });
      }
    }
    return verb;
  }

  private readBody(verb: (typeof VERBS)[number], fields: Fields, common: StepDraftCommon): StepDraft | undefined {
    const value = fields.get(verb);
    switch (verb) {
      case 'use':
        return this.readUse(value, fields, common);
      case 'set':
        return value && { ...common, verb, value };
      case 'switch':
        return value && this.readSwitch(value, common);
      case 'emit':
        return value && this.readEmit(value, common);
      case 'reply':
        return value && this.readReply(value, common);
      case 'stop':
        return this.readStop(value, common);
    }
  }

  private readUse(node: YamlNode | undefined, fields: Fields, common: StepDraftCommon): StepDraft | undefined {
    const { report } = this;
    const use = readText(node, 'use', report);
    const connection = readConnectionName(fields.get('connection'), report);
    const input = readWith(fields.get('with'), report);
    const timeoutMs = readDuration(fields.get('timeout'), 'timeout', report);
    const priority = readChoice(fields.get('priority'), 'priority', PRIORITIES, report) ?? 'normal';
    const onError = this.readOnError(fields.get('onError'));
    if (use === undefined || node?.kind !== 'scalar') return undefined;
    const parts = splitUse(use);
    if (!parts) {
      report.error(node, 'FLOW_VALUE', `"${use}" is not <plugin>.<action>${lookAlikeNote(use)}`, {
        do: 'write for instance use: onec-http.call',
      });
      return undefined;
    }
    return {
      ...common,
      verb: 'use',
      use: node,
      plugin: parts.plugin,
      action: parts.member,
      ...(connection && { connection }),
      ...(input && { with: input }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      priority,
      onError,
    };
  }

  private readOnError(node: YamlNode | undefined): OnErrorDraft[] {
    if (node === undefined) return [];
    if (node.kind !== 'list') {
      this.report.error(node, 'FLOW_VALUE', 'onError is a list of entries with output and, if needed, when', {
        write: 'onError: [{ output: … }]',
      });
      return [];
    }
    const entries: OnErrorDraft[] = [];
    for (const item of node.items) {
      const fields = readFields(item, ON_ERROR, this.report);
      if (!fields) continue;
      const when = readCondition(fields.get('when'), 'when', this.report);
      const output = fields.need('output');
      if (output) entries.push({ ...(when && { when }), output });
    }
    return entries;
  }

  private readSwitch(node: YamlNode, common: StepDraftCommon): SwitchDraft | undefined {
    const fields = readFields(node, SWITCH, this.report);
    if (!fields) return undefined;
    const cases: SwitchDraft['cases'][number][] = [];
    const list = fields.need('cases');
    if (list !== undefined && (list.kind !== 'list' || list.items.length === 0)) {
      this.report.error(list, 'FLOW_VALUE', 'cases is a list with at least one case', {
        write: 'cases: [{ when: …, steps: […] }]',
      });
    }
    for (const item of list?.kind === 'list' ? list.items : []) {
      const one = readFields(item, CASE, this.report);
      if (!one) continue;
      const when = readCondition(one.need('when'), 'when', this.report);
      const steps = this.readList(one.need('steps'), 'steps');
      if (when) cases.push({ when, steps });
    }
    if (!fields.has('otherwise')) {
      this.report.error(firstUnit(node), 'FLOW_VALUE', 'switch needs "otherwise"', {
        write: 'otherwise: []  (do nothing in all other cases)',
      });
    }
    return { ...common, verb: 'switch', cases, otherwise: this.readList(fields.get('otherwise'), 'otherwise') };
  }

  private readEmit(node: YamlNode, common: StepDraftCommon): StepDraft | undefined {
    const fields = readFields(node, EMIT, this.report);
    if (!fields) return undefined;
    const type = readTemplateText(fields.need('type'), 'type', this.report);
    if (type && !opensExpression(type.value) && !isEventType(String(type.value))) {
      this.report.error(type, 'FLOW_VALUE', `"${type.value}" is not a valid event type${lookAlikeNote(String(type.value))}`, {
        do: 'use words of letters, digits, _ and - joined by dots',
      });
    }
    const data = fields.get('data');
    const texts: Partial<Record<'subject' | 'correlationid' | 'partitionkey' | 'datacontenttype', ScalarNode>> = {};
    for (const name of ['subject', 'correlationid', 'partitionkey', 'datacontenttype'] as const) {
      const text = readTemplateText(fields.get(name), name, this.report);
      if (text) texts[name] = text;
    }
    return type && { ...common, verb: 'emit', type, ...(data && { data }), ...texts };
  }

  private readReply(node: YamlNode, common: StepDraftCommon): StepDraft | undefined {
    const fields = readFields(node, REPLY, this.report);
    if (!fields) return undefined;
    const status = fields.get('status');
    const headers = fields.get('headers');
    const data = fields.get('data');
    if (status && !isStatus(status))
      this.report.error(status, 'FLOW_VALUE', 'status is a whole number from 200 to 599', { write: 'status: 200' });
    if (headers && headers.kind !== 'map')
      this.report.error(headers, 'FLOW_VALUE', 'headers is a map of texts', { write: 'headers: { name: value }' });
    return {
      ...common,
      verb: 'reply',
      ...(status?.kind === 'scalar' && { status }),
      ...(headers?.kind === 'map' && { headers }),
      ...(data && { data }),
    };
  }

  private readStop(node: YamlNode | undefined, common: StepDraftCommon): StepDraft {
    const fields = node && readFields(node, STOP, this.report);
    const reason = readTemplateText(fields?.get('reason'), 'reason', this.report);
    return { ...common, verb: 'stop', ...(reason && { reason }) };
  }

  private unknown(node: MapNode, common: StepDraftCommon): UnknownDraft {
    const inner = [...idsBelow(node)].filter((id) => id !== common.id);
    for (const id of inner) this.ids.add(id);
    return { ...common, verb: 'unknown', inner };
  }
}

/** Tells whether the name is a key of steps, of this or a later release. */
function isWord(name: string): boolean {
  return STEP.keys.includes(name) || LATER_VERBS.includes(name);
}

/** Returns the id of the first step, when the steps are written as a map or without a dash. */
function firstId(node: YamlNode): string {
  const first = node.kind === 'map' ? node.entries[0] : undefined;
  if (first === undefined) return 'save';
  return first.name === 'id' && first.value.kind === 'scalar' ? String(first.value.value) : first.name;
}

function isStatus(node: YamlNode): boolean {
  if (node.kind !== 'scalar') return false;
  if (typeof node.value === 'string') return opensExpression(node.value);
  return typeof node.value === 'number' && Number.isInteger(node.value) && node.value >= 200 && node.value <= 599;
}

/** Yields the ids of the steps inside of a step that this release cannot read. */
function* idsBelow(node: YamlNode): Generator<string> {
  if (node.kind === 'list') for (const item of node.items) yield* idsBelow(item);
  if (node.kind !== 'map') return;
  for (const { name, value } of node.entries) {
    if (name === 'id' && value.kind === 'scalar' && typeof value.value === 'string') yield value.value;
    else yield* idsBelow(value);
  }
}
