import { parseDuration, type AnyPlugin } from '@sluice/plugin-api';
import { actionOf, triggerOf } from '../contracts.js';
import { checkSchema } from '../compile/schema-check.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { reportLater } from '../grammar/fields.js';
import { nearest } from '../nearest.js';
import { replacing } from '../report.js';
import type { Texts } from '../texts.js';
import { stepsOf, type StepDraft } from '../verbs/index.js';
import { entryOf, type MapEntry, type MapNode, type YamlNode } from '../yaml/nodes.js';
import type { ExpressionCheck } from './expressions.js';

const FATES: readonly unknown[] = ['retry', 'overload', 'unavailable', 'rejected', 'fatal'];
const OUTCOMES: readonly unknown[] = ['done', 'stopped', 'caught', 'parked', 'dropped', 'expired', 'duplicate', 'coalesced'];
const EVENT_KEYS = 'id source type subject time datacontenttype correlationid partitionkey traceparent data authid meta'.split(
  ' ',
);

/** Checks the structure of a flow's `tests`, and their samples against the schemas of the plugins. Does not run the tests. */
export function checkTests(
  flow: FlowDraft,
  plugins: ReadonlyMap<string, AnyPlugin>,
  texts: Texts,
  expressions: ExpressionCheck,
): void {
  const checker = new TestChecker(flow, plugins, texts, expressions);
  for (const test of flow.tests?.items ?? []) if (!flow.report.full) checker.check(test);
}

class TestChecker {
  private readonly steps: ReadonlyMap<string, StepDraft>;
  /** Steps inside of a step that this release cannot read. */
  private readonly hidden: ReadonlySet<string>;

  constructor(
    private readonly flow: FlowDraft,
    private readonly plugins: ReadonlyMap<string, AnyPlugin>,
    private readonly texts: Texts,
    private readonly expressions: ExpressionCheck,
  ) {
    const steps = [...stepsOf(flow)];
    this.steps = new Map(steps.map((step) => [step.id, step]));
    this.hidden = new Set(steps.flatMap((step) => (step.verb === 'unknown' ? step.inner : [])));
  }

  check(node: YamlNode): void {
    const test = this.map(node, 'a test', ['name', 'now', 'env', 'trigger', 'mocks', 'expect'], ['triggers']);
    if (!test) return;
    this.text(entryOf(test, 'name')?.value, 'name');
    this.instant(entryOf(test, 'now')?.value);
    this.textsOf(entryOf(test, 'env')?.value, 'env');
    const trigger = entryOf(test, 'trigger')?.value;
    if (trigger) this.trigger(trigger);
    for (const mock of this.entries(entryOf(test, 'mocks')?.value, 'mocks')) this.mocksOf(mock);
    const expect = entryOf(test, 'expect')?.value;
    if (expect) this.expect(expect);
  }

  private trigger(node: YamlNode): void {
    // `batch` belongs to deliver.batch of a later release, which is reported at its own place.
    const event = this.map(node, 'trigger of a test', this.flow.partial ? [...EVENT_KEYS, 'batch'] : EVENT_KEYS);
    const { trigger } = this.flow;
    const data = entryOf(event, 'data')?.value;
    const schema = trigger.kind === 'plugin' ? triggerOf(this.plugins.get(trigger.plugin), trigger.trigger)?.output : undefined;
    if (data && schema) this.sample(data, schema, 'data');
  }

  private mocksOf(entry: MapEntry): void {
    if (!this.stepExists(entry)) return;
    const step = this.steps.get(entry.name);
    for (const node of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
      const mock = this.map(node, 'a mock', ['output', 'error', 'when', 'times', 'after']);
      if (!mock) continue;
      const output = entryOf(mock, 'output');
      const error = entryOf(mock, 'error');
      if ((output === undefined) === (error === undefined)) this.refuse(mock, 'a mock has either "output" or "error"');
      if (error) this.error(error.value);
      const schema = step?.verb === 'use' ? actionOf(this.plugins.get(step.plugin), step.action)?.output : undefined;
      if (output && schema) this.sample(output.value, schema, 'output');
      const when = entryOf(mock, 'when')?.value;
      if (when?.kind === 'scalar') this.expressions.condition(when, { others: ['with'] });
      const times = entryOf(mock, 'times')?.value;
      if (times && !(times.kind === 'scalar' && Number.isInteger(times.value) && Number(times.value) > 0))
        this.refuse(times, 'times is a whole number from 1');
      this.duration(entryOf(mock, 'after')?.value, 'after');
    }
  }

  private error(node: YamlNode): void {
    if (node.kind === 'scalar') {
      if (!FATES.includes(node.value)) this.refuse(node, `error is a fate (${FATES.join(', ')}) or a map`);
      return;
    }
    const error = this.map(node, 'error of a mock', ['code', 'fate', 'message', 'details']);
    const fate = entryOf(error, 'fate')?.value;
    if (fate && !(fate.kind === 'scalar' && FATES.includes(fate.value))) this.refuse(fate, `fate is one of ${FATES.join(', ')}`);
  }

  private expect(node: YamlNode): void {
    const expect = this.map(node, 'expect', ['outcome', 'calls', 'events', 'reply', 'error', 'steps', 'took', 'that']);
    if (!expect) return;
    const outcome = entryOf(expect, 'outcome')?.value;
    if (outcome && !(outcome.kind === 'scalar' && OUTCOMES.includes(outcome.value)))
      this.refuse(outcome, `outcome is one of ${OUTCOMES.join(', ')}`);
    for (const call of this.entries(entryOf(expect, 'calls')?.value, 'calls')) {
      if (this.stepExists(call) && call.value.kind === 'scalar')
        this.refuse(call.value, 'expected calls are a map (one call) or a list (these calls)');
    }
    for (const step of this.entries(entryOf(expect, 'steps')?.value, 'steps')) this.stepExists(step);
    const events = entryOf(expect, 'events')?.value;
    if (events && events.kind !== 'list') this.refuse(events, 'events is a list: exactly these, in order');
    for (const name of ['reply', 'error']) this.entries(entryOf(expect, name)?.value, name);
    this.duration(entryOf(expect, 'took')?.value, 'took');
    const that = entryOf(expect, 'that')?.value;
    if (that && that.kind !== 'list') this.refuse(that, 'that is a list of conditions');
    for (const condition of that?.kind === 'list' ? that.items : []) {
      if (condition.kind === 'scalar')
        this.expressions.condition(condition, { others: ['outcome', 'calls', 'events', 'reply', 'steps', 'error'] });
      else this.refuse(condition, 'an entry of that is a condition');
    }
  }

  private stepExists({ name, key }: MapEntry): boolean {
    if (this.steps.has(name) || this.hidden.has(name)) return true;
    const near = nearest(name, this.steps.keys());
    this.flow.report.error(key, 'REF_STEP', `no step is called "${name}"`, near === undefined ? {} : replacing(key, near));
    return false;
  }

  private map(node: YamlNode, of: string, keys: readonly string[], later: readonly string[] = []): MapNode | undefined {
    if (node.kind !== 'map') {
      this.refuse(node, `${of} is a map`);
      return undefined;
    }
    for (const { name, key } of node.entries) {
      if (later.includes(name))
        reportLater(key, `"${name}" of ${of}`, this.flow.report, 'until then write one test for each event');
      else if (!keys.includes(name)) this.unknownKey(key, name, of, keys);
    }
    return node;
  }

  private unknownKey(at: YamlNode, name: string, of: string, keys: readonly string[]): void {
    const near = nearest(name, keys);
    const cure = near === undefined ? { do: `keys of ${of}: ${keys.join(', ')}` } : replacing(at, near);
    this.flow.report.error(at, 'TEST_SHAPE', `"${name}" is not a key of ${of}`, cure);
  }

  private entries(node: YamlNode | undefined, key: string): readonly MapEntry[] {
    if (node === undefined) return [];
    if (node.kind === 'map') return node.entries;
    this.refuse(node, `${key} is a map`);
    return [];
  }

  private text(node: YamlNode | undefined, key: string): void {
    if (node && !(node.kind === 'scalar' && typeof node.value === 'string')) this.refuse(node, `${key} is a text`);
  }

  private textsOf(node: YamlNode | undefined, key: string): void {
    for (const { name, value } of this.entries(node, key)) this.text(value, `${key}.${name}`);
  }

  private instant(node: YamlNode | undefined): void {
    if (node && !(node.kind === 'scalar' && typeof node.value === 'string' && !Number.isNaN(Date.parse(node.value))))
      this.refuse(node, 'now is a time in ISO 8601');
  }

  private duration(node: YamlNode | undefined, key: string): void {
    if (node && !(node.kind === 'scalar' && typeof node.value === 'string' && parseDuration(node.value) !== undefined))
      this.refuse(node, `${key} is a duration, such as 2s`);
  }

  private sample(node: YamlNode, schema: AnyPlugin['connection'], what: string): void {
    checkSchema({ schema, node, what, at: node, report: this.flow.report, texts: this.texts, sample: true, code: 'TEST_SHAPE' });
  }

  private refuse(node: YamlNode, message: string): void {
    if (!(node.kind === 'scalar' && node.empty)) this.flow.report.error(node, 'TEST_SHAPE', message);
  }
}
