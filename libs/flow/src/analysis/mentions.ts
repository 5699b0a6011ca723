import { typeMatches } from '@sluice/plugin-api';
import { flowsOf, type FlowFile } from '../compile/flow-files.js';
import { isTestFile, type TestFile } from '../compile/test-files.js';
import type { WorkspaceFile } from '../compile/workspace-file.js';
import { opensExpression, type ExpressionPart } from '../expression/index.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { valuesOfRun } from '../grammar/values-of.js';
import type { SourceFile } from '../model.js';
import { textsOf, type Texts } from '../texts.js';
import { stepsOf, type StepDraft } from '../verbs/index.js';
import { entryOf, scalarsOf, type ScalarNode, type YamlNode } from '../yaml/nodes.js';
import type { SourceText, Span } from '../yaml/source-text.js';
import { testsOf } from './analyse-file.js';

export type MentionKind = 'step' | 'constant' | 'connection' | 'event' | 'flow';

/** A place of a file that names a step, a constant, a connection, a type of events or a flow. */
export interface Mention extends Span {
  readonly kind: MentionKind;
  readonly name: string;
  /** Where the name is defined. Of an event type: a step that emits it. */
  readonly defines: boolean;
  readonly file: string;
  /** Name of the flow that the place belongs to. Ids of steps are known in their flow only. */
  readonly flow?: string;
}

/** One entry of `tests:`. */
export interface TestPlace extends Span {
  readonly flow: string;
  readonly name: string;
}

/** The names in one file. */
export interface FileMentions {
  readonly source: SourceText;
  readonly mentions: readonly Mention[];
  /** The flows that the file defines. */
  readonly flows: readonly FlowNames[];
  /** The documents of the file that belong to a flow: the flow itself, or tests of it. The span is that of its name. */
  readonly documents: readonly FlowDocument[];
  readonly tests: readonly TestPlace[];
  /** The reason why not every name in the file is known; absent when all are known. */
  readonly unread?: string;
}

export interface FlowDocument extends Span {
  readonly flow: string;
}

/** The names of one flow. */
export interface FlowNames {
  readonly name: string;
  /** True when the flow can be called by a `call` step. */
  readonly callable: boolean;
  readonly stepIds: readonly string[];
}

/** Returns all places that name something in a file with flows or tests. Reuses the last reading of the same file object. */
export function mentionsOf(file: SourceFile): FileMentions {
  return isTestFile(file) ? mentionsOfTests(testsOf(file)) : mentionsOfFlows(flowsOf(file));
}

function mentionsOfFlows({ flows, report, partial }: FlowFile): FileMentions {
  const collected = flows.map((flow) => {
    const collector = new Collector(flow.name, report.source);
    collector.flow(flow);
    return collector;
  });
  const names = flows.map((flow) => ({
    name: flow.name,
    callable: flow.trigger.kind === 'flow',
    stepIds: [...stepsOf(flow)].flatMap(({ id }) => (id === '' ? [] : [id])),
  }));
  const unread = partial ? 'a part of the file cannot be read' : undefined;
  const documents = flows.map(({ name, nameNode }) => ({ flow: name, ...contentOf(nameNode) }));
  return joined(report.source, collected, { flows: names, documents }, unread);
}

function mentionsOfTests({ documents, report }: TestFile): FileMentions {
  const collected = documents.map(({ flow, flowNode, tests }) => {
    const collector = new Collector(flow, report.source);
    collector.literal('flow', flowNode, false);
    collector.tests(tests);
    return collector;
  });
  const places = documents.map(({ flow, flowNode }) => ({ flow, ...contentOf(flowNode) }));
  return joined(
    report.source,
    collected,
    { flows: [], documents: places },
    report.hasErrors ? 'the test file has errors' : undefined,
  );
}

function joined(
  source: SourceText,
  collected: readonly Collector[],
  parts: Pick<FileMentions, 'flows' | 'documents'>,
  unreadFile: string | undefined,
): FileMentions {
  const unread = unreadFile ?? collected.map((one) => one.unread).find((reason) => reason !== undefined);
  return {
    source,
    ...parts,
    mentions: collected.flatMap(({ mentions }) => mentions).toSorted((a, b) => a.start - b.start),
    tests: collected.flatMap(({ testPlaces }) => testPlaces),
    ...(unread !== undefined && { unread: `${source.file}: ${unread}` }),
  };
}

/** Returns the places of sluice.yaml that name a connection or a constant. */
export function mentionsOfWorkspace({ draft, source }: WorkspaceFile): readonly Mention[] {
  const { file } = source;
  const texts = textsOf(source);
  const defined = [
    ...draft.connections.map(({ name, nameNode }) => ({ kind: 'connection' as const, name, node: nameNode })),
    ...(draft.vars?.entries ?? []).map(({ name, key }) => ({ kind: 'constant' as const, name, node: key })),
  ].map(({ kind, name, node }) => ({ kind, name, defines: true, file, ...contentOf(node) }));
  const values = [...draft.connections.map((connection) => connection.with), draft.vars].filter((node) => node !== undefined);
  const uses = values.flatMap((value) => scalarsOf(value)).flatMap((scalar) => readsOf(scalar, texts));
  return [...defined, ...uses.filter(({ kind }) => kind === 'constant').map((use) => ({ ...use, defines: false, file }))];
}

/** Returns whether two mentions name the same thing. A pattern of event types names each type that it matches. */
export function isSameThing(a: Mention, b: Mention): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'step') return a.name === b.name && a.flow === b.flow;
  if (a.kind !== 'event') return a.name === b.name;
  return a.name === b.name || typeMatches(a.name, b.name) || typeMatches(b.name, a.name);
}

interface Read extends Span {
  readonly kind: 'step' | 'constant';
  readonly name: string;
}

/** Returns the steps and constants that the expressions of a scalar read. Spans are those of the file. */
function readsOf(node: ScalarNode, texts: Texts): Read[] {
  return texts.expressions(node).flatMap((part) => [
    ...part.references.flatMap(({ path, spans, inner }) => {
      const [root, name] = path;
      const span = spans[1];
      if (inner || name === undefined || span === undefined || (root !== 'steps' && root !== 'vars')) return [];
      const kind = root === 'steps' ? ('step' as const) : ('constant' as const);
      return [{ kind, name, ...texts.span(node, span.start, span.end) }];
    }),
    ...comparedIds(part).map(({ name, start, end }) => ({ kind: 'step' as const, name, ...texts.span(node, start, end) })),
  ]);
}

/** Returns the texts that are compared with `error.step`: they are ids of steps too. Spans are those of the text, without the quotes. */
function comparedIds({
  tokens,
  sourceStart,
}: ExpressionPart): { readonly name: string; readonly start: number; readonly end: number }[] {
  return tokens.flatMap(({ kind, text, start, end }, at) => {
    if (kind !== 'string') return [];
    const before = tokens.slice(Math.max(0, at - 4), at).map((token) => token.text);
    const after = tokens.slice(at + 1, at + 5).map((token) => token.text);
    const isCompared = /^error\.step!?=$/.test(before.join('')) || /^!?=error\.step$/.test(after.join(''));
    return isCompared ? [{ name: text.slice(1, -1), start: sourceStart + start + 1, end: sourceStart + end - 1 }] : [];
  });
}

/** Collects the places of one document. */
class Collector {
  readonly mentions: Mention[] = [];
  readonly testPlaces: TestPlace[] = [];
  /** The first part whose names are not known. A use of a step that is not known makes a rename of the step wrong. */
  unread: string | undefined;
  private readonly texts: Texts;

  constructor(
    private readonly flowName: string,
    private readonly source: SourceText,
  ) {
    this.texts = textsOf(source);
  }

  flow(flow: FlowDraft): void {
    const { trigger, tests } = flow;
    this.add('flow', flow.name, true, contentOf(flow.nameNode));
    for (const { name, key } of flow.vars?.entries ?? []) this.add('constant', name, true, contentOf(key));
    if (trigger.kind === 'event') for (const type of trigger.types) this.literal('event', type, false);
    if (trigger.kind === 'plugin' && trigger.connection) this.literal('connection', trigger.connection, false);
    for (const step of stepsOf(flow)) this.step(step);
    const options = trigger.kind === 'plugin' ? trigger.with : undefined;
    for (const value of [...valuesOfRun(flow), flow.vars, options])
      if (value) for (const scalar of scalarsOf(value)) this.reads(scalar);
    if (tests) this.tests(tests.items);
  }

  tests(tests: readonly YamlNode[]): void {
    for (const test of tests) {
      for (const { name, key, value } of entriesOf(entryOf(test, 'mocks')?.value)) {
        this.add('step', name, false, contentOf(key));
        for (const mock of itemsOf(value)) this.condition(entryOf(mock, 'when')?.value);
      }
      this.expectation(entryOf(test, 'expect')?.value);
      for (const event of [entryOf(test, 'trigger')?.value, ...itemsOf(entryOf(test, 'triggers')?.value)]) this.event(event);
      const name = entryOf(test, 'name')?.value;
      const { start, end } = name ?? (test.kind === 'map' ? test.entries[0]?.key : undefined) ?? test;
      this.testPlaces.push({ flow: this.flowName, name: name?.kind === 'scalar' ? String(name.value) : '', start, end });
    }
  }

  literal(kind: MentionKind, node: YamlNode | undefined, defines: boolean): void {
    if (node?.kind === 'scalar' && typeof node.value === 'string' && !opensExpression(node.value))
      this.add(kind, node.value, defines, contentOf(node));
  }

  private step(step: StepDraft): void {
    if (step.id !== '') this.add('step', step.id, true, contentOf(step.idNode));
    if (step.verb === 'use') this.literal('connection', step.connection, false);
    if (step.verb === 'emit') this.literal('event', step.type, true);
    if (step.verb === 'call') this.literal('flow', step.flow, false);
    if (step.verb === 'unknown') this.unread ??= `step "${step.id}" has errors`;
  }

  private expectation(expect: YamlNode | undefined): void {
    const steps = [entryOf(expect, 'calls')?.value, ...itemsOf(entryOf(expect, 'steps')?.value)];
    for (const { name, key } of steps.flatMap(entriesOf)) this.add('step', name, false, contentOf(key));
    for (const error of itemsOf(entryOf(expect, 'error')?.value)) this.literal('step', entryOf(error, 'step')?.value, false);
    for (const event of itemsOf(entryOf(expect, 'events')?.value)) this.event(event);
    for (const condition of itemsOf(entryOf(expect, 'that')?.value)) this.condition(condition);
  }

  private event(event: YamlNode | undefined): void {
    this.literal('event', entryOf(event, 'type')?.value, false);
  }

  /** Adds what a condition of a test reads; `calls.<step>` as well. */
  private condition(node: YamlNode | undefined): void {
    if (node?.kind !== 'scalar') return;
    this.reads(node);
    for (const { references } of this.texts.expressions(node)) {
      for (const { path, spans, inner } of references) {
        const [root, name] = path;
        const span = spans[1];
        if (root === 'calls' && name !== undefined && span && !inner)
          this.add('step', name, false, this.texts.span(node, span.start, span.end));
      }
    }
  }

  private reads(node: ScalarNode): void {
    const text = this.texts.parse(node);
    if (text && (text.problems.length > 0 || this.texts.expressions(node).some(({ ast }) => ast === undefined)))
      this.unread ??= `the expression in line ${this.source.location(node.start).line} has errors`;
    for (const { kind, name, start, end } of readsOf(node, this.texts)) this.add(kind, name, false, { start, end });
  }

  private add(kind: MentionKind, name: string, defines: boolean, { start, end }: Span): void {
    this.mentions.push({ kind, name, defines, file: this.source.file, flow: this.flowName, start, end });
  }
}

function entriesOf(node: YamlNode | undefined) {
  return node?.kind === 'map' ? node.entries : [];
}

/** Returns the items of a list, or the only value in place of a list. */
function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  if (node === undefined) return [];
  return node.kind === 'list' ? node.items : [node];
}

/** Returns the span of a scalar without its quotes. */
function contentOf({ start, end, style }: ScalarNode): Span {
  return style === 'single' || style === 'double' ? { start: start + 1, end: end - 1 } : { start, end };
}
