import { parseDuration, typeMatches, type AnyPlugin } from '@sluice/plugin-api';
import type { z } from 'zod';
import { actionOf, triggerOf } from '../contracts.js';
import { checkSchema } from '../compile/schema-check.js';
import type { TestSuite } from '../compile/test-files.js';
import { readInstant } from '../expression/index.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { inputSchema } from '../grammar/input-schema.js';
import { readCondition } from '../grammar/values.js';
import { EVENT_ATTRIBUTES, FATES, TEST_OUTCOMES } from '../flow-tests.js';
import { namesListed, nearest } from '../nearest.js';
import { replacing, type Cure } from '../report.js';
import { textsOf } from '../texts.js';
import { stepsOf, type StepDraft } from '../verbs/index.js';
import { entryOf, type MapEntry, type MapNode, type YamlNode } from '../yaml/nodes.js';
import { quoted, scalarText, sourceOf } from '../yaml/spell.js';
import { firstUnit } from '../yaml/source-text.js';
import { ExpressionCheck } from './expressions.js';

const isFate = oneOf(FATES);
const isOutcome = oneOf(TEST_OUTCOMES);
const EVENT_KEYS = [...EVENT_ATTRIBUTES, 'data', 'meta'];
const TEST_KEYS = ['name', 'now', 'env', 'trigger', 'triggers', 'mocks', 'expect'];

/**
 * Checks the structure of a flow's tests, and their samples against the schemas of the plugins. Does not run the tests.
 *
 * @param seen see {@link ExpressionCheck}
 */
export function checkTests(
  flow: FlowDraft,
  suites: readonly TestSuite[],
  plugins: ReadonlyMap<string, AnyPlugin>,
  seen?: ConstructorParameters<typeof ExpressionCheck>[2],
): void {
  const known = knownParts(flow, plugins);
  for (const suite of suites) {
    const expressions = new ExpressionCheck(textsOf(suite.report.source), suite.report, seen);
    const checker = new TestChecker(flow, known, suite, expressions);
    for (const test of suite.tests) if (!suite.report.full) checker.check(test);
  }
}

/** The parts of a flow that its tests name. */
interface KnownParts {
  readonly steps: ReadonlyMap<string, StepDraft>;
  /** Steps inside of a step that this release cannot read. */
  readonly hidden: ReadonlySet<string>;
  /** Schemas of the event; absent when it may be any. */
  readonly data: z.ZodType | undefined;
  readonly meta: z.ZodType | undefined;
  /** Patterns of the types that the flow takes; absent when the plugin chooses the type. */
  readonly types: readonly string[] | undefined;
  /** Returns the schema of a step's answer. */
  readonly outputOf: (step: StepDraft | undefined) => z.ZodType | undefined;
}

function knownParts(flow: FlowDraft, plugins: ReadonlyMap<string, AnyPlugin>): KnownParts {
  const steps = [...stepsOf(flow)];
  const { trigger } = flow;
  const source = trigger.kind === 'plugin' ? triggerOf(plugins.get(trigger.plugin), trigger.trigger) : undefined;
  return {
    steps: new Map(steps.map((step) => [step.id, step])),
    hidden: new Set(steps.flatMap((step) => (step.verb === 'unknown' ? step.inner : []))),
    data: trigger.kind === 'flow' && trigger.input ? inputSchema(trigger.input) : source?.output,
    meta: source?.meta,
    types: trigger.kind === 'event' ? trigger.types.map(({ value }) => String(value)) : undefined,
    outputOf: (step) => (step?.verb === 'use' ? actionOf(plugins.get(step.plugin), step.action)?.output : undefined),
  };
}

/** Checks the tests of one flow in one file. */
class TestChecker {
  constructor(
    private readonly flow: FlowDraft,
    private readonly known: KnownParts,
    private readonly suite: TestSuite,
    private readonly expressions: ExpressionCheck,
  ) {}

  check(node: YamlNode): void {
    const test = this.map(node, 'a test', TEST_KEYS);
    if (!test) return;
    this.text(entryOf(test, 'name')?.value, 'name');
    this.instant(entryOf(test, 'now')?.value);
    this.textsOf(entryOf(test, 'env')?.value, 'env');
    const trigger = entryOf(test, 'trigger')?.value;
    const triggers = entryOf(test, 'triggers');
    if (trigger) this.event(trigger, 'trigger of a test', EVENT_KEYS);
    if (triggers) this.events(triggers, trigger !== undefined);
    for (const mock of this.entries(entryOf(test, 'mocks')?.value, 'mocks')) this.mocksOf(mock);
    const expect = entryOf(test, 'expect')?.value;
    if (expect) this.expect(expect, triggers !== undefined);
    if (!expect || (expect.kind === 'map' && expect.entries.length === 0))
      this.suite.report.warning(firstUnit(test), 'TEST_EMPTY', 'this test expects nothing, so it always fails', {
        do: 'add "expect:", for instance expect: { outcome: done }',
      });
  }

  private events({ key, value: list }: MapEntry, hasTrigger: boolean): void {
    if (hasTrigger)
      this.suite.report.error(key, 'TEST_SHAPE', 'a test has either "trigger" or "triggers"', {
        do: 'move the event of "trigger" into the list of "triggers"',
      });
    if (list.kind !== 'list' || list.items.length === 0)
      return this.refuse(list, 'triggers is a list of events, each with its time', {
        do: 'write for instance triggers: [{ at: 5s, data: { number: A-1 } }]; for one event write trigger',
      });
    for (const node of list.items) {
      this.event(node, 'an event of triggers', ['at', ...EVENT_KEYS]);
      this.duration(entryOf(node, 'at')?.value, 'at');
    }
  }

  private event(node: YamlNode, of: string, keys: readonly string[]): void {
    // `batch` belongs to deliver.batch of a later release, which is reported at its own place.
    const event = this.map(node, of, this.flow.partial ? [...keys, 'batch'] : keys);
    for (const name of EVENT_ATTRIBUTES) this.text(entryOf(event, name)?.value, name);
    const { known } = this;
    const data = entryOf(event, 'data')?.value;
    if (data && known.data) this.sample(data, known.data, 'data');
    const meta = entryOf(event, 'meta')?.value;
    if (meta && known.meta) this.sample(meta, known.meta, 'meta');
    const type = entryOf(event, 'type')?.value;
    if (!known.types || type?.kind !== 'scalar' || typeof type.value !== 'string') return;
    const { value } = type;
    if (!known.types.some((pattern) => typeMatches(pattern, value)))
      this.refuse(
        type,
        `the flow takes no event of the type "${value}", only ${known.types.join(', ')}`,
        nearestOf(type, known.types),
      );
  }

  private mocksOf(entry: MapEntry): void {
    if (!this.makesCall(entry, 'has no mock')) return;
    const step = this.known.steps.get(entry.name);
    for (const node of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
      const mock = this.map(node, 'a mock', ['output', 'error', 'when', 'times', 'after']);
      if (!mock) continue;
      const output = entryOf(mock, 'output');
      const error = entryOf(mock, 'error');
      if ((output === undefined) === (error === undefined))
        this.refuse(mock, 'a mock has either "output" or "error"', {
          do: output ? 'delete one of the two' : 'add what the call returns: output: {}',
        });
      if (error) this.error(error.value);
      const schema = this.known.outputOf(step);
      if (output && schema) this.sample(output.value, schema, 'output');
      const when = entryOf(mock, 'when')?.value;
      this.expressions.condition(readCondition(when, 'when', this.suite.report), { others: ['with'] });
      const times = entryOf(mock, 'times')?.value;
      if (times && !(times.kind === 'scalar' && Number.isInteger(times.value) && Number(times.value) > 0))
        this.refuse(times, 'times is a whole number from 1', { do: 'write the number of calls that the mock answers' });
      this.duration(entryOf(mock, 'after')?.value, 'after');
    }
  }

  private error(node: YamlNode): void {
    if (node.kind === 'scalar') {
      if (!isFate(node)) this.refuse(node, `error is a fate (${FATES.join(', ')}) or a map`, nearestOf(node, FATES));
      return;
    }
    const error = this.map(node, 'error of a mock', ['code', 'fate', 'message', 'details']);
    for (const name of ['code', 'message']) this.text(entryOf(error, name)?.value, name);
    const fate = entryOf(error, 'fate')?.value;
    if (fate && !isFate(fate)) this.refuse(fate, `fate is one of ${FATES.join(', ')}`, nearestOf(fate, FATES));
  }

  /** @param several true when the test has a list of events: then some expectations may be lists, one entry for each event */
  private expect(node: YamlNode, several: boolean): void {
    const expect = this.map(node, 'expect', ['outcome', 'calls', 'events', 'reply', 'error', 'steps', 'took', 'that']);
    if (!expect) return;
    const each = (name: string) => {
      const value = entryOf(expect, name)?.value;
      if (value?.kind !== 'list') return value ? [value] : [];
      if (!several)
        this.refuse(value, `a list of ${name} has one entry for each event of "triggers", which this test has not`, {
          do: `write one value, or a list of events in "triggers"`,
        });
      return value.items;
    };
    for (const outcome of each('outcome'))
      if (!isOutcome(outcome))
        this.refuse(outcome, `outcome is one of ${TEST_OUTCOMES.join(', ')}`, nearestOf(outcome, TEST_OUTCOMES));
    for (const call of this.entries(entryOf(expect, 'calls')?.value, 'calls')) {
      if (this.makesCall(call, 'makes no call') && call.value.kind === 'scalar')
        this.refuse(call.value, 'expected calls are a map (one call) or a list (these calls)', {
          do: `write the input of the call: ${call.name}: { … }; without a call: ${call.name}: []`,
        });
    }
    for (const steps of each('steps')) for (const step of this.entries(steps, 'steps')) this.stepExists(step);
    const events = entryOf(expect, 'events')?.value;
    if (events && events.kind !== 'list')
      this.refuse(events, 'events is a list: exactly these, in order', {
        do: 'write a line with "- type: …" for each event; without events: []',
      });
    for (const name of ['reply', 'error']) for (const one of each(name)) this.entries(one, name);
    this.duration(entryOf(expect, 'took')?.value, 'took');
    const that = entryOf(expect, 'that')?.value;
    if (that && that.kind !== 'list')
      this.refuse(that, 'that is a list of conditions', { do: `write a line for each: - '\${{ outcome = "done" }}'` });
    for (const node of that?.kind === 'list' ? that.items : []) {
      const condition = readCondition(node, 'an entry of that', this.suite.report);
      this.expressions.condition(condition, { others: ['outcome', 'calls', 'events', 'reply', 'steps', 'error'] });
    }
  }

  /** @param otherwise what is said about a step of another verb */
  private makesCall(entry: MapEntry, otherwise: string): boolean {
    if (!this.stepExists(entry)) return false;
    const verb = this.known.steps.get(entry.name)?.verb;
    if (verb === undefined || verb === 'unknown' || verb === 'use' || verb === 'call') return true;
    this.suite.report.error(entry.key, 'TEST_SHAPE', `step "${entry.name}" ${otherwise}: it is a "${verb}"`, {
      do: 'name a step with "use" or "call"; for its result write expect: { steps: … }',
    });
    return false;
  }

  private stepExists({ name, key }: MapEntry): boolean {
    const { steps, hidden } = this.known;
    if (steps.has(name) || hidden.has(name)) return true;
    const near = nearest(name, steps.keys());
    this.suite.report.error(
      key,
      'REF_STEP',
      `no step is called "${name}"`,
      near === undefined ? { do: namesListed('steps', steps.keys()) } : replacing(key, near),
    );
    return false;
  }

  private map(node: YamlNode, of: string, keys: readonly string[]): MapNode | undefined {
    if (node.kind !== 'map') {
      this.refuse(node, `${of} is a map`, { do: `keys of ${of}: ${keys.join(', ')}` });
      return undefined;
    }
    for (const { name, key } of node.entries) if (!keys.includes(name)) this.unknownKey(key, name, of, keys);
    return node;
  }

  private unknownKey(at: YamlNode, name: string, of: string, keys: readonly string[]): void {
    const near = nearest(name, keys);
    const cure = near === undefined ? { do: `keys of ${of}: ${keys.join(', ')}` } : replacing(at, near);
    this.suite.report.error(at, 'TEST_SHAPE', `"${name}" is not a key of ${of}`, cure);
  }

  private entries(node: YamlNode | undefined, key: string): readonly MapEntry[] {
    if (node === undefined) return [];
    if (node.kind === 'map') return node.entries;
    this.refuse(node, `${key} is a map`, { do: ENTRIES[key] ?? 'write its keys, each with a value' });
    return [];
  }

  private text(node: YamlNode | undefined, key: string): void {
    if (node && !(node.kind === 'scalar' && typeof node.value === 'string'))
      this.refuse(node, `${key} is a text`, this.textCure(node));
  }

  /** Returns the cure of a number or another value in place of a text: the value as it stands in the file, in quotes. */
  private textCure(node: YamlNode): Cure {
    const written = node.kind === 'scalar' && node.value !== null ? sourceOf(node, this.suite.report.source) : undefined;
    return written === undefined ? { do: 'write a text' } : replacing(node, quoted(written));
  }

  private textsOf(node: YamlNode | undefined, key: string): void {
    for (const { name, value } of this.entries(node, key)) this.text(value, `${key}.${name}`);
  }

  private instant(node: YamlNode | undefined): void {
    const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
    if (node && readInstant(text) === undefined)
      this.refuse(node, 'now is a time in ISO 8601, in settings.timezone or with its offset', {
        do: 'write for instance 2026-01-05T09:00:00',
      });
  }

  private duration(node: YamlNode | undefined, key: string): void {
    if (node && !(node.kind === 'scalar' && typeof node.value === 'string' && parseDuration(node.value) !== undefined))
      this.refuse(node, `${key} is a duration`, { do: 'write one whole number and one unit: 500ms, 2s, 5m' });
  }

  private sample(node: YamlNode, schema: z.ZodType, what: string): void {
    const { report } = this.suite;
    checkSchema({ schema, node, what, at: node, report, texts: textsOf(report.source), sample: true, code: 'TEST_SHAPE' });
  }

  private refuse(node: YamlNode, message: string, cure: Cure): void {
    if (!(node.kind === 'scalar' && node.empty)) this.suite.report.error(node, 'TEST_SHAPE', message, cure);
  }
}

/** What to write in a map whose keys are names. */
const ENTRIES: Readonly<Record<string, string>> = {
  mocks: 'write the id of a step, and below it what the call returns: save: { output: {} }',
  calls: 'write the id of a step, and below it the input of its call: save: { method: Save }',
  steps: 'write the id of a step, and below it a part of its result: save: { number: A-1 }',
  env: 'write the name of a variable and its text: SHOP: north',
};

/** Returns the cure that writes the nearest of these texts, or names them. */
function nearestOf(node: YamlNode, texts: readonly string[]): Cure {
  const near = node.kind === 'scalar' ? nearest(String(node.value), texts) : undefined;
  return near === undefined ? { do: `write one of them, such as ${texts[0]}` } : replacing(node, scalarText(near), near);
}

/** Returns a function that tells whether a node is one of these texts. */
function oneOf(texts: readonly string[]): (node: YamlNode) => boolean {
  return (node) => node.kind === 'scalar' && texts.includes(String(node.value));
}
