import { nearest } from '../nearest.js';
import type { Report } from '../report.js';
import {
  goesWith,
  readVerb,
  VERB_NAMES,
  type StepDraft,
  type StepDraftCommon,
  type Surroundings,
  type UnknownDraft,
  type VerbName,
} from '../verbs/index.js';
import { STEP_KEYS, type StepKey } from '../verbs/step-keys.js';
import type { MapNode, YamlNode } from '../yaml/nodes.js';
import { firstUnit } from '../yaml/source-text.js';
import { readFields, type Fields, type KeyTable } from './fields.js';
import { checkIdentifier } from './read-names.js';
import { readCondition, readText } from './values.js';

const LATER_VERBS: readonly string[] = ['parallel'];
const KEYS = Object.keys(STEP_KEYS) as readonly StepKey[];

const STEP: KeyTable = {
  of: 'a step',
  keys: ['id', 'if', ...VERB_NAMES, ...KEYS],
  later: [...LATER_VERBS, 'cache'],
  instead: {
    parallel: 'until then write the steps one after the other, or emit an event that several flows take',
    cache: 'until then call it each time, or keep what seldom changes in "vars" of sluice.yaml',
  },
  cures: {
    name: () => 'id',
    when: () => 'if',
    uses: () => 'use',
    retries: (value) => `retry: { attempts: ${typeof value === 'number' ? value : 5} }`,
    each: () => 'forEach',
    for_each: () => 'forEach',
    'for-each': () => 'forEach',
    for: () => 'forEach',
    loop: () => 'forEach',
    items: () => 'forEach: { in: …, steps: […] }',
    with_items: () => 'forEach: { in: …, steps: […] }',
    while: () => 'forEach: { in: …, steps: […] }',
    choice: () => 'switch',
    choose: () => 'switch',
    catch: () => 'try: { steps: […], catch: […] }',
    rescue: () => 'try: { steps: […], catch: […] }',
    throw: () => 'raise',
    fail: () => 'raise',
    error: () => 'raise',
    abort: () => 'raise',
    exit: () => 'stop',
    return: () => 'stop',
    subflow: () => 'call',
    subworkflow: () => 'call',
    workflow: () => 'call',
    flow: (value) => `call: { flow: ${typeof value === 'string' ? value : '…'} }`,
    publish: () => 'emit',
    respond: () => 'reply',
  },
  advice: {
    finally: 'write the steps after the "try": its "catch" ends with them too, unless it raises an error',
    concurrency: 'write it under "forEach", or under "deliver" of the flow',
    as: 'write it under "forEach"',
    in: 'write it under "forEach"',
    output: 'write it under "forEach", or as an entry of "onError"',
    else: 'write a "switch" with "otherwise"',
    log: 'write nothing: the journal keeps each call; for a value that people search by, write "note" of the flow',
    delay: 'write "after" of "emit": a flow that takes the event goes on later',
    wait: 'write "after" of "emit": a flow that takes the event goes on later',
  },
  hint: 'if it is an option of the action, write it under "with"',
};

/** Maximum blocks around a step. */
const MAX_DEPTH = 32;

/** Reads `steps` and `catch` of a flow. */
export function readFlowSteps(
  fields: Fields,
  report: Report,
): { readonly steps: StepDraft[]; readonly catch?: readonly StepDraft[] } {
  const reader = new StepReader(report);
  const around: Surroundings = { depth: 0, inCatch: false, items: [] };
  const stepsNode = fields.need('steps');
  needStep(stepsNode, 'a flow has at least one step', report);
  const steps = reader.readList(stepsNode, 'steps', around);
  const catchNode = fields.get('catch');
  if (catchNode === undefined) return { steps };
  needStep(catchNode, 'catch has at least one step', report);
  return { steps, catch: reader.readList(catchNode, 'catch', { ...around, inCatch: true }) };
}

function needStep(node: YamlNode | undefined, message: string, report: Report): void {
  if (node?.kind === 'list' && node.items.length === 0)
    report.error(node, 'FLOW_VALUE', message, { do: 'write one: "- id: save", and below it what it does' });
}

/** Reads lists of steps, and remembers the ids, because they must be unique in the whole flow. */
class StepReader {
  private readonly ids = new Set<string>();

  constructor(private readonly report: Report) {}

  readList(node: YamlNode | undefined, key: string, around: Surroundings): StepDraft[] {
    if (node === undefined) return [];
    if (node.kind !== 'list') {
      if (!(node.kind === 'scalar' && node.empty))
        this.report.error(node, 'FLOW_VALUE', `${key} is a list of steps`, { write: `- id: ${firstId(node)}` });
      return [];
    }
    if (around.depth > MAX_DEPTH) {
      if (node.items.length > 0)
        this.report.error(firstUnit(node), 'FLOW_VALUE', `blocks nest at most ${MAX_DEPTH} deep`, {
          do: 'write the inner steps as a flow of their own, and call it',
        });
      return [];
    }
    return node.items.map((item) => this.readStep(item, around)).filter((step) => step !== undefined);
  }

  private readStep(node: YamlNode, around: Surroundings): StepDraft | undefined {
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
    return (verb && this.readBody(verb, fields, common, around)) ?? this.unknown(fields.node, common);
  }

  private readBody(verb: VerbName, fields: Fields, common: StepDraftCommon, around: Surroundings): StepDraft | undefined {
    return readVerb(verb, fields.get(verb), {
      fields,
      common,
      report: this.report,
      around,
      readSteps: (node, key, inside = {}) =>
        this.readList(node, key, {
          depth: around.depth + 1,
          inCatch: inside.inCatch ?? around.inCatch,
          items: [...around.items, ...(inside.items ?? [])],
        }),
    });
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

  /** Returns the verb of a step; undefined when it has none, two, or one of a later release. */
  private readVerb(fields: Fields): VerbName | undefined {
    const given = fields.node.entries.filter(
      ({ name }) => LATER_VERBS.includes(name) || VERB_NAMES.some((verb) => verb === name),
    );
    const [first, second] = given;
    if (first === undefined) {
      const meant = fields.node.entries.map(({ name }) => nearest(name, VERB_NAMES)).find((name) => name !== undefined);
      this.report.error(
        firstUnit(fields.node),
        'FLOW_VERB',
        `this step does nothing: it needs one of ${VERB_NAMES.join(', ')}`,
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
    const verb = VERB_NAMES.find((name) => name === first.name);
    if (verb !== undefined) this.refuseKeysOfOthers(fields, verb);
    return verb;
  }

  private refuseKeysOfOthers(fields: Fields, verb: VerbName): void {
    for (const { name, key } of fields.node.entries) {
      const stepKey = KEYS.find((one) => one === name);
      if (stepKey === undefined || goesWith(stepKey, verb)) continue;
      const verbs = VERB_NAMES.filter((one) => goesWith(stepKey, one));
      this.report.error(key, 'FLOW_UNKNOWN_KEY', `"${name}" goes with ${listed(verbs)}, not with ${verb}`, { do: 'delete it' });
    }
  }

  private unknown(node: MapNode, common: StepDraftCommon): UnknownDraft {
    const inner = [...idsBelow(node)].filter((id) => id !== common.id);
    for (const id of inner) this.ids.add(id);
    return { ...common, verb: 'unknown', inner };
  }
}

/** Returns whether the name is a key of steps, of this or a later release. */
function isWord(name: string): boolean {
  return STEP.keys.includes(name) || LATER_VERBS.includes(name);
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Returns the id of the first step, when the steps are written as a map or without a dash. */
function firstId(node: YamlNode): string {
  const first = node.kind === 'map' ? node.entries[0] : undefined;
  if (first === undefined) return 'save';
  return first.name === 'id' && first.value.kind === 'scalar' ? String(first.value.value) : first.name;
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
